import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { readAdapter, withAdapter } from '../checkpoint/adapter.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { randomCheckpoint, tinyConfig } from '../checkpoint/random.ts';
import type { Tensor } from '../checkpoint/safetensors.ts';
import { writeTinyAdapter } from '../testing.ts';
import { buildDecoder, storeDecoder } from './decoder.ts';
import { loraInputs } from './lora-inputs.ts';
import { createWeightsFile } from './weights-file.ts';

test('rows of one batch with different adapters as inputs equal merged weights', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'docent-lora-'));
  const { layers, kvHeads, headDim, vocab } = tinyConfig;
  const session = async (name: string, checkpoint: Checkpoint, loraRank: number) => {
    const file = createWeightsFile(join(folder, `${name}.weights`));
    const stored = storeDecoder(checkpoint, file, 'f32');
    file.close();
    writeFileSync(join(folder, `${name}.onnx`), buildDecoder(tinyConfig, stored, { cache: 'appended', loraRank }));
    return ort.InferenceSession.create(join(folder, `${name}.onnx`), { intraOpNumThreads: 1 });
  };
  const integers = (values: number[], dims: number[]) =>
    new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  /** Logits of one token a row, nothing before it. */
  const run = async (model: ort.InferenceSession, tokens: number[], more: ReadonlyMap<string, Tensor> = new Map()) => {
    const rows = tokens.length;
    const feeds: Record<string, ort.Tensor> = {
      input_ids: integers(tokens, [rows, 1]),
      position_ids: integers(
        tokens.map(() => 0),
        [rows, 1],
      ),
      logit_rows: integers([...tokens.keys()], [rows]),
      seqlens_k: new ort.Tensor('int32', new Int32Array(rows), [rows]),
      total_len: new ort.Tensor('int32', Int32Array.of(1), []),
    };
    const empty = new Float32Array(rows * kvHeads * 8 * headDim);
    for (let layer = 0; layer < layers; layer += 1)
      for (const part of ['k', 'v'])
        feeds[`past.${layer}.${part}`] = new ort.Tensor('float32', empty, [rows, kvHeads, 8, headDim]);
    for (const [name, { shape, data }] of more) feeds[name] = new ort.Tensor('float32', data, shape);
    return (await model.run(feeds)).logits!.data as Float32Array;
  };
  try {
    const base = randomCheckpoint();
    const adapters = [
      readAdapter(writeTinyAdapter(join(folder, 'a'), 7, 4), tinyConfig),
      readAdapter(writeTinyAdapter(join(folder, 'b'), 8, 8), tinyConfig),
    ];
    const inputs = loraInputs(tinyConfig, adapters);
    expect(inputs.rank).toBe(12);
    const shared = await session('shared', base, inputs.rank);
    const token = 77;
    const mixed = await run(
      shared,
      [token, token, token],
      new Map([...inputs.matrices, ...inputs.masks([1, null, 0])]),
    );
    const alone = [withAdapter(base, adapters[1]!), base, withAdapter(base, adapters[0]!)];
    const seen: Float32Array[] = [];
    for (const [row, checkpoint] of alone.entries()) {
      const expected = await run(await session(`merged-${row}`, checkpoint, 0), [token]);
      const found = mixed.subarray(row * vocab, (row + 1) * vocab);
      expect(found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)).toBeLessThan(1e-4);
      seen.push(expected);
    }
    // The adapters say different things, else the test would prove nothing.
    expect(seen[0]!.some((value, i) => Math.abs(value - seen[2]![i]!) > 0.1)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
