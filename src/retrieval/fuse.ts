/**
 * One ranking of two: the sum of what the lexical search says (the share of the best possible BM25, 0–1) and of the
 * cosine. Unlike ranks, both are comparable between questions: a question with hardly a word in common is decided by the
 * cosine, one with a rare word by that. Weights and other rules that were tried: docs/log.md, 2026-11-25.
 */
import type { LexicalHit } from './lexical.ts';

export interface RankedPassage {
  readonly id: string;
  readonly score: number;
}

/** All passages, best first. @param cosines of all passages, or null where there are none: then the lexical order stays. */
export function fuse(
  lexical: readonly LexicalHit[],
  cosines: ReadonlyMap<string, number> | null,
): readonly RankedPassage[] {
  const scores = new Map(lexical.map(({ passageId, share }) => [passageId, share]));
  for (const [id, cosine] of cosines ?? []) scores.set(id, (scores.get(id) ?? 0) + cosine);
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}
