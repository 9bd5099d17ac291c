/** The order in which examples are seen: a pure function of seed and epoch, so that a resumed run goes on exactly. */
import { randomNumbers } from '../../src/inference/checkpoint/random.ts';

/** Fisher and Yates. @returns the numbers 0…count−1. */
export function epochOrder(count: number, seed: number, epoch: number): Int32Array {
  const next = randomNumbers((seed * 1_000_003 + epoch * 7919 + 1) >>> 0);
  // The first numbers of xorshift from small seeds are alike.
  for (let i = 0; i < 16; i += 1) next();
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
