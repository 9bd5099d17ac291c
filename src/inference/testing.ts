/** Tiny models on disk for tests: random weights that are the same everywhere, no tokenizer. Not part of the product. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoraPair, linearShapes } from './checkpoint/adapter.ts';
import { writeAdapter } from './checkpoint/adapter-writer.ts';
import type { ModelConfig } from './checkpoint/model-config.ts';
import { randomCheckpoint, randomNumbers, tinyConfig, weightShapes } from './checkpoint/random.ts';
import type { Tensor } from './checkpoint/safetensors.ts';
import { sources, writeSafetensors } from './checkpoint/safetensors-writer.ts';

/** A checkpoint folder with the tiny model. */
export function writeTinyBase(folder: string, config: ModelConfig = tinyConfig): string {
  mkdirSync(folder, { recursive: true });
  const checkpoint = randomCheckpoint(config);
  writeSafetensors(
    join(folder, 'model.safetensors'),
    sources(weightShapes(config).map(([name]) => [name, checkpoint.read(name)] as const)),
  );
  const json = {
    model_type: config.family,
    num_hidden_layers: config.layers,
    hidden_size: config.hidden,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    intermediate_size: config.ffn,
    vocab_size: config.vocab,
    max_position_embeddings: config.context,
    rms_norm_eps: config.normEpsilon,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tied,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json));
  return folder;
}

/** A LoRA on all linear layers, strong enough to change what the model says. */
export function randomLora(seed: number, rank: number, config: ModelConfig = tinyConfig): Map<string, LoraPair> {
  const next = randomNumbers(seed);
  const matrix = (rows: number, columns: number): Tensor => ({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => (next() - 0.5) * 0.5),
  });
  const pairs = new Map<string, LoraPair>();
  for (let layer = 0; layer < config.layers; layer += 1)
    for (const [module, [outputs, inputs]] of Object.entries(linearShapes(config)))
      pairs.set(`${layer}.${module}`, { a: matrix(rank, inputs), b: matrix(outputs, rank) });
  return pairs;
}

/** An adapter folder for the tiny model. */
export function writeTinyAdapter(folder: string, seed: number, rank = 4, config: ModelConfig = tinyConfig): string {
  const base = { name: 'tiny', sha256: null };
  writeAdapter(folder, { rank, alpha: 8, pairs: randomLora(seed, rank, config), base, promptVersion: 'tiny' });
  return folder;
}
