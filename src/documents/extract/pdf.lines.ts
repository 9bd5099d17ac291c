/**
 * From the words that a PDF places on a page to lines and tables. A PDF has neither: only strings with positions, in the
 * order in which they were painted, which is the reading order in what Word, browsers and TeX write. Geometry only; what
 * a line means is pdf.blocks.ts.
 */

/** A string on the page, y upwards, in points. */
export interface Fragment {
  readonly text: string;
  readonly x0: number;
  readonly x1: number;
  readonly y: number;
  readonly size: number;
  readonly bold: boolean;
}

export interface Line extends Fragment {
  readonly kind: 'line';
  readonly page: number;
}

export interface Table {
  readonly kind: 'table';
  readonly page: number;
  readonly rows: readonly (readonly string[])[];
  /** The first row is set in bold and the second isn't. */
  readonly boldHeader: boolean;
  readonly x0: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * Gap in ems from which on two strings of a line may be cells rather than words. Low, since narrow columns leave little
 * and what turns out to be no table is joined again.
 */
const cellGap = 0.5;
/** The bullet or number of a list item, painted on its own. */
const marker = /^\s*(?:[•‣▪●○◦■□–—*·-]|\uf0b7|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s*$/;
/** Its text stands this many ems away at most. */
const markerGap = 4;
/** Gap in ems from which on there is a space between two strings. */
const spaceGap = 0.15;
/** Lines that a cell may have. */
const maxCellLines = 8;
/** Baselines closer than this many ems are one line (superscripts, mixed fonts). */
const sameBaseline = 0.45;

/** Joins strings that stand side by side. `spaceBefore` tells that blank strings were painted before an item. */
export function joinWords(items: readonly (Fragment & { readonly spaceBefore: boolean })[]): Fragment[] {
  const fragments: Fragment[] = [];
  for (const item of items) {
    const last = fragments.at(-1);
    const size = Math.max(item.size, last?.size ?? 0);
    const gap = last ? item.x0 - last.x1 : 0;
    const reach = last && marker.test(last.text) ? markerGap : cellGap;
    const together = last && Math.abs(item.y - last.y) < sameBaseline * size && gap < reach * size && gap > -0.6 * size;
    if (!together) {
      fragments.push({ text: item.text, x0: item.x0, x1: item.x1, y: item.y, size: item.size, bold: item.bold });
      continue;
    }
    const space = (item.spaceBefore || gap > spaceGap * size) && !/\s$/.test(last.text) && !/^\s/.test(item.text);
    // The longer string says how the line is set.
    const main = last.text.length >= item.text.length ? last : item;
    fragments[fragments.length - 1] = {
      text: `${last.text}${space ? ' ' : ''}${item.text}`,
      x0: Math.min(last.x0, item.x0),
      x1: Math.max(last.x1, item.x1),
      y: main.y,
      size: main.size,
      bold: last.bold && item.bold,
    };
  }
  return fragments;
}

interface Cell {
  readonly parts: Fragment[];
}
type Row = Cell[];

const left = (cell: Cell): number => Math.min(...cell.parts.map((part) => part.x0));
const right = (cell: Cell): number => Math.max(...cell.parts.map((part) => part.x1));
const top = (cell: Cell): number => cell.parts[0]!.y;

/**
 * Strings in painting order as rows of cells: to the right of the last one is the next cell, below it and overlapping
 * goes on in the same cell, anything else begins a row.
 */
function rowsOf(fragments: readonly Fragment[]): Row[] {
  const rows: Row[] = [];
  for (const fragment of fragments) {
    const row = rows.at(-1);
    const cell = row?.at(-1);
    const last = cell?.parts.at(-1);
    if (!row || !cell || !last) {
      rows.push([{ parts: [fragment] }]);
      continue;
    }
    const em = Math.max(fragment.size, last.size);
    const rise = fragment.y - last.y;
    // A heading above, taken for the cell's first line so far, may reach over several columns.
    const level = { parts: cell.parts.filter((part) => part.y <= fragment.y + em) };
    const edge = level.parts.length > 0 ? right(level) : right(cell);
    const beside = fragment.x0 > edge + 0.3 * em && rise > -0.8 * em && rise < maxCellLines * 1.5 * em;
    const overlaps = fragment.x0 < right(cell) && fragment.x1 > left(cell);
    const under = row.length > 1 && rise < -0.6 * em && rise > -1.7 * em && overlaps && fragment.x0 > left(cell) - em;
    if (beside) {
      // Lines above the new cell's first one belong to what came before the table.
      const above = row.length === 1 ? cell.parts.filter((part) => part.y > fragment.y + em) : [];
      if (above.length > 0 && above.length < cell.parts.length) {
        const rest = cell.parts.filter((part) => !above.includes(part));
        rows.splice(-1, 1, [{ parts: above }], [{ parts: rest }, { parts: [fragment] }]);
      } else row.push({ parts: [fragment] });
    } else if (under) cell.parts.push(fragment);
    else if (row.length === 1 && rise < -0.6 * em && rise > -1.7 * em && Math.abs(fragment.x0 - left(cell)) < 3 * em) {
      // Perhaps a first cell of several lines, perhaps prose: `unfold` takes it apart again when no cell follows.
      cell.parts.push(fragment);
    } else rows.push([{ parts: [fragment] }]);
  }
  return rows.flatMap(unfold);
}

/** Prose gathered as one long cell becomes a row a line. */
const unfold = (row: Row): Row[] => (row.length > 1 ? [row] : row[0]!.parts.map((part) => [{ parts: [part] }]));

interface Column {
  x0: number;
  x1: number;
}

/** The columns that these rows agree on, or null when two cells of a row would share one. */
function columnsOf(rows: readonly Row[]): Column[] | null {
  const spans = rows
    .flatMap((row) => row.map((cell) => ({ x0: left(cell), x1: right(cell) })))
    .sort((a, b) => a.x0 - b.x0);
  const columns: Column[] = [];
  for (const span of spans) {
    const last = columns.at(-1);
    if (last && span.x0 < last.x1) last.x1 = Math.max(last.x1, span.x1);
    else columns.push({ ...span });
  }
  const distinct = rows.every((row) => new Set(row.map((cell) => columnAt(columns, cell))).size === row.length);
  return columns.length >= 2 && distinct ? columns : null;
}

const columnAt = (columns: readonly Column[], cell: Cell): number =>
  columns.findIndex((column) => left(cell) < column.x1 && right(cell) > column.x0);

const cellText = (cell: Cell): string => cell.parts.map((part) => part.text.trim()).join(' ');

/** How far below a row the next one may begin, in lines of the larger of the two. */
const maxRowGap = 3.5;

const bottom = (row: Row): number => Math.min(...row.flatMap((cell) => cell.parts.map((part) => part.y)));
const em = (row: Row): number => Math.max(...row.flatMap((cell) => cell.parts.map((part) => part.size)));

/** The longest run of rows from `from` on that agree on columns; its end. */
function tableEnd(rows: readonly Row[], from: number): number {
  let end = from + 1;
  let taken: Row[] = [rows[from]!];
  for (let at = from + 1; at < rows.length; at++) {
    const row = rows[at]!;
    const above = rows[at - 1]!;
    const gap = bottom(above) - Math.max(...row.map(top));
    if (gap < 0 || gap > maxRowGap * Math.max(em(row), em(above))) break;
    const tried = [...taken, row];
    if (!columnsOf(tried)) break;
    taken = tried;
    // A row of one cell belongs to the table only when another full row follows.
    if (row.length > 1) end = at + 1;
    else if (at - end > 1) break;
  }
  return end;
}

/** A row that belongs to no table: what stands on one baseline is one line. */
function plainLines(row: Row): Fragment[] {
  const lines: Fragment[] = [];
  for (const part of row.flatMap((cell) => cell.parts)) {
    const last = lines.at(-1);
    if (last && Math.abs(last.y - part.y) < sameBaseline * part.size)
      lines[lines.length - 1] = {
        ...last,
        text: `${last.text} ${part.text}`,
        x1: part.x1,
        bold: last.bold && part.bold,
      };
    else lines.push(part);
  }
  return lines;
}

/** Lines and tables of a page in reading order. */
export function linesOf(fragments: readonly Fragment[], page: number): (Line | Table)[] {
  const rows = rowsOf(fragments);
  const out: (Line | Table)[] = [];
  for (let at = 0; at < rows.length; ) {
    const row = rows[at]!;
    const end = row.length > 1 ? tableEnd(rows, at) : at + 1;
    const run = rows.slice(at, end);
    const columns = run.filter((candidate) => candidate.length > 1).length >= 2 ? columnsOf(run) : null;
    if (columns) {
      const isBold = (candidate: Row | undefined): boolean =>
        candidate?.every((cell) => cell.parts.every((part) => part.bold)) ?? false;
      out.push({
        kind: 'table',
        page,
        rows: run.map((cells) => {
          const texts = columns.map(() => '');
          for (const cell of cells) texts[columnAt(columns, cell)] = cellText(cell);
          return texts;
        }),
        boldHeader: isBold(run[0]) && !isBold(run[1]),
        x0: columns[0]!.x0,
        top: Math.max(...run[0]!.map(top)),
        bottom: bottom(run.at(-1)!),
      });
      at = end;
      continue;
    }
    out.push(...plainLines(row).map((line): Line => ({ kind: 'line', page, ...line })));
    at++;
  }
  return out;
}
