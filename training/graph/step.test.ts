/** The traced graph against tfjs's own CPU backend and against finite differences, for every family and both methods. */
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../src/inference/checkpoint/model-config.ts';
import { tinyConfig } from '../../src/inference/checkpoint/random.ts';
import { randomNumbers } from '../../src/random.ts';
import { trace } from './onnx/trace.ts';
import type { Method } from './parameters.ts';
import { referenceLoss } from './reference.ts';
import { type StepDefinition, stepInputs, trainingStep } from './step.ts';
import { sizeOf, type Tensor, tf } from './tf.ts';

const config: ModelConfig = { ...tinyConfig, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 96 };
const families: Readonly<Record<string, ModelConfig>> = {
  llama: config,
  qwen2: { ...config, family: 'qwen2', qkvBias: true, tied: false },
  qwen3: { ...config, family: 'qwen3', qkNorm: true },
};
const lora: Method = { kind: 'lora', rank: 4, alpha: 8, firstLayer: 0 };

const bucket = { rows: 2, length: 16, targets: 8 };

type Arrays = Record<string, Float32Array | Int32Array>;

/** Values for every input of a step: weights random, tokens random with repeats, a causal mask. */
function randomInputs(definition: StepDefinition): Arrays {
  const next = randomNumbers(7);
  const { length, rows, targets } = definition.bucket;
  const integers: Readonly<Record<string, (i: number) => number>> = {
    'batch/ids': () => Math.floor(next() * 40),
    'batch/positions': (i) => i % length,
    'batch/at': (i) => Math.floor((i * rows * length) / targets) + 1,
    'batch/targets': () => Math.floor(next() * definition.config.vocab),
  };
  return Object.fromEntries(
    Object.entries(stepInputs(definition)).map(([name, { shape, type }]) => {
      const size = { length: sizeOf(shape) };
      if (type === 'int32') return [name, Int32Array.from(size, (_, i) => Math.max(0, integers[name]!(i)))];
      if (name === 'batch/weights') return [name, Float32Array.from(size, (_, i) => (i % 3 ? 1 / targets : 0))];
      if (name === 'batch/bias')
        return [name, Float32Array.from(size, (_, i) => (i % length <= Math.floor(i / length) % length ? 0 : -1e9))];
      const centre = name.includes('norm') ? 1 : 0;
      return [name, Float32Array.from(size, () => centre + (next() - 0.5) * (centre ? 0.3 : 0.5))];
    }),
  ) as Arrays & { rows?: typeof rows };
}

function eager(definition: StepDefinition, values: Arrays): Record<string, Float32Array> {
  tf.setBackend('cpu');
  const inputs = stepInputs(definition);
  return tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(values).map(([name, data]) => [
        name,
        tf.tensor(data, [...inputs[name]!.shape], inputs[name]!.type as 'float32'),
      ]),
    ) as Record<string, Tensor>;
    const results = trainingStep(definition, tensors);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, tensor.dataSync().slice() as Float32Array]),
    );
  }) as never;
}

async function traced(definition: StepDefinition, values: Arrays, contrib = true) {
  const inputs = stepInputs(definition);
  const model = trace(inputs, (tensors) => trainingStep(definition, tensors), { contrib });
  const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'basic', logSeverityLevel: 3 });
  const feeds = Object.fromEntries(
    Object.entries(values).map(([name, data]) => [
      name,
      new ort.Tensor(inputs[name]!.type as 'float32', data as Float32Array, inputs[name]!.shape),
    ]),
  );
  const results = await session.run(feeds as never);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]));
}

/** Largest difference of any gradient, relative to the largest number of that gradient. */
function worst(expected: Record<string, Float32Array>, actual: Record<string, Float32Array>): number {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  let error = 0;
  for (const [name, reference] of Object.entries(expected)) {
    const largest = reference.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-12);
    reference.forEach((x, i) => {
      const difference = Math.abs(x - actual[name]![i]!) / largest;
      if (!(difference <= error)) error = difference;
    });
  }
  return error;
}

describe.each(Object.entries(families))('%s', (_, family) => {
  it.each([lora, { kind: 'full' } as const])('$kind: traced equals eager, to 1e-5', async (method) => {
    const definition = {
      config: family,
      method,
      bucket,
      options: { attentionBlocks: 1, recompute: 'nothing' as const, positions: 16 },
      frozen: 'f32' as const,
    };
    const values = randomInputs(definition);
    const reference = eager(definition, values);
    expect(worst(reference, await traced(definition, values))).toBeLessThan(1e-5);
    expect(worst(reference, await traced(definition, values, false))).toBeLessThan(1e-5);
    for (const recompute of ['cheap', 'layers'] as const) {
      const blocks = { ...definition, options: { attentionBlocks: 4, recompute, positions: 32 } };
      expect(worst(reference, await traced(blocks, values))).toBeLessThan(1e-5);
    }
  });

  it.each([lora, { kind: 'full' } as const])(
    '$kind: equals finite differences in double precision, to 1e-5',
    async (method) => {
      const definition = {
        config: family,
        method,
        bucket: { rows: 1, length: 16, targets: 8 },
        options: { attentionBlocks: 2, recompute: 'nothing' as const, positions: 16 },
        frozen: 'f32' as const,
      };
      const values = randomInputs(definition);
      const part = (prefix: string) =>
        Object.fromEntries(
          Object.entries(values)
            .filter(([name]) => name.startsWith(prefix))
            .map(([name, data]) => [name.slice(prefix.length), Float64Array.from(data)]),
        );
      const trained = part('trained/');
      const batch = {
        ids: values['batch/ids']!,
        positions: values['batch/positions']!,
        sees: (i: number, j: number) => j <= i,
        at: values['batch/at']!,
        targets: values['batch/targets']!,
        weights: values['batch/weights']!,
      };
      const lossWith = (replaced: Record<string, Float64Array>) =>
        referenceLoss(family, method, part('weight/'), { ...trained, ...replaced }, batch);
      const { loss, ...gradients } = await traced(definition, values);
      const expected = lossWith({});
      expect(Math.abs(loss![0]! - expected) / expected).toBeLessThan(1e-5);
      // Along a random direction of each parameter: the slope is the direction times the gradient.
      const next = randomNumbers(3);
      for (const [name, gradient] of Object.entries(gradients)) {
        const parameter = name.replace('gradient/', '');
        const original = trained[parameter]!;
        const direction = Float64Array.from(gradient, (g) => (next() - 0.5) * 2 + Math.sign(g));
        const at = (step: number) => lossWith({ [parameter]: original.map((x, i) => x + step * direction[i]!) });
        const step = 1e-4;
        const slope = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
        const predicted = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
        // Rounding adds up over the elements, not over what is left of their sum.
        const size = gradient.reduce((sum, g, i) => sum + Math.abs(g * direction[i]!), 0);
        expect(Math.abs(slope - predicted) / size, parameter).toBeLessThan(1e-5);
      }
    },
  );
});

it('an operation without an ONNX form is named', () => {
  const inputs = { x: { shape: [2], type: 'float32' as const } };
  expect(() => trace(inputs, ({ x }) => ({ y: tf.erf(x!) as Tensor }))).toThrow(/Erf/);
});

it('a traced function that looks at values is refused', () => {
  const inputs = { x: { shape: [2], type: 'float32' as const } };
  expect(() => trace(inputs, ({ x }) => ({ y: tf.scalar(x!.dataSync()[0]!) as Tensor }))).toThrow(/has no elements/);
});
