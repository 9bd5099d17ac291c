/** CSV and TSV: which delimiter, whether there is a header, one table. */
import { parse } from 'csv-parse/sync';
import { DocentError, reasonOf } from '../../errors.ts';
import { createTextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { decodeText } from './encoding.ts';
import { appendGrid } from './grid.ts';
import { maxRows } from './limits.ts';

const delimiters = [',', ';', '\t', '|'] as const;
/** Rows that are looked at to find the delimiter. */
const sampleRows = 50;

function rowsOf(text: string, delimiter: string, limit: number): string[][] {
  return parse(text, {
    delimiter,
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: false,
    to: limit,
  });
}

/** The delimiter that cuts the first rows into the most columns of equal number. */
export function findDelimiter(text: string): string {
  const head = text.slice(0, 64 * 1024);
  let best = { delimiter: ',', score: 0 };
  for (const delimiter of delimiters) {
    let rows: string[][];
    try {
      rows = rowsOf(head, delimiter, sampleRows).filter((row) => row.some((cell) => cell.trim() !== ''));
    } catch {
      continue;
    }
    const counts = new Map<number, number>();
    for (const row of rows) counts.set(row.length, (counts.get(row.length) ?? 0) + 1);
    const [columns, times] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [1, 0];
    // One column is no evidence; agreement counts more than width, since commas stand in prose and numbers too.
    const score = columns < 2 ? 0 : (times / rows.length) ** 2 * Math.log2(columns + 1);
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

export const csv: Extractor = {
  format: 'csv',
  async extract({ bytes, name }) {
    const { text, warnings } = decodeText(bytes, name);
    const builder = createTextBuilder();
    for (const line of warnings) builder.warn(line);
    // Excel writes this first line to say which delimiter follows.
    const stated = /^\ufeff?sep=(.)\r?\n/i.exec(text);
    const body = stated ? text.slice(stated[0].length) : text;
    let rows: string[][];
    try {
      rows = rowsOf(body, stated?.[1] ?? findDelimiter(body), maxRows + 1);
    } catch (error) {
      throw new DocentError('FILE_DAMAGED', { name, reason: reasonOf(error) });
    }
    appendGrid(builder, rows, { assumeHeader: true });
    return builder.build();
  },
};
