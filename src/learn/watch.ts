/**
 * Whether people dislike a new adapter's answers more than its predecessor's, beyond luck: the one-sided binomial test of
 * its 👎 against the share that the predecessor had. Knows counts only.
 */

export interface Votes {
  /** Answers given, with or without a vote. */
  readonly answers: number;
  /** Of them, those with a 👎. */
  readonly down: number;
}

/** Fewer answers are never a reason to go back by itself. */
export const leastAnswers = 50;
const significance = 0.01;

/** P(X ≥ k) of n draws with probability p each. Sums in logarithms: n may be thousands. */
export function upperTail(n: number, k: number, p: number): number {
  if (k <= 0) return 1;
  let logTerm = n * Math.log1p(-p);
  let tail = 0;
  for (let x = 0; x <= n; x += 1) {
    if (x >= k) tail += Math.exp(logTerm);
    logTerm += Math.log((n - x) / (x + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return Math.min(1, tail);
}

/** @param before the predecessor's; its share is taken a little towards ½, so that none at all is not taken for never. */
export function isDisliked(now: Votes, before: Votes): boolean {
  if (now.answers < leastAnswers) return false;
  const share = (before.down + 1) / (before.answers + 2);
  return now.down / now.answers > share && upperTail(now.answers, now.down, share) < significance;
}
