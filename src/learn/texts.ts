/** What is said of runs to people; names no document. */
import type { KnownRun } from './run-rows.ts';

/** A share in points with its sign: 0.031 → `+3.1`. */
export const signedPoints = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)}`;

/** In one line. */
export function describeRun(run: KnownRun | null): string {
  if (!run) return 'not begun yet.';
  const { state, progress, reason, decision, endedAt, result } = run;
  if (state === 'waiting' || state === 'running')
    return `${progress?.line ?? 'about to begin'}${progress ? ` (${Math.round(progress.share * 100)} %)` : ''}.`;
  if (state !== 'done') return `the last run ended without a result${reason ? ` (${reason})` : ''}.`;
  const when = endedAt?.toISOString().slice(0, 10);
  const serving = decision === 'promoted' ? result?.candidate : result?.champion;
  return [
    `last run ${when}, ${decision === 'promoted' ? 'live' : 'what served before stays'}.`,
    ...(reason ? [reason] : []),
    ...(serving ? [`F1 on questions that it had not learned: ${serving.f1.toFixed(2)}.`] : []),
  ].join(' ');
}
