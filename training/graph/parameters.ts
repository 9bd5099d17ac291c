/** Which tensors a model has and which of them are trained: names and shapes, no numbers. */
import { linearShapes } from '../../src/inference/checkpoint/adapter.ts';
import type { ModelConfig } from '../../src/inference/checkpoint/model-config.ts';
import { weightShapes } from '../../src/inference/checkpoint/weight-shapes.ts';
import type { ElementType, Shape } from './tf.ts';

/** What is trained: low-rank matrices beside frozen weights, or the weights themselves. */
export type Method =
  | {
      readonly kind: 'lora';
      readonly rank: number;
      /** The update is multiplied with alpha / rank. */
      readonly alpha: number;
      /** Layers below stay as they are: nothing is propagated back into them. */
      readonly firstLayer: number;
    }
  | { readonly kind: 'full' };

export type Shapes = ReadonlyMap<string, Shape>;
export type InputShapes = Readonly<Record<string, { readonly shape: Shape; readonly type: ElementType }>>;

/** Hugging Face's names of the base's weights. */
export const baseShapes = (config: ModelConfig): Shapes => new Map(weightShapes(config));

/** `3.mlp.up_proj.a` and `.b`: as in `Adapter.pairs`. */
export function loraShapes(config: ModelConfig, rank: number, firstLayer: number): Shapes {
  const shapes = new Map<string, Shape>();
  for (let layer = firstLayer; layer < config.layers; layer += 1)
    for (const [module, [outputs, inputs]] of Object.entries(linearShapes(config))) {
      shapes.set(`${layer}.${module}.a`, [rank, inputs]);
      shapes.set(`${layer}.${module}.b`, [outputs, rank]);
    }
  return shapes;
}

export const trainedShapes = (config: ModelConfig, method: Method): Shapes =>
  method.kind === 'full' ? baseShapes(config) : loraShapes(config, method.rank, method.firstLayer);

/** How the frozen matrices of the layers are held: floats, or eight bits for each direction. */
export type FrozenType = 'f32' | 'int8';

/** What a frozen matrix `name` becomes in eight bits. */
export const quantisedNames = (name: string) => ({
  forward: `${name}:forward`,
  forwardScale: `${name}:forward-scale`,
  backward: `${name}:backward`,
  backwardScale: `${name}:backward-scale`,
});

/**
 * Which matrices are held in eight bits. Keys and values stay floats: they are 6 % of the work of a grouped-query model,
 * all heads read them, and with them in floats the gradient's cosine to the exact one rises from .93 to .97 (docs/log.md).
 */
export const isQuantised = (name: string, shape: Shape): boolean =>
  shape.length === 2 && name.startsWith('model.layers.') && !/\.[kv]_proj\./.test(name);

/** Weights that are only read, with their element types. */
export function frozenInputs(config: ModelConfig, method: Method, type: FrozenType): InputShapes {
  if (method.kind === 'full') return {};
  const inputs: Record<string, InputShapes[string]> = {};
  for (const [name, shape] of baseShapes(config)) {
    if (type === 'f32' || !isQuantised(name, shape)) {
      inputs[name] = { shape, type: 'float32' };
      continue;
    }
    const [outputs, columns] = shape as [number, number];
    const { forward, forwardScale, backward, backwardScale } = quantisedNames(name);
    inputs[forward] = { shape: [columns, outputs], type: 'int8' };
    inputs[forwardScale] = { shape: [outputs], type: 'float32' };
    inputs[backward] = { shape: [outputs, columns], type: 'int8' };
    inputs[backwardScale] = { shape: [columns], type: 'float32' };
  }
  return inputs;
}
