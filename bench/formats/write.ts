/**
 * Writes everything that Docent exports, and the logits that its engine computes in f32, for peft_parity.py to compare
 * with PEFT and transformers: `npx tsx bench/formats/write.ts BASE.gguf OUT`
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readAdapter } from '../../src/inference/checkpoint/adapter.ts';
import { writeAdapter } from '../../src/inference/checkpoint/adapter-writer.ts';
import { openCheckpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { writeExport } from '../../src/inference/checkpoint/export.ts';
import { sources, writeSafetensors } from '../../src/inference/checkpoint/safetensors-writer.ts';
import { prepare } from '../../src/inference/graph/prepared.ts';
import { createArena } from '../../src/inference/runtime/arena.ts';
import { chooseRuntime } from '../../src/inference/runtime/open.ts';
import goldens from '../../tests/goldens/smollm2.json' with { type: 'json' };

const [base, out] = process.argv.slice(2).map((path) => resolve(path));
if (!base || !out) throw new Error('usage: tsx bench/formats/write.ts BASE.gguf OUT');
const reader = resolve(import.meta.dirname, '../../models/reader');
const prompts = goldens.reader.slice(0, 3).map(({ prompt }) => prompt);
mkdirSync(out, { recursive: true });

// Adapters: the shipped one written anew, and its upper half alone.
const checkpoint = openCheckpoint(base);
const { rank, scale, pairs } = readAdapter(reader, checkpoint.config);
const half = checkpoint.config.layers / 2;
checkpoint.close();
const adapter = {
  rank,
  alpha: scale * rank,
  base: { name: 'smollm2-135m-instruct', sha256: null },
  promptVersion: '-',
};
const upper = new Map([...pairs].filter(([key]) => Number.parseInt(key, 10) >= half));
writeAdapter(join(out, 'adapters/reader'), { ...adapter, pairs });
writeAdapter(join(out, 'adapters/upper'), { ...adapter, pairs: upper });
writeAdapter(join(out, 'adapters/halves'), { ...adapter, pairs }, { type: 'F16' });

// Whole models.
const whole = { base, name: 'parity' } as const;
const f32 = { format: 'safetensors', precision: 'f32' } as const;
writeExport({ ...whole, ...f32, adapterFolder: null, target: join(out, 'base') });
writeExport({ ...whole, ...f32, adapterFolder: reader, target: join(out, 'merged') });
for (const precision of ['f16', 'q8_0'] as const)
  writeExport({ ...whole, format: 'gguf', precision, adapterFolder: reader, target: join(out, `${precision}.gguf`) });

// Logits of every position.
const cacheFolder = join(out, 'cache');
const runtimes = await chooseRuntime({ threads: 2, device: 'cpu', runtime: 'native' }, cacheFolder);
const adapters = { base: null, reader: join(out, 'adapters/reader'), upper: join(out, 'adapters/upper') };
for (const [name, adapterFolder] of Object.entries(adapters)) {
  const runtime = await runtimes.open(prepare({ base, adapterFolder, weights: 'f32', cacheFolder }));
  const tensors: [string, { shape: number[]; data: Float32Array }][] = [];
  for (const [i, prompt] of prompts.entries()) {
    const width = prompt.length;
    const step = { firstSlot: 0, rows: 1, width, tokens: Int32Array.from(prompt), past: Int32Array.of(0) };
    const { logits } = await runtime.run(
      { ...step, logitRows: [...prompt.keys()] },
      createArena(runtime.shape, 1, 128),
    );
    tensors.push([`ids.${i}`, { shape: [width], data: Float32Array.from(prompt) }]);
    tensors.push([`logits.${i}`, { shape: [width, logits.length / width], data: logits.slice() }]);
  }
  await runtime.close();
  writeSafetensors(join(out, `logits-${name}.safetensors`), sources(tensors));
}
