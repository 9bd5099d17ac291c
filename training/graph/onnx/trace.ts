/** Turns a function of tensors into an ONNX model. */
import './kernels.ts';
import type { InputShapes } from '../parameters.ts';
import { type Tensor, tf } from '../tf.ts';
import { backendName, type Lowering, OnnxGraphBackend, serialise } from './backend.ts';

export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * @returns an ONNX model.
 * @param compute plain tfjs code, `tf.grads` included; it must not read values. Its results become the model's outputs.
 * @throws Error when it uses an operation that has no ONNX form here.
 */
export function trace(
  inputs: InputShapes,
  compute: (tensors: Tensors) => Tensors,
  lowering: Lowering = { contrib: true },
): Uint8Array {
  const before = tf.getBackend();
  tf.setBackend(backendName);
  const backend = tf.backend() as OnnxGraphBackend;
  backend.begin(lowering);
  try {
    tf.engine().startScope();
    const tensors: Record<string, Tensor> = {};
    for (const [name, { shape, type }] of Object.entries(inputs)) tensors[name] = backend.input(name, shape, type);
    for (const [name, tensor] of Object.entries(compute(tensors))) backend.output(name, tensor);
    return serialise(backend.finish());
  } finally {
    tf.engine().endScope();
    if (before) tf.setBackend(before);
  }
}

tf.registerBackend(backendName, () => new OnnxGraphBackend(), 0);
