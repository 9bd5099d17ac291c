/** Seeded choices: the same seed gives the same numbers, orders and examples on every machine. */
import { randomNumbers } from '../../src/random.ts';

/** Uniform numbers in [0, 1). The first ones of xorshift from small seeds are alike, so they are passed over. */
export function seededNumbers(seed: number): () => number {
  const next = randomNumbers(seed);
  for (let i = 0; i < 16; i += 1) next();
  return next;
}

/** Fisher and Yates. @returns a new array. */
export function shuffled<T>(items: Iterable<T>, next: () => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i -= 1) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** The order in which examples are seen, a pure function of seed and epoch, so that a resumed run goes on exactly. */
export const epochOrder = (count: number, seed: number, epoch: number): number[] =>
  shuffled(Array(count).keys(), seededNumbers((seed * 1_000_003 + epoch * 7919 + 1) >>> 0));

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Whole number in [low, high]. */
  between(low: number, high: number): number;
  chance(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
}

export function createRandom(seed: number): Random {
  const next = seededNumbers((seed * 7_368_787 + 13) >>> 0);
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    chance: (share) => next() < share,
    pick: (items) => items[between(0, items.length - 1)]!,
    shuffled: (items) => shuffled(items, next),
  };
}
