/**
 * A table row as a reader can read it alone: `Header: cell; Header: cell.` The header's words are ours here (no offsets),
 * the cells are the document's.
 */
import type { TableBlock } from './extract/contract.ts';
import type { Piece } from './passage.ts';
import { cutLong } from './passages.cut.ts';
import type { TextRange } from './sentences.ts';

export interface TableUnit extends TextRange {
  readonly pieces: readonly Piece[];
  readonly tokens: number;
  readonly page: number | null;
}

const isEmpty = ({ start, end }: TextRange): boolean => start === end;

/** Rows in order, each a unit; a row over the limit is cut between cells and repeats its first cell. */
export function rowUnits(
  text: string,
  table: TableBlock,
  limit: number,
  countTokens: (text: string) => number,
): TableUnit[] {
  const page = table.page ?? null;
  const sliceOf = ({ start, end }: TextRange): Piece => ({ text: text.slice(start, end), start, end });
  const unit = (pieces: readonly Piece[], { start, end }: TextRange): TableUnit => ({
    pieces,
    tokens: countTokens(pieces.map((piece) => piece.text).join('')) + 1,
    start,
    end,
    page,
  });

  // A header alone is all there is to read.
  if (table.rows.length === 0) return [unit([sliceOf(table)], table)];

  return table.rows.flatMap((cells) => {
    const filled = cells.filter((cell) => !isEmpty(cell));
    const first = filled[0];
    const last = filled.at(-1);
    if (!first || !last) return [];

    if (table.header.length === 0) return verbatimRow(text, cells, limit, countTokens, unit);

    const labelled = cells.flatMap((cell, column): Piece[][] => {
      if (isEmpty(cell)) return [];
      const head = table.header[column];
      const label = head && !isEmpty(head) ? `${text.slice(head.start, head.end).replace(/:$/, '')}: ` : '';
      const parts = cutLong(text, cell, limit, countTokens);
      return parts.map((part) => (label === '' ? [sliceOf(part)] : [{ text: label }, sliceOf(part)]));
    });
    const whole = unit(sentence(labelled), { start: first.start, end: last.end });
    if (whole.tokens <= limit) return [whole];

    // Too wide: several parts, each with the row's first cell as its key (ours from the second part on).
    const key: Piece[] = [{ text: labelled[0]!.map((piece) => piece.text).join('') }];
    const keyTokens = countTokens(key[0]!.text);
    const repeats = keyTokens < limit / 3;
    const parts: Piece[][][] = [];
    let used = Number.POSITIVE_INFINITY;
    for (const cell of labelled) {
      const tokens = countTokens(cell.map((piece) => piece.text).join('')) + 2;
      if (used + tokens > limit) {
        parts.push(parts.length > 0 && repeats ? [key] : []);
        used = parts.length > 1 && repeats ? keyTokens : 0;
      }
      parts.at(-1)!.push(cell);
      used += tokens;
    }
    return parts.map((part) => {
      const ranges = part.flat().filter((piece) => piece.start !== undefined);
      return unit(sentence(part), { start: ranges[0]!.start!, end: ranges.at(-1)!.end! });
    });
  });
}

const endsInWord = (text: string): boolean => /[\p{L}\p{N}\p{Sc}]$/u.test(text);

/**
 * Cells joined by `; `, ended by a full stop. Behind `98%` or `(max)` a space keeps the `;` away and the stop is left out:
 * a tokenizer makes one token of `%.` and `);`, half the document's and half ours, and the cell could not be quoted.
 */
function sentence(cells: readonly (readonly Piece[])[]): Piece[] {
  const pieces: Piece[] = [];
  for (const cell of cells) {
    const before = pieces.at(-1);
    if (before) pieces.push({ text: endsInWord(before.text) ? '; ' : ' ; ' });
    pieces.push(...cell);
  }
  return endsInWord(pieces.at(-1)?.text ?? '') ? [...pieces, { text: '.' }] : pieces;
}

/** A row of a table without a header stands as in the text, ` | ` between its cells. */
function verbatimRow(
  text: string,
  cells: readonly TextRange[],
  limit: number,
  countTokens: (text: string) => number,
  unit: (pieces: readonly Piece[], range: TextRange) => TableUnit,
): TableUnit[] {
  const groups: { start: number; end: number }[] = [];
  for (const cell of cells.flatMap((whole) => cutLong(text, whole, limit, countTokens))) {
    if (isEmpty(cell)) continue;
    const group = groups.at(-1);
    if (group && countTokens(text.slice(group.start, cell.end)) <= limit) group.end = cell.end;
    else groups.push({ ...cell });
  }
  return groups.map((group) => unit([{ text: text.slice(group.start, group.end), ...group }], group));
}
