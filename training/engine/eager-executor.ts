/**
 * Runs the same step eagerly on a tfjs backend: tfjs-node or tfjs-node-gpu where the operator has installed one of them
 * (never in the default install: native downloads, CUDA 11 only), or tfjs's own CPU backend, which needs nothing and is
 * slow. Weights are floats here; eight bits exist only in traced graphs.
 */
import type { Batch } from '../data/batch.ts';
import { evaluationStep, type StepDefinition, stepInputs, trainingStep } from '../graph/step.ts';
import { type Tensor, tf } from '../graph/tf.ts';
import type { Executor, Problem } from './executor.ts';
import { viewOf } from './layout.ts';

/** Packages that register the tfjs backend `tensorflow` when they are loaded. */
const nativePackages = { 'tfjs-node': '@tensorflow/tfjs-node', 'tfjs-node-gpu': '@tensorflow/tfjs-node-gpu' } as const;

export type EagerDevice = 'tfjs-cpu' | keyof typeof nativePackages;

/** @throws Error with the reason when the native package is not installed or cannot be loaded. */
export async function loadEagerBackend(device: EagerDevice): Promise<string> {
  if (device === 'tfjs-cpu') return 'cpu';
  const name: string = nativePackages[device];
  await import(name);
  if (!tf.findBackend('tensorflow'))
    throw new Error(`${name} registered no backend; is its tfjs-core another version?`);
  return 'tensorflow';
}

export async function createEagerExecutor(problem: Problem, device: EagerDevice): Promise<Executor> {
  const { config, method, frozen, weights, layout, parameters } = problem;
  if (frozen !== 'f32') throw new Error('the eager path computes with float weights only');
  const backendName = await loadEagerBackend(device);
  const frozenTensors = new Map<string, Tensor>();

  const run = (batch: Batch, compute: typeof trainingStep): Readonly<Record<string, Float32Array>> => {
    tf.setBackend(backendName);
    const options = { attentionBlocks: 1, recompute: 'nothing', positions: batch.bucket.length } as const;
    const definition: StepDefinition = { config, method, bucket: batch.bucket, options, frozen };
    return tf.tidy(() => {
      const tensors: Record<string, Tensor> = {};
      for (const [name, { shape, type }] of Object.entries(stepInputs(definition))) {
        const array = batch.arrays[name];
        if (array) {
          tensors[name] = tf.tensor(array, [...shape], type as 'float32');
          continue;
        }
        if (!name.startsWith('weight/')) continue;
        let tensor = frozenTensors.get(name);
        if (!tensor) {
          tensor = tf.keep(tf.tensor(weights[name.replace('weight/', '')] as Float32Array, [...shape]));
          frozenTensors.set(name, tensor);
        }
        tensors[name] = tensor;
      }
      for (const place of layout.places)
        tensors[`trained/${place.name}`] = tf.tensor(viewOf(parameters, place).slice(), [...place.shape]);
      const results = Object.entries(compute(definition, tensors));
      return Object.fromEntries(results.map(([name, tensor]) => [name, tensor.dataSync().slice()])) as never;
    });
  };

  return {
    device,
    rowsAtOnce: 1,
    async accumulate(batch, gradient) {
      const results = run(batch, trainingStep);
      for (const place of layout.places) {
        const part = results[`gradient/${place.name}`]!;
        const sum = viewOf(gradient, place);
        for (let i = 0; i < part.length; i += 1) sum[i]! += part[i]!;
      }
      return results.loss![0]!;
    },
    evaluate: async (batch) => run(batch, evaluationStep).loss![0]!,
    async close() {
      for (const tensor of frozenTensors.values()) tensor.dispose();
      frozenTensors.clear();
    },
  };
}
