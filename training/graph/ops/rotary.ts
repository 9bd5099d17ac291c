/** Rotary position embedding in halves (Su et al. 2021, https://arxiv.org/abs/2104.09864; the layout of Llama's weights). */
import { onnxTypes } from '../../../src/inference/graph/onnx.ts';
import { tracesContrib } from '../onnx/backend.ts';
import { defineKernel } from '../onnx/kernels.ts';
import { type Tensor, tf } from '../tf.ts';

/** Cosines and sines by position, each [positions, headDim / 2]. */
export interface RotaryTables {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

const kernelName = 'RotaryEmbedding';

defineKernel(kernelName, (backend, { x, positions, cos, sin }) => {
  const value = backend.lookup(x!);
  const wide = backend.append('Cast', [backend.nameOf(backend.lookup(positions!))], { to: onnxTypes.int64 });
  const tables = [cos!, sin!].map((table) => backend.nameOf(backend.lookup(table)));
  return backend.emit(kernelName, [backend.nameOf(value), wide, ...tables], value.shape, value.type, {
    num_heads: value.shape[1]!,
  });
});

function rotate(x: Tensor, positions: Tensor, { cos, sin }: RotaryTables): Tensor {
  if (tracesContrib()) return tf.engine().runKernel(kernelName, { x, positions, cos, sin }) as Tensor;
  const spread = (table: Tensor) => tf.expandDims(tf.gather(table, positions), 1);
  const [c, s] = [spread(cos), spread(sin)];
  const [first, second] = tf.split(x, 2, -1) as [Tensor, Tensor];
  return tf.concat([tf.sub(tf.mul(first, c), tf.mul(second, s)), tf.add(tf.mul(second, c), tf.mul(first, s))], -1);
}

/**
 * Rotates pairs (i, i + D/2) of every head by the angle of its position; the backward pass rotates back.
 * @param x [B, heads, T, D]
 * @param positions int32 [B, T]
 * @param inverse the same tables with the sines negated.
 */
export const rotary = (x: Tensor, positions: Tensor, tables: RotaryTables, inverse: RotaryTables): Tensor =>
  tf.customGrad((input) => ({
    value: rotate(input as Tensor, positions, tables),
    gradFunc: (dy: Tensor) => rotate(dy, positions, inverse),
  }))(x);
