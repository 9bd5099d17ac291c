/** Turns a function of tensors into an ONNX model. */
import './kernels.ts';
import type { InputShapes } from '../parameters.ts';
import { type Tensor, tf } from '../tf.ts';
import { backendName, type Lowering, OnnxGraphBackend, serialise, type TracedGraph } from './backend.ts';
import { type Sizes, withFreeSizes } from './free-sizes.ts';

export type Tensors = Readonly<Record<string, Tensor>>;

/** What is traced, at sizes that are fixed. */
interface Traced {
  readonly inputs: InputShapes;
  readonly compute: (tensors: Tensors) => Tensors;
}

/**
 * @param compute plain tfjs code, `tf.grads` included; it must not read values. Its results become the model's outputs.
 * @throws Error when it uses an operation that has no ONNX form here.
 */
function record({ inputs, compute }: Traced, lowering: Lowering): TracedGraph {
  const before = tf.getBackend();
  tf.setBackend(backendName);
  const backend = tf.backend() as OnnxGraphBackend;
  backend.begin(lowering);
  try {
    tf.engine().startScope();
    const tensors: Record<string, Tensor> = {};
    for (const [name, { shape, type }] of Object.entries(inputs)) tensors[name] = backend.input(name, shape, type);
    for (const [name, tensor] of Object.entries(compute(tensors))) backend.output(name, tensor);
    return backend.finish();
  } finally {
    tf.engine().endScope();
    // 100 MB of garbage a trace, which V8 is in no hurry to collect (node --expose-gc).
    globalThis.gc?.();
    if (before) tf.setBackend(before);
  }
}

/** @returns an ONNX model of exactly these sizes; errors as in `record`. */
export const trace = (
  inputs: InputShapes,
  compute: (tensors: Tensors) => Tensors,
  lowering: Lowering = { contrib: true },
): Uint8Array => serialise(record({ inputs, compute }, lowering));

/**
 * @returns an ONNX model in which `sizes` are free: inputs `size/<name>`, int64 [1], tell them.
 * @param samples sizes to trace at, as `withFreeSizes` wants them; numbers that occur nowhere else in the function.
 * @param stored inputs, none of whose sizes is free, that become the model's external weights, by name.
 */
export const traceFree = (
  samples: readonly Sizes[],
  at: (sizes: Sizes) => Traced,
  lowering: Lowering = { contrib: true },
  stored?: ReadonlyMap<string, ArrayBufferView>,
): Uint8Array =>
  serialise(withFreeSizes(samples.map((sizes) => ({ sizes, graph: record(at(sizes), lowering) }))), stored);

tf.registerBackend(backendName, () => new OnnxGraphBackend(), 0);
