/** The gated unit of Llama's feed-forward layers (Shazeer 2020, https://arxiv.org/abs/2002.05202). */
import { type Tensor, tf } from '../tf.ts';

/**
 * y = silu(g) · u with silu(g) = g · σ(g).
 *
 * Backward, with s = σ(g) and h = g·s:
 *   dg = dy · u · (s + g s (1 − s)) = dy · (u s + u h − u h s) = dy · ((u − y) s + y), as y = h u
 *   du = dy · h
 */
export const swiglu = (gate: Tensor, up: Tensor): Tensor =>
  tf.customGrad((g, u, save) => {
    const s = tf.sigmoid(g as Tensor);
    const h = tf.mul(g as Tensor, s);
    const y = tf.mul(h, u as Tensor);
    (save as (tensors: Tensor[]) => void)([s, h, u as Tensor, y]);
    return {
      value: y as Tensor,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [sig, silu, gated, value] = saved as [Tensor, Tensor, Tensor, Tensor];
        return [tf.mul(dy, tf.add(tf.mul(tf.sub(gated, value), sig), value)), tf.mul(dy, silu)];
      },
    };
  })(gate, up);
