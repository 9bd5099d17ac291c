/** The order of examples. */
import { seededNumbers, shuffled } from '../../src/random.ts';

/** The order in which examples are seen, a pure function of seed and epoch, so that a resumed run goes on exactly. */
export const epochOrder = (count: number, seed: number, epoch: number): number[] =>
  shuffled(Array(count).keys(), seededNumbers((seed * 1_000_003 + epoch * 7919 + 1) >>> 0));
