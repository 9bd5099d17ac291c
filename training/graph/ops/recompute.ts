/** Activation recomputation (Chen et al. 2016, https://arxiv.org/abs/1604.06174): less memory for more work. */
import { type Tensor, tf } from '../tf.ts';

/**
 * What is computed again in the backward pass instead of being kept (Korthikanti et al. 2022,
 * https://arxiv.org/abs/2205.05198): nothing; what costs no large product (norms, gates, probabilities of attention);
 * or whole layers, of which only the input is kept.
 */
export const recomputations = ['nothing', 'cheap', 'layers'] as const;
export type Recomputation = (typeof recomputations)[number];

/**
 * x, in a way that keeps what follows from it from running before `dy` is there: onnxruntime merges equal nodes and runs
 * them early, and x + 0 · dy[0] is another node than x.
 */
export function pinned(x: Tensor, dy: Tensor): Tensor {
  const zero = tf.mul(tf.reshape(tf.slice(tf.reshape(dy, [-1]), [0], [1]), []), 0);
  return tf.add(x, zero);
}

/**
 * compute(...inputs), whose inner values are computed again in the backward pass instead of being kept.
 * Products that no gradient needs are not computed again: a graph drops what reaches no output.
 * @param inputs the tensors that get gradients.
 */
export const recomputed = (compute: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor =>
  tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const tensors = args as Tensor[];
    save(tensors);
    return {
      value: compute(...tensors),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        // tfjs can't nest gradients inside of a gradFunc: the inner call clears the outer tape.
        const state = tf.engine().state;
        const tape = state.activeTape;
        const [x, ...rest] = saved as [Tensor, ...Tensor[]];
        try {
          return tf.engine().gradients(() => compute(pinned(x, dy), ...rest) as never, [x, ...rest], dy as never)
            .grads as Tensor[];
        } finally {
          state.activeTape = tape;
        }
      },
    };
  })(...inputs);
