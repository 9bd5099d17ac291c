import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import goldens from '../../../tests/goldens/tiny.json' with { type: 'json' };
import { configFromJson } from '../checkpoint/model-config.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { buildDecoder, decoderShape, storeDecoder } from '../graph/decoder.ts';
import type { WeightsType } from '../graph/stored-weights.ts';
import { createWeightsFile } from '../graph/weights-file.ts';
import { createArena } from './arena.ts';
import { openNative } from './native.ts';
import { openOrtApi } from './ort-api.ts';
import { openPortable } from './portable.ts';
import type { Runtime } from './runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'docent-runtime-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const api = openOrtApi();

type Kind = Runtime['kind'];
async function open(family: keyof typeof goldens, weights: WeightsType, kind: Kind): Promise<Runtime> {
  const config = configFromJson(goldens[family].config, family);
  const name = join(folder, `${family}-${weights}-${kind}`);
  const file = createWeightsFile(`${name}.weights`);
  const stored = storeDecoder(randomCheckpoint(config), file, weights);
  file.close();
  const graph = `${name}.onnx`;
  writeFileSync(graph, buildDecoder(config, stored, { cache: kind === 'native' ? 'inPlace' : 'appended' }));
  const options = { graph, shape: decoderShape(config), threads: 1 };
  return kind === 'native' ? openNative(api, options) : openPortable({ ...options, device: 'cpu' });
}

/** Logits behind a prompt that is fed in chunks and at last token by token. */
async function logitsOf(runtime: Runtime, prompt: readonly number[], slot = 0): Promise<Float32Array> {
  const arena = createArena(runtime.shape, slot + 1, 64);
  const widths = [11, 20, ...Array.from({ length: prompt.length - 31 }, () => 1)];
  let past = 0;
  let logits = new Float32Array(0);
  for (const width of widths) {
    const tokens = Int32Array.from(prompt.slice(past, past + width));
    const step = { firstSlot: slot, rows: 1, width, tokens, past: Int32Array.of(past), logitRows: [width - 1] };
    const scores = await runtime.run(step, arena);
    logits = Float32Array.from(scores.logits);
    const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
    expect(Math.abs(scores.logSums[0]! - sum)).toBeLessThan(1e-4);
    past += width;
  }
  return logits;
}
const largestDifference = (a: Float32Array, b: ArrayLike<number>) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe.each(['native', 'portable'] as const)('%s runtime', (kind) => {
  test.each(Object.keys(goldens) as (keyof typeof goldens)[])('%s equals PyTorch in f32', async (family) => {
    const runtime = await open(family, 'f32', kind);
    const { prompt, logits } = goldens[family];
    expect(largestDifference(await logitsOf(runtime, prompt), logits)).toBeLessThan(1e-4);
    // In another slot the same.
    expect(largestDifference(await logitsOf(runtime, prompt, 2), logits)).toBeLessThan(1e-4);
    await runtime.close();
  });

  test.each([
    ['int8', 0.15],
    ['int4', 2],
  ] as const)('%s stays close to f32', async (weights, tolerance) => {
    const runtime = await open('qwen2', weights, kind);
    const difference = largestDifference(await logitsOf(runtime, goldens.qwen2.prompt), goldens.qwen2.logits);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(tolerance);
    await runtime.close();
  });
});
