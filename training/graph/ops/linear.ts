/** Linear layers, frozen and with a low-rank update. */
import { type Tensor, tf } from '../tf.ts';

/** The two matrices of a low-rank update: a is [rank, inputs], b is [outputs, rank]. */
export interface LowRank {
  readonly a: Tensor;
  readonly b: Tensor;
  /** What b·a is multiplied with. */
  readonly scale: number;
}

/**
 * y = x·Wᵀ (+ scale · (x·Aᵀ)·Bᵀ) (+ bias).
 * tfjs's own gradients are the best there are: those of frozen weights are never asked for, and x·Aᵀ is kept.
 * Merging W + scale·B·A per row was slower (docs/log.md).
 * @param x [rows, inputs]
 * @param weight [outputs, inputs]
 */
export function linear(x: Tensor, weight: Tensor, lowRank?: LowRank, bias?: Tensor): Tensor {
  let y = tf.matMul(x, weight, false, true);
  if (lowRank) {
    const down = tf.mul(tf.matMul(x, lowRank.a, false, true), lowRank.scale);
    y = tf.add(y, tf.matMul(down, lowRank.b, false, true));
  }
  return bias ? tf.add(y, bias) : y;
}
