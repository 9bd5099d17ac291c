/** Linear layers: frozen weights in floats or in eight bits, and low-rank updates. */
import { tracesContrib } from '../onnx/backend.ts';
import { defineKernel } from '../onnx/kernels.ts';
import { type Tensor, tf } from '../tf.ts';

/** The two matrices of a low-rank update: a is [rank, inputs], b is [outputs, rank]. */
export interface LowRank {
  readonly a: Tensor;
  readonly b: Tensor;
  /** What b·a is multiplied with. */
  readonly scale: number;
}

/** A frozen weight in eight bits, once for each direction, each with a scale per column. */
export interface QuantisedWeight {
  /** int8 [inputs, outputs] */
  readonly forward: Tensor;
  /** [outputs] */
  readonly forwardScale: Tensor;
  /** int8 [outputs, inputs] */
  readonly backward: Tensor;
  /** [inputs] */
  readonly backwardScale: Tensor;
}

const kernelName = 'QuantisedMatMul';
/** uint8 with this zero point holds −127…127; unsigned times signed is what the processors' dot products take. */
const zeroPoint = 128;
const largest = 127;
/** Rows of zeros must not divide by zero. */
const smallestScale = 1e-12;

/** x·W with the rows of x rounded to eight bits, each with its own scale, and products summed in 32 bits. */
defineKernel(kernelName, (backend, { x, weight, scale }) => {
  const value = backend.lookup(x!);
  const [rows] = value.shape as [number, number];
  const columns = backend.lookup(weight!).shape[1]!;
  const name = backend.nameOf(value);
  const peaks = backend.append('ReduceMax', [backend.append('Abs', [name]), backend.integers([1])], { keepdims: 0 });
  const small = backend.constant(Float32Array.of(smallestScale), [], 'float32');
  const steps = backend.constant(Float32Array.of(largest), [], 'float32');
  const rowScale = backend.append('Max', [backend.append('Div', [peaks, steps]), small]);
  const zero = backend.constant(Uint8Array.of(zeroPoint), [], 'uint8');
  const zeros = backend.append('Expand', [zero, backend.integers([rows])]);
  const rounded = backend.append('QuantizeLinear', [name, rowScale, zeros], { axis: 0 });
  const [w, s] = [weight!, scale!].map((info) => backend.nameOf(backend.lookup(info))) as [string, string];
  const one = backend.constant(Float32Array.of(1), [], 'float32');
  const product = backend.append('MatMulIntegerToFloat', [rounded, w, one, s, zero]);
  const column = backend.append('Unsqueeze', [rowScale, backend.integers([1])]);
  return backend.emit('Mul', [product, column], [rows, columns], 'float32');
});

const quantisedMatMul = (x: Tensor, weight: Tensor, scale: Tensor): Tensor => {
  if (!tracesContrib()) throw new Error('weights in eight bits exist only in graphs for onnxruntime');
  return tf.engine().runKernel(kernelName, { x, weight, scale }) as Tensor;
};

/** x·Wᵀ; its backward pass dy·W takes the other copy of W. */
const quantisedLinear = (x: Tensor, { forward, forwardScale, backward, backwardScale }: QuantisedWeight): Tensor =>
  tf.customGrad((input) => ({
    value: quantisedMatMul(input as Tensor, forward, forwardScale),
    gradFunc: (dy: Tensor) => quantisedMatMul(dy, backward, backwardScale),
  }))(x);

/**
 * y = x·Wᵀ (+ scale · (x·Aᵀ)·Bᵀ) (+ bias).
 * tfjs's own gradients are the best there are: those of frozen weights are never asked for, and x·Aᵀ is kept.
 * Merging W + scale·B·A per row was slower (docs/log.md).
 * @param x [rows, inputs]
 * @param weight [outputs, inputs]
 */
export function linear(x: Tensor, weight: Tensor | QuantisedWeight, lowRank?: LowRank, bias?: Tensor): Tensor {
  let y = 'forward' in weight ? quantisedLinear(x, weight) : tf.matMul(x, weight, false, true);
  if (lowRank) {
    const down = tf.mul(tf.matMul(x, lowRank.a, false, true), lowRank.scale);
    y = tf.add(y, tf.matMul(down, lowRank.b, false, true));
  }
  return bias ? tf.add(y, bias) : y;
}
