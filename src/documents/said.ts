/** Where a passage says words that somebody typed. Case, spaces and a closing mark don't count. */
import type { Piece } from './passage.ts';

const loose = (words: string): string =>
  words
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[.!]+$/, '');

/** @returns [start, end) in the document; null where the passage doesn't say them as whole words. */
export function saidAt(pieces: readonly Piece[], words: string): readonly [number, number] | null {
  const wanted = loose(words);
  if (wanted === '') return null;
  const inside = wanted
    .split(' ')
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('\\s+');
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${inside}(?![\\p{L}\\p{N}])`, 'iu');
  for (const { text, start } of pieces) {
    const match = start === undefined ? null : pattern.exec(text);
    if (match && start !== undefined) return [start + match.index, start + match.index + match[0].length];
  }
  return null;
}
