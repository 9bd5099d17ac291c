/** A tiny base with a byte tokenizer, and examples that it can learn: for tests of whole runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelConfig } from '../../src/inference/checkpoint/model-config.ts';
import { tinyConfig } from '../../src/inference/checkpoint/random.ts';
import { writeTinyBase, writeTinyTokenizer } from '../../src/inference/testing.ts';
import { type RunSettings, runSettingsSchema } from './settings.ts';

/** Prompts of one token a byte are long. */
export const testConfig: ModelConfig = { ...tinyConfig, hidden: 32, headDim: 8, ffn: 48, vocab: 320, context: 1024 };

export function writeTestBase(folder: string): string {
  const path = writeTinyBase(join(folder, 'base'), testConfig);
  writeTinyTokenizer(path);
  return path;
}

const rooms = ['North', 'South', 'East', 'West', 'Upper', 'Lower'];

/** Passages about rooms and hours, each with a question that it answers and one that it does not. */
export function writeTestExamples(file: string, count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const hour = String(7 + (i % 5));
    const text = `The ${rooms[i % rooms.length]} room opens at ${hour}.`;
    const start = text.lastIndexOf(hour);
    return JSON.stringify({
      pieces: [{ text, start: 0, end: text.length }],
      questions: [
        { question: 'When does it open?', form: 'span', spans: [[start, start + hour.length]] },
        { question: 'Who cleans it?', form: 'none' },
      ],
    });
  });
  writeFileSync(file, lines.join('\n'));
  return file;
}

export function testSettings(folder: string, changes: Readonly<Record<string, unknown>> = {}): RunSettings {
  mkdirSync(folder, { recursive: true });
  return runSettingsSchema.parse({
    base: { path: writeTestBase(folder), name: 'tiny', sha256: null },
    examples: writeTestExamples(join(folder, 'examples.jsonl'), 12),
    output: join(folder, 'run'),
    method: { kind: 'lora', rank: 4, alpha: 8, firstLayer: 0 },
    schedule: { kind: 'constant', rate: 0.01, warmup: 0, floor: 1 },
    tokens: 20_000,
    rowsPerStep: 3,
    device: 'cpu',
    threads: 1,
    saveEvery: 2,
    ...changes,
  });
}
