/**
 * What all table-bearing formats share: rows of equal length, and whether the first row is a header where the format
 * doesn't say.
 */

type Rows = readonly (readonly string[])[];

/** A value rather than a name: a number, amount, percentage, date or time. */
export const looksLikeValue = (cell: string): boolean =>
  /^[([]?[<>≤≥~≈±+−-]?\s*(?:[€$£¥]|[A-Z]{3}\s)?\s*\d[\d\s.,:/'’–-]*\s*(?:[%‰€$£¥°)\]]|[a-zA-Z]{1,5}\b\.?(?:\/[a-zA-Z]+)?)?\s*[)\]]?$/.test(
    cell,
  ) || /^\d{4}-\d{2}-\d{2}/.test(cell);

/** Longest text of a column header; longer first rows are content. */
const maxHeaderCharacters = 60;

/** Same number of cells in every row, empty rows and empty trailing columns dropped. */
export function rectangular(rows: Rows): string[][] {
  const kept = rows.map((row) => row.map((cell) => cell.trim())).filter((row) => row.some((cell) => cell !== ''));
  const width = kept.reduce((most, row) => Math.max(most, row.findLastIndex((cell) => cell !== '') + 1), 0);
  return kept.map((row) => Array.from({ length: width }, (_, column) => row[column] ?? ''));
}

/**
 * Tells the header from the body where nothing marks it. A first row is a header when its cells are short, all there,
 * all different and no values; two columns of plain words need a column of values below, since `Name | Anna` over
 * `Role | Director` is a list of properties.
 */
export function splitHeader(rows: readonly string[][]): { header: string[]; rows: string[][] } {
  const [first, ...body] = rows;
  const none = { header: [], rows: [...rows] };
  if (!first || body.length === 0 || first.length < 2) return none;
  // The corner cell of a row × column table is often left empty.
  const names = first[0] === '' && first.length > 2 ? first.slice(1) : first;
  const nameLike = names.every((cell) => cell !== '' && cell.length <= maxHeaderCharacters && !/[.;]$/.test(cell));
  const distinct = new Set(names.map((cell) => cell.toLowerCase())).size === names.length;
  // Years head columns ("2023 | 2024"), other values don't.
  const valued = names.some((cell) => looksLikeValue(cell) && !/^(19|20)\d\d$/.test(cell));
  if (!nameLike || !distinct || valued) return none;
  const columnOfValues = first.some((_, column) => {
    const filled = body.map((row) => row[column] ?? '').filter((cell) => cell !== '');
    return filled.length > 0 && filled.filter(looksLikeValue).length >= filled.length * 0.6;
  });
  return first.length > 2 || columnOfValues ? { header: first, rows: body } : none;
}
