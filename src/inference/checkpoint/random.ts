/** A tiny model with random weights, the same on every machine: for self-tests and tests. */
import { randomNumbers } from '../../random.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { ModelConfig } from './model-config.ts';
import type { Tensor } from './safetensors.ts';
import { weightShapes } from './weight-shapes.ts';

export const tinyConfig: ModelConfig = {
  family: 'llama',
  layers: 2,
  hidden: 64,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  ffn: 128,
  vocab: 512,
  context: 512,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  ropeScaling: { kind: 'none' },
  tied: true,
  qkvBias: false,
  qkNorm: false,
};

/** Matrices are uniform with a deviation of 1.2 / √inputs, gains lie around 1. */
export function randomCheckpoint(config: ModelConfig = tinyConfig, seed = 42): Checkpoint {
  const next = randomNumbers(seed);
  const weights = new Map<string, Tensor>();
  for (const [name, shape] of weightShapes(config)) {
    const isMatrix = shape.length === 2;
    const size = shape.reduce((product, n) => product * n, 1);
    const spread = isMatrix ? (1.2 * Math.sqrt(3)) / Math.sqrt(shape[1]!) : 0.2;
    const centre = isMatrix || name.endsWith('bias') ? 0 : 1;
    weights.set(name, { shape, data: Float32Array.from({ length: size }, () => centre + (next() * 2 - 1) * spread) });
  }
  return {
    config,
    has: (name) => weights.has(name),
    read(name) {
      const { shape, data } = weights.get(name)!;
      return { shape, data: data.slice() };
    },
    close: () => undefined,
  };
}
