/** Tiny models on disk for tests: random weights that are the same everywhere, no tokenizer. Not part of the product. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linearShapes } from './checkpoint/adapter.ts';
import type { ModelConfig } from './checkpoint/model-config.ts';
import { randomCheckpoint, randomNumbers, tinyConfig, weightShapes } from './checkpoint/random.ts';
import type { Tensor } from './checkpoint/safetensors.ts';

export function writeSafetensors(path: string, tensors: ReadonlyMap<string, Tensor>): void {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const bodies = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(path, Buffer.concat([length, json, ...bodies]));
}

/** A checkpoint folder with the tiny model. */
export function writeTinyBase(folder: string, config: ModelConfig = tinyConfig): string {
  mkdirSync(folder, { recursive: true });
  const checkpoint = randomCheckpoint(config);
  writeSafetensors(
    join(folder, 'model.safetensors'),
    new Map(weightShapes(config).map(([name]) => [name, checkpoint.read(name)])),
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

/** An adapter folder for the tiny model, strong enough to change what it says. */
export function writeTinyAdapter(folder: string, seed: number, rank = 4, config: ModelConfig = tinyConfig): string {
  mkdirSync(folder, { recursive: true });
  const next = randomNumbers(seed);
  const tensors = new Map<string, Tensor>();
  const matrix = (rows: number, columns: number): Tensor => ({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => (next() - 0.5) * 0.5),
  });
  for (let layer = 0; layer < config.layers; layer += 1)
    for (const [module, [outputs, inputs]] of Object.entries(linearShapes(config))) {
      const name = `base_model.model.model.layers.${layer}.${module}`;
      tensors.set(`${name}.lora_A.weight`, matrix(rank, inputs));
      tensors.set(`${name}.lora_B.weight`, matrix(outputs, rank));
    }
  writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: rank, lora_alpha: 8 }));
  return folder;
}
