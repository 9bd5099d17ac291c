/** Rows as the arrays that a training graph takes, padded to sizes that it can have. */
import { paddedTargets } from '../graph/ops/cross-entropy.ts';
import type { Bucket } from '../graph/step.ts';
import type { Row } from './row.ts';

/** Lengths are padded to a multiple of this, which blocks of attention need. */
const lengthStep = 16;
/** Added to the scores of what must not be seen; far below any score, far above −∞, which would make rows of padding NaN. */
const hidden = -1e9;

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step;

/** The smallest bucket that holds these rows. */
export const bucketOf = (rows: readonly Row[]): Bucket => ({
  rows: rows.length,
  length: roundUp(Math.max(...rows.map(({ ids }) => ids.length)), lengthStep),
  targets: paddedTargets(rows.reduce((sum, { at }) => sum + at.length, 0)),
});

/**
 * Rows in groups of at most `size`, of similar lengths so that little is padded. Alone, they keep their order; the sum of
 * gradients depends on it only by rounding.
 */
export function inGroups(rows: readonly Row[], size: number): readonly (readonly Row[])[] {
  if (size <= 1) return rows.map((row) => [row]);
  const byLength = rows.toSorted((a, b) => a.ids.length - b.ids.length);
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => byLength.slice(i * size, (i + 1) * size));
}

export interface Batch {
  readonly bucket: Bucket;
  readonly arrays: Readonly<Record<string, Float32Array | Int32Array>>;
  /** Tokens without padding. */
  readonly tokens: number;
}

/**
 * @param answers what the losses are divided by: the sum of `answers` over all rows of the optimizer's step.
 * Padding sees and is seen by itself only, and has no loss.
 */
export function batchOf(rows: readonly Row[], answers: number): Batch {
  const bucket = bucketOf(rows);
  const { length, targets } = bucket;
  const ids = new Int32Array(rows.length * length);
  const positions = new Int32Array(rows.length * length);
  const bias = new Float32Array(rows.length * length * length).fill(hidden);
  const at = new Int32Array(targets);
  const wanted = new Int32Array(targets);
  const weights = new Float32Array(targets);
  let next = 0;
  rows.forEach((row, index) => {
    ids.set(row.ids, index * length);
    positions.set(row.positions, index * length);
    row.at.forEach((position, i) => {
      at[next] = index * length + position;
      wanted[next] = row.targets[i]!;
      weights[next] = row.weights[i]! / answers;
      next += 1;
    });
    for (let i = 0; i < length; i += 1) {
      const line = (index * length + i) * length;
      if (i >= row.ids.length) {
        bias[line + i] = 0;
        continue;
      }
      for (let j = 0; j <= i; j += 1)
        if (row.segments[j] === 0 || row.segments[j] === row.segments[i]) bias[line + j] = 0;
    }
  });
  return {
    bucket,
    arrays: {
      'batch/ids': ids,
      'batch/positions': positions,
      'batch/bias': bias,
      'batch/at': at,
      'batch/targets': wanted,
      'batch/weights': weights,
    },
    tokens: rows.reduce((sum, row) => sum + row.ids.length, 0),
  };
}
