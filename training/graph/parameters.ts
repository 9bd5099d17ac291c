/** Which tensors a model has and which of them are trained: names and shapes, no numbers. */
import { linearShapes } from '../../src/inference/checkpoint/adapter.ts';
import type { ModelConfig } from '../../src/inference/checkpoint/model-config.ts';
import { weightShapes } from '../../src/inference/checkpoint/random.ts';
import type { Shape } from './tf.ts';

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

/** Weights that are only read. */
export const frozenShapes = (config: ModelConfig, method: Method): Shapes =>
  method.kind === 'full' ? new Map() : baseShapes(config);
