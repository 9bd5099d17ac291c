/** Tiny models on disk for tests: random weights that are the same everywhere, no tokenizer. Not part of the product. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomNumbers } from '../random.ts';
import { type LoraPair, linearShapes } from './checkpoint/adapter.ts';
import { writeAdapter } from './checkpoint/adapter-writer.ts';
import { configToJson, type ModelConfig } from './checkpoint/model-config.ts';
import { randomCheckpoint, tinyConfig } from './checkpoint/random.ts';
import type { Tensor } from './checkpoint/safetensors.ts';
import { sources, writeSafetensors } from './checkpoint/safetensors-writer.ts';
import { weightShapes } from './checkpoint/weight-shapes.ts';

/** A checkpoint folder with the tiny model. */
export function writeTinyBase(folder: string, config: ModelConfig = tinyConfig): string {
  mkdirSync(folder, { recursive: true });
  const checkpoint = randomCheckpoint(config);
  writeSafetensors(
    join(folder, 'model.safetensors'),
    sources(weightShapes(config).map(([name]) => [name, checkpoint.read(name)] as const)),
  );
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configToJson(config)));
  return folder;
}

/** A byte-level BPE tokenizer with a few merges and a chat template, for a base that has to speak. */
export function writeTinyTokenizer(folder: string): void {
  // The bytes in GPT-2's letters: printable ones stand for themselves, the others for U+0100 and up.
  const printable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const hidden = bytes.filter((byte) => !printable(byte));
  const letters = bytes.map((byte) => String.fromCharCode(printable(byte) ? byte : 256 + hidden.indexOf(byte)));
  const merges = ['t h', 'th e', 'Ġ the', 'a n', 'an d'];
  const special = ['<|end|>', '<|im_start|>', '<|im_end|>'];
  const words = [...special, ...letters, ...merges.map((pair) => pair.replace(' ', ''))];
  const splitDigits = { type: 'Digits', individual_digits: true };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    version: '1.0',
    added_tokens: special.map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [splitDigits, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab: Object.fromEntries(words.map((word, id) => [word, id])), merges },
  };
  const settings = { eos_token: { content: '<|end|>' }, chat_template: '{{ messages[0].content }}' };
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(settings));
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
