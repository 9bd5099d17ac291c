/** Tables that a page break has cut in two. */
import type { Line, Table } from './pdf.lines.ts';

/** Left edges closer than this are the same, in points. */
const sameEdge = 3;

const sameRow = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a !== undefined && b !== undefined && a.every((cell, column) => cell.trim() === b[column]?.trim());

/** Whether `next`, first on its page, goes on where `table`, last on `page`, was cut. */
function goesOn(table: Table, page: number, next: Table): boolean {
  const alike =
    next.page === page + 1 && next.rows[0]?.length === table.rows[0]?.length && Math.abs(next.x0 - table.x0) < sameEdge;
  // A header of its own begins another table, unless it is the same one printed again.
  return alike && (!next.boldHeader || sameRow(next.rows[0], table.rows[0]));
}

/** @param content of all pages in reading order, without headers and footers. */
export function joinCutTables(content: readonly (Line | Table)[]): (Line | Table)[] {
  const joined: (Line | Table)[] = [];
  /** Where the last one ends; its own page is the one where it begins. */
  let page = 0;
  for (const next of content) {
    const last = joined.at(-1);
    if (next.kind === 'table' && last?.kind === 'table' && goesOn(last, page, next)) {
      const rows = sameRow(next.rows[0], last.rows[0]) ? next.rows.slice(1) : next.rows;
      joined[joined.length - 1] = { ...last, rows: [...last.rows, ...rows], bottom: next.bottom };
    } else joined.push(next);
    page = next.page;
  }
  return joined;
}
