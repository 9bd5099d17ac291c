/** Seeded choices: the same seed gives the same numbers, orders and examples on every machine. */

/** Uniform numbers in [0, 1): xorshift32, which every language writes alike. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4294967296;
  };
}

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
