/** Where a passage says words that somebody typed. Case, spaces and a closing mark don't count. */
import type { Piece } from './passage.ts';

const loose = (words: string): string =>
  words
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[.!]+$/, '');

/** The words in any case and spacing, as a pattern of JavaScript and of PostgreSQL; null = there are none. */
export const saidPattern = (words: string): string | null =>
  loose(words)
    .split(' ')
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('\\s+') || null;

/** @returns [start, end) in the document; null where the passage doesn't say them as whole words. */
export function saidAt(pieces: readonly Piece[], words: string): readonly [number, number] | null {
  const inside = saidPattern(words);
  if (inside === null) return null;
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${inside}(?![\\p{L}\\p{N}])`, 'iu');
  for (const { text, start } of pieces) {
    const match = start === undefined ? null : pattern.exec(text);
    if (match && start !== undefined) return [start + match.index, start + match.index + match[0].length];
  }
  return null;
}
