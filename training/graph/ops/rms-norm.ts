/** Root-mean-square normalisation (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467). */

import { tracesContrib } from '../onnx/backend.ts';
import { defineKernel } from '../onnx/kernels.ts';
import { type Tensor, tf } from '../tf.ts';

const kernelName = 'RmsNorm';

/** [y, 1/rms] in one node; the second output is what the backward pass needs. */
defineKernel(kernelName, (backend, { x, weight }, { epsilon }) => {
  const value = backend.lookup(x!);
  const inputs = [backend.nameOf(value), backend.nameOf(backend.lookup(weight!))];
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  const [y, inverse] = backend.appendMany('SimplifiedLayerNormalization', inputs, attributes, 2);
  return [
    backend.wrap({ name: y!, shape: value.shape, type: value.type }),
    backend.wrap({ name: inverse!, shape: [...value.shape.slice(0, -1), 1], type: value.type }),
  ];
});

function forward(x: Tensor, weight: Tensor, epsilon: number): readonly [y: Tensor, inverse: Tensor] {
  if (tracesContrib()) return tf.engine().runKernel(kernelName, { x, weight }, { epsilon }) as [Tensor, Tensor];
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
  return [tf.mul(tf.mul(x, inverse), weight), inverse];
}

/**
 * y = x · r · w with r = 1 / √(mean(x²) + ε) over the last axis of n elements.
 *
 * Backward, with a = dy · w:
 *   ∂r/∂xⱼ = −r³ xⱼ / n, so dxⱼ = r aⱼ + (Σᵢ aᵢ xᵢ) ∂r/∂xⱼ = r (aⱼ − xⱼ · r² · mean(a · x))
 *   dw = Σ over all other axes of dy · x · r
 * @param trained whether `weight` gets a gradient.
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number, trained: boolean): Tensor {
  const backward = (dy: Tensor, [input, gain, inverse]: Tensor[]): Tensor[] => {
    const scaled = tf.mul(dy, gain!);
    const projection = tf.mul(tf.sum(tf.mul(scaled, input!), -1, true), 1 / input!.shape.at(-1)!);
    const dx = tf.mul(tf.sub(scaled, tf.mul(input!, tf.mul(projection, tf.square(inverse!)))), inverse!);
    if (!trained) return [dx];
    const outer = input!.shape.slice(0, -1).map((_, axis) => axis);
    return [dx, tf.sum(tf.mul(dy, tf.mul(input!, inverse!)), outer)];
  };
  const compute = (input: Tensor, gain: Tensor, save: (tensors: Tensor[]) => void) => {
    const [value, inverse] = forward(input, gain, epsilon);
    save([input, gain, inverse]);
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]) => backward(dy, saved) };
  };
  return trained
    ? tf.customGrad((input, gain, save) => compute(input as Tensor, gain as Tensor, save as never))(x, weight)
    : tf.customGrad((input, save) => compute(input as Tensor, weight, save as never))(x);
}
