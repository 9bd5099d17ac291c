/**
 * A sheet or CSV file as people lay it out: a title line, a table, an empty row, another table, a note below. Knows rows
 * of cells; where they come from is the caller's.
 */
import type { TextBuilder } from './builder.ts';
import { maxRows } from './limits.ts';
import { looksLikeValue, rectangular, splitHeader } from './tables.ts';

interface GridOptions {
  /** What the sheet is called. */
  readonly name?: string;
  /** By convention the first row is a header (CSV), unless it clearly isn't. */
  readonly assumeHeader?: boolean;
  readonly page?: number;
}

const filledCells = (row: readonly string[]): string[] => row.filter((cell) => cell.trim() !== '');

/** A row that says something about the table instead of belonging to it. */
const isRemark = (row: readonly string[]): boolean => filledCells(row).length === 1;
/** A lone cell below a table is a remark when it is a sentence; `Total` alone is a row with gaps. */
const isNote = (row: readonly string[]): boolean =>
  isRemark(row) && filledCells(row)[0]!.trim().split(/\s+/).length > 3;

function regionsOf(rows: readonly (readonly string[])[]): (readonly string[])[][] {
  const regions: (readonly string[])[][] = [[]];
  for (const row of rows) {
    if (filledCells(row).length > 0) regions.at(-1)!.push(row);
    else if (regions.at(-1)!.length > 0) regions.push([]);
  }
  return regions.filter((region) => region.length > 0);
}

function headerOf(rows: readonly string[][], assumeHeader: boolean): { header: string[]; rows: string[][] } {
  const split = splitHeader(rows);
  const [first, ...rest] = rows;
  if (split.header.length > 0 || !assumeHeader || !first || rest.length === 0) return split;
  const names = first.filter((cell) => cell !== '');
  const fits = names.length >= first.length - 1 && new Set(names).size === names.length && !names.some(looksLikeValue);
  return fits ? { header: [...first], rows: rest } : split;
}

/** Adds the tables and remarks of one grid. */
export function appendGrid(
  builder: TextBuilder,
  rows: readonly (readonly string[])[],
  options: GridOptions = {},
): void {
  const { name, page, assumeHeader = false } = options;
  if (rows.length > maxRows) builder.warn(`Only the first ${maxRows.toLocaleString('en')} rows were read`);
  let previous: { header: readonly string[]; width: number } | null = null;
  for (const region of regionsOf(rows.slice(0, maxRows))) {
    const wide = region.some((row) => filledCells(row).length > 1);
    let from = 0;
    let to = region.length;
    if (wide) {
      while (from < to && isRemark(region[from]!)) from++;
      while (to > from && isNote(region[to - 1]!)) to--;
    } else from = to;
    for (const row of region.slice(0, from)) builder.paragraph(filledCells(row)[0]!, page);
    if (to > from) {
      const cells = rectangular(region.slice(from, to));
      const width = cells[0]?.length ?? 0;
      let table = headerOf(cells, assumeHeader && previous === null);
      // The same columns after an empty row: the table goes on.
      if (table.header.length === 0 && previous !== null && previous.header.length === width)
        table = { header: [...previous.header], rows: cells };
      else previous = { header: table.header, width };
      builder.table({ ...table, ...(name === undefined ? {} : { name }), ...(page === undefined ? {} : { page }) });
    }
    for (const row of region.slice(Math.max(from, to))) builder.paragraph(filledCells(row)[0]!, page);
  }
}
