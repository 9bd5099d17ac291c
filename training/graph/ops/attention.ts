/** Grouped-query attention (Ainslie et al. 2023, https://arxiv.org/abs/2305.13245) with an additive mask. */
import { type Tensor, tf } from '../tf.ts';
import { pinned } from './recompute.ts';

export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Tokens of a row. */
  readonly length: number;
  readonly headDim: number;
  /** Into how many equal blocks the queries are cut, so that keys behind a block are never multiplied. Divides `length`. */
  readonly blocks: number;
  /** Whether the probabilities are kept for the backward pass, T/2 numbers a head and token, or computed again. */
  readonly keepProbabilities: boolean;
}

/**
 * The mask of each block of queries: [batch, 1, T / blocks, keys that the block may see].
 * @param bias [batch, 1, T, T]: 0 where the column may be seen from the row, else a large negative number; nothing right
 *   of the diagonal may be seen.
 */
export function maskBlocks(bias: Tensor, blocks: number): readonly Tensor[] {
  const [batch, , length] = bias.shape as [number, number, number];
  const rows = length / blocks;
  return Array.from({ length: blocks }, (_, block) =>
    blocks === 1 ? bias : (tf.slice(bias, [0, 0, block * rows, 0], [batch, 1, rows, (block + 1) * rows]) as Tensor),
  );
}

/**
 * o = softmax(q·kᵀ + bias)·v. The scale 1/√D is already in q.
 *
 * Backward, with p the probabilities and dp = do·vᵀ:
 *   ds = p · (dp − rowsum(dp · p)), and rowsum(dp · p) = rowsum(do · o) (Dao 2022, FlashAttention, equation 4), which
 *   needs no pass over the [T, T] matrices; dq = ds·k, dk = dsᵀ·q, dv = pᵀ·do.
 * @param query [batch · kvHeads, group · T, D], the heads that share keys lying one behind the other
 * @param key [batch · kvHeads, T, D]
 * @param value [batch · kvHeads, T, D]
 * @param masks as `maskBlocks` gives them.
 * @returns [batch · kvHeads, group · T, D]
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  masks: readonly Tensor[],
  shape: AttentionShape,
): Tensor {
  const { batch, heads, kvHeads, length, headDim, blocks, keepProbabilities } = shape;
  const group = heads / kvHeads;
  const rowsOf = length / blocks;
  const pairs = batch * kvHeads;
  const indices = Array.from({ length: blocks }, (_, i) => i);
  const keysOf = (block: number) => (block + 1) * rowsOf;

  /** The queries of one block, of a tensor with `width` numbers a query. */
  const cut = (x: Tensor, block: number, width: number): Tensor => {
    if (blocks === 1) return x;
    const whole = tf.reshape(x, [pairs, group, length, width]);
    return tf.reshape(tf.slice(whole, [0, 0, block * rowsOf, 0], [pairs, group, rowsOf, width]), [
      pairs,
      group * rowsOf,
      width,
    ]);
  };
  const join = (parts: readonly Tensor[]): Tensor => {
    if (blocks === 1) return parts[0]!;
    const wide = parts.map((part) => tf.reshape(part, [pairs, group, rowsOf, headDim]));
    return tf.reshape(tf.concat(wide, 2), [pairs, group * length, headDim]);
  };
  const visible = (x: Tensor, block: number): Tensor =>
    blocks === 1 ? x : tf.slice(x, [0, 0, 0], [pairs, keysOf(block), headDim]);
  const padded = (x: Tensor, block: number): Tensor =>
    block === blocks - 1
      ? x
      : tf.pad(x, [
          [0, 0],
          [0, length - keysOf(block)],
          [0, 0],
        ]);

  const probabilitiesOf = (q: Tensor, k: Tensor, block: number): Tensor => {
    const scores = tf.matMul(cut(q, block, headDim), visible(k, block), false, true);
    const byHead = tf.reshape(scores, [batch, heads, rowsOf, keysOf(block)]);
    return tf.reshape(tf.softmax(tf.add(byHead, masks[block]!)), scores.shape) as Tensor;
  };

  return tf.customGrad((q, k, v, save) => {
    const probabilities = indices.map((block) => probabilitiesOf(q as Tensor, k as Tensor, block));
    const output = join(indices.map((block) => tf.matMul(probabilities[block]!, visible(v as Tensor, block))));
    (save as (tensors: Tensor[]) => void)([
      q as Tensor,
      k as Tensor,
      v as Tensor,
      output,
      ...(keepProbabilities ? probabilities : []),
    ]);
    return {
      value: output,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [q0, k0, v0, o0, ...p0] = saved as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
        const delta = tf.sum(tf.mul(dy, o0), -1, true);
        const again = keepProbabilities ? q0 : pinned(q0, dy);
        const parts = indices.map((block) => {
          const p = p0[block] ?? probabilitiesOf(again, k0, block);
          const dyBlock = cut(dy, block, headDim);
          const dp = tf.matMul(dyBlock, visible(v0, block), false, true);
          const ds = tf.mul(p, tf.sub(dp, cut(delta, block, 1)));
          return {
            dq: tf.matMul(ds, visible(k0, block)),
            dk: padded(tf.matMul(ds, cut(q0, block, headDim), true, false), block),
            dv: padded(tf.matMul(p, dyBlock, true, false), block),
          };
        });
        const total = (of: 'dk' | 'dv') => parts.map((part) => part[of]).reduce((a, b) => tf.add(a, b));
        return [join(parts.map(({ dq }) => dq)), total('dk'), total('dv')];
      },
    };
  })(query, key, value);
}
