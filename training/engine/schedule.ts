/** Learning rates by tokens seen, never by seconds: a slow machine must learn what a fast one does. */

export interface Schedule {
  readonly kind: 'cosine' | 'constant';
  /** The highest rate. */
  readonly rate: number;
  /** Share of all tokens over which the rate grows from zero. */
  readonly warmup: number;
  /** The last rate, as a share of the highest. */
  readonly floor: number;
}

/** @param progress tokens seen, as a share of all, before this step. @param step tokens of this step, likewise. */
export function rateAt({ kind, rate, warmup, floor }: Schedule, progress: number, step: number): number {
  // The first step would have a rate of zero otherwise.
  const rising = warmup > 0 ? Math.min(1, (progress + step) / warmup) : 1;
  if (kind === 'constant') return rate * rising;
  const done = Math.min(1, Math.max(0, (progress - warmup) / Math.max(1e-9, 1 - warmup)));
  return rate * rising * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * done))) / 2);
}
