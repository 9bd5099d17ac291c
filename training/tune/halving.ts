/**
 * Successive halving (Jamieson and Talwalkar 2016, https://arxiv.org/abs/1502.07943): many settings for a few tokens, the
 * better ones for more. An offline tool.
 */
import { join } from 'node:path';
import { runTraining } from '../engine/run.ts';
import type { RunSettings } from '../engine/settings.ts';

export interface Candidate {
  /** For people: `rate 3e-4`. */
  readonly name: string;
  readonly changes: Partial<RunSettings>;
}

export interface Rung {
  readonly tokens: number;
  /** Best first. */
  readonly scores: readonly { readonly name: string; readonly dev: number }[];
}

export interface HalvingResult {
  readonly best: Candidate;
  readonly rungs: readonly Rung[];
  readonly source: string;
}

/**
 * @param settings has a dev file; `tokens` is what the last rung spends on each of its candidates.
 * @param keep the share that goes on, 1 / keep of each rung: 2 or 3.
 */
export async function successiveHalving(
  settings: RunSettings,
  candidates: readonly Candidate[],
  keep = 2,
  onRung: (rung: Rung) => void = () => undefined,
): Promise<HalvingResult> {
  if (settings.dev === null) throw new Error('successive halving needs examples to score on: set dev');
  const rungCount = Math.max(1, Math.ceil(Math.log(candidates.length) / Math.log(keep)));
  const rungs: Rung[] = [];
  let left = candidates;
  for (let rung = 0; rung < rungCount; rung += 1) {
    const tokens = Math.round(settings.tokens / keep ** (rungCount - 1 - rung));
    const scores: { candidate: Candidate; dev: number }[] = [];
    for (const candidate of left) {
      const output = join(settings.output, `rung-${rung}`, candidate.name.replace(/\W+/g, '-'));
      const { progress } = await runTraining({ ...settings, ...candidate.changes, tokens, output }, () => undefined);
      scores.push({ candidate, dev: progress.bestDev ?? Number.POSITIVE_INFINITY });
    }
    scores.sort((a, b) => a.dev - b.dev);
    rungs.push({ tokens, scores: scores.map(({ candidate, dev }) => ({ name: candidate.name, dev })) });
    onRung(rungs.at(-1)!);
    left = scores.slice(0, Math.max(1, Math.floor(scores.length / keep))).map(({ candidate }) => candidate);
  }
  const [best] = left as [Candidate];
  const last = rungs.at(-1)!;
  return {
    best,
    rungs,
    source: `successive halving of ${candidates.length}: ${best.name}, dev ${last.scores[0]!.dev.toFixed(4)}`,
  };
}
