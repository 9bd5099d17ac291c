/** The output layer and its loss in one piece, so that no gradient of the logits is ever formed. */
import { isTracing } from '../onnx/backend.ts';
import { defineKernel } from '../onnx/kernels.ts';
import { type Tensor, tf } from '../tf.ts';

/** Rows whose logits exist at the same time: 256 rows of a vocabulary of 49,152 are 50 MB. */
const chunkRows = 256;
/** Into how many equal parts so many rows are cut. Divides what `paddedTargets` gives. */
export const chunksOf = (rows: number): number => Math.ceil(rows / chunkRows);
const targetStep = 8;
/** Targets of a batch, padding included. */
export const paddedTargets = (targets: number): number => {
  const step = targetStep * Math.max(1, chunksOf(targets));
  return Math.max(1, Math.ceil(targets / step)) * step;
};

const kernelName = 'PickColumn';
defineKernel(kernelName, (backend, { x, index }) => {
  const [value, columns] = [backend.lookup(x!), backend.lookup(index!)];
  const [rows] = value.shape as [number, number];
  const column = backend.append('Unsqueeze', [backend.nameOf(columns), backend.integers([1])]);
  return backend.emit('GatherElements', [backend.nameOf(value), column], [rows, 1], value.type, { axis: 1 });
});

/** x[i, index[i]] of x [rows, columns]: [rows, 1]. */
function pickColumn(x: Tensor, index: Tensor): Tensor {
  if (isTracing()) return tf.engine().runKernel(kernelName, { x, index }) as Tensor;
  const [rows, columns] = x.shape as [number, number];
  const firsts = tf.tensor1d(
    Int32Array.from({ length: rows }, (_, row) => row * columns),
    'int32',
  );
  return tf.reshape(tf.gather(tf.reshape(x, [rows * columns]), tf.add(index, firsts) as never), [rows, 1]);
}

/** A probability of zero would make the loss infinite. */
const smallest = 1e-37;

/**
 * Σ weights · −log softmax(h·Eᵀ)[target].
 *
 * With p = softmax(h·Eᵀ), the gradient of a row's loss by its logits is w (p − onehot(target)). So dh = w (p·E − E[target]),
 * formed already in the forward pass, while p is at hand; dE = pᵀ·(w h) − Σ of w h into the rows of the targets.
 * @param hidden [rows, d]
 * @param output [vocab, d]
 * @param targets int32 [rows]; their number as `paddedTargets` gives it.
 * @param weights [rows]; the caller divides, so that losses of several calls add up.
 * @param trained whether `output` gets a gradient.
 */
export function linearCrossEntropy(
  hidden: Tensor,
  output: Tensor,
  targets: Tensor,
  weights: Tensor,
  trained: boolean,
): Tensor {
  const [rows, width] = hidden.shape as [number, number];
  const vocab = output.shape[0]!;
  const compute = (h: Tensor, e: Tensor, save: (tensors: Tensor[]) => void) => {
    const losses: Tensor[] = [];
    const dHidden: Tensor[] = [];
    const dOutput: Tensor[] = [];
    const count = rows / chunksOf(rows);
    for (let from = 0; from < rows; from += count) {
      const hs = tf.slice(h, [from, 0], [count, width]);
      const ts = tf.slice(targets, [from], [count]);
      const ws = tf.slice(weights, [from], [count]);
      const p = tf.softmax(tf.matMul(hs, e, false, true));
      const column = tf.reshape(ws, [count, 1]);
      losses.push(tf.sum(tf.mul(tf.log(tf.maximum(pickColumn(p, ts), smallest)), column)));
      dHidden.push(tf.mul(column, tf.sub(tf.matMul(p, e), tf.gather(e, ts))));
      if (!trained) continue;
      const weighted = tf.mul(hs, column);
      dOutput.push(tf.sub(tf.matMul(p, weighted, true, false), tf.unsortedSegmentSum(weighted, ts as never, vocab)));
    }
    const sum = (parts: readonly Tensor[]) => parts.reduce((a, b) => tf.add(a, b));
    const gradients = [dHidden.length === 1 ? dHidden[0]! : (tf.concat(dHidden, 0) as Tensor)];
    if (trained) gradients.push(sum(dOutput));
    save(gradients);
    return {
      value: tf.neg(sum(losses)) as Tensor,
      gradFunc: (dy: Tensor, saved: Tensor[]) => saved.map((gradient) => tf.mul(gradient, dy) as Tensor),
    };
  };
  return trained
    ? tf.customGrad((h, e, save) => compute(h as Tensor, e as Tensor, save as never))(hidden, output)
    : tf.customGrad((h, save) => compute(h as Tensor, output, save as never))(hidden);
}
