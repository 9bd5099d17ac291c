/** Where to cut what is too long to stand whole: a sentence of a page, a cell of a novel. */
import type { TextRange } from './sentences.ts';

/** Halves a stretch until its parts have at most `limit` tokens: after sentences, else clauses, else words, else anywhere but inside a character. */
export function cutLong(
  text: string,
  range: TextRange,
  limit: number,
  countTokens: (text: string) => number,
): TextRange[] {
  const tokens = countTokens(text.slice(range.start, range.end));
  if (tokens <= limit) return [range];
  const length = range.end - range.start;
  if (length < 2) return [range];
  const middle = range.start + Math.floor(length / 2);
  const from = range.start + Math.floor(length / 4);
  const to = range.start + Math.ceil((length * 3) / 4);
  let cut = -1;
  for (const mark of [/[.!?]\s/g, /[;:]\s/g, /,\s/g, /\s/g]) {
    for (const match of text.slice(from, to).matchAll(mark)) {
      const at = from + match.index + match[0].length;
      if (cut < 0 || Math.abs(at - middle) < Math.abs(cut - middle)) cut = at;
    }
    if (cut > 0) break;
  }
  if (cut <= range.start || cut >= range.end) {
    // Between the halves of a surrogate pair there is no place to cut.
    const low = text.charCodeAt(middle) >= 0xdc00 && text.charCodeAt(middle) <= 0xdfff;
    cut = low ? middle + 1 : middle;
    if (cut >= range.end) return [range];
  }
  return [
    ...cutLong(text, { start: range.start, end: cut }, limit, countTokens),
    ...cutLong(text, { start: cut, end: range.end }, limit, countTokens),
  ];
}
