/** Activation recomputation (Chen et al. 2016, https://arxiv.org/abs/1604.06174): less memory, one more forward pass. */
import { type Tensor, tf } from '../tf.ts';

/**
 * compute(...inputs), whose inner values are computed again in the backward pass instead of being kept.
 * @param inputs the tensors that get gradients; the first one is what the layers hand on.
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
        // onnxruntime merges equal nodes and runs them early; a dependence on dy (+ 0 · dy[0]) pins the second
        // computation to the backward pass.
        const zero = tf.mul(tf.reshape(tf.slice(tf.reshape(dy, [-1]), [0], [1]), []), 0);
        const [x, ...rest] = saved as [Tensor, ...Tensor[]];
        try {
          return tf.engine().gradients(() => compute(tf.add(x, zero), ...rest) as never, [x, ...rest], dy as never)
            .grads as Tensor[];
        } finally {
          state.activeTape = tape;
        }
      },
    };
  })(...inputs);
