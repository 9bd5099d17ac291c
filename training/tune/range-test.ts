/**
 * Learning-rate range test (Smith 2017, https://arxiv.org/abs/1506.01186): the rate rises exponentially over a short run,
 * and the loss says where it stops to help. An offline tool: short runs take their rate from table.ts.
 */
import type { TrainingEvent } from '../engine/events.ts';
import { runTraining } from '../engine/run.ts';
import type { RunSettings } from '../engine/settings.ts';

export interface RangePoint {
  readonly rate: number;
  readonly loss: number;
  /** Exponential mean of the losses so far, corrected for its start. */
  readonly smooth: number;
}

export interface RangeResult {
  readonly points: readonly RangePoint[];
  readonly rate: number;
  /** One line: where the rate comes from. */
  readonly source: string;
}

const smoothing = 0.8;
/** A loss this far above the best one is taken for divergence. */
const diverged = 1.5;
/** The best rate lies well below the one where the smoothed loss is lowest, which still carries earlier, smaller rates. */
const backOff = 3;

/** @param losses in the order of the rates. @throws Error when there are none. */
export function chooseRate(losses: readonly { readonly rate: number; readonly loss: number }[]): RangeResult {
  const points: RangePoint[] = [];
  let mean = 0;
  let best = Number.POSITIVE_INFINITY;
  for (const [i, { rate, loss }] of losses.entries()) {
    if (!Number.isFinite(loss)) break;
    mean = smoothing * mean + (1 - smoothing) * loss;
    const smooth = mean / (1 - smoothing ** (i + 1));
    if (smooth > diverged * best) break;
    best = Math.min(best, smooth);
    points.push({ rate, loss, smooth });
  }
  const lowest = points.reduce<RangePoint | null>((a, b) => (a && a.smooth <= b.smooth ? a : b), null);
  if (!lowest) throw new Error('the range test saw no finite loss; lower its first rate');
  const rate = Number((lowest.rate / backOff).toPrecision(2));
  const source = `range test: loss lowest (${lowest.smooth.toFixed(3)}) at ${lowest.rate.toExponential(1)}, a third of it`;
  return { points, rate, source };
}

/** Runs `settings` with its rate rising from `from` to `to`. Its output folder is the test's own. */
export async function rangeTest(settings: RunSettings, from: number, to: number): Promise<RangeResult> {
  const losses: { rate: number; loss: number }[] = [];
  const schedule = { kind: 'exponential', rate: to, warmup: 0, floor: from / to } as const;
  await runTraining({ ...settings, dev: null, schedule }, (event: TrainingEvent) => {
    if (event.type === 'step') losses.push({ rate: event.rate, loss: event.loss });
  });
  return chooseRate(losses);
}
