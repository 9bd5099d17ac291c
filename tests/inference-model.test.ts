/** The real base and the shipped reader against PyTorch in f32 (tests/goldens/make_goldens.py), through both runtimes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GenerateRequest, RowResult } from '../src/inference/contract.ts';
import { type Prepared, prepare } from '../src/inference/graph/prepared.ts';
import { createKvPool } from '../src/inference/kv-pool.ts';
import { createArena } from '../src/inference/runtime/arena.ts';
import { chooseRuntime } from '../src/inference/runtime/open.ts';
import type { Runtime } from '../src/inference/runtime/runtime.ts';
import { createScheduler } from '../src/inference/scheduler.ts';
import { loadTokenizer } from '../src/inference/tokenizer.ts';
import goldens from './goldens/smollm2.json' with { type: 'json' };
import { testBase } from './setup/base.ts';

const reader = resolve(import.meta.dirname, '../models/reader');
const cacheFolder = mkdtempSync(join(tmpdir(), 'docent-model-'));
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true }));

let base: string;
let bare: Prepared;
beforeAll(async () => {
  base = (await testBase()).path;
  bare = prepare({ base, adapterFolder: null, weights: 'f32', cacheFolder });
});

const open = async (kind: Runtime['kind'], prepared: Prepared) =>
  (await chooseRuntime({ threads: 2, device: 'cpu', runtime: kind }, cacheFolder)).open(prepared);

/** Greedy texts of all prompts, batched. */
async function generate(runtime: Runtime, prompts: readonly number[][], maxTokens: number, stop: number) {
  const scheduler = createScheduler(createKvPool(runtime.shape, 256 * 1024 * 1024));
  scheduler.addModel('model', runtime);
  const request: GenerateRequest = {
    rows: prompts.map((prompt) => ({
      prefix: Int32Array.from(prompt.slice(0, 30)),
      suffix: Int32Array.from(prompt.slice(30)),
    })),
    maxTokens,
    stop: [stop],
  };
  const results = await new Promise<readonly RowResult[]>((onDone, onError) => {
    scheduler.submit({ request, model: 'model', onDone, onError });
  });
  return results.map((result) => [...result.tokens]);
}

describe.each(['native', 'portable'] as const)('%s runtime in f32', (kind) => {
  test('logits of the base equal those of PyTorch within 1e-3', async () => {
    const runtime = await open(kind, bare);
    for (const { prompt, ids, values } of goldens.logits) {
      const { logits } = await runtime.run(
        {
          firstSlot: 0,
          rows: 1,
          width: prompt.length,
          tokens: Int32Array.from(prompt),
          past: Int32Array.of(0),
          logitRows: [prompt.length - 1],
        },
        createArena(runtime.shape, 1, 128),
      );
      for (const [i, id] of ids.entries()) {
        const scale = Math.max(1, Math.abs(values[i]!));
        expect(Math.abs(logits[id]! - values[i]!) / scale).toBeLessThan(1e-3);
      }
    }
    await runtime.close();
  });
});

describe('greedy texts', () => {
  const stop = 2;
  const same = (outputs: readonly number[][], expected: readonly { tokens: number[]; margin: number }[]) => {
    for (const [i, output] of outputs.entries()) {
      // Where PyTorch's two best tokens were this close, either is right.
      if (expected[i]!.margin < 1e-3) continue;
      expect(output, `prompt ${i}`).toEqual(expected[i]!.tokens);
    }
  };

  test('of the base equal those of PyTorch, batched', async () => {
    const runtime = await open('native', bare);
    same(
      await generate(
        runtime,
        goldens.base.map((golden) => golden.prompt),
        32,
        stop,
      ),
      goldens.base,
    );
    await runtime.close();
  });

  test('of the reader adapter equal those of PyTorch with the adapter merged', async () => {
    const runtime = await open('native', prepare({ base, adapterFolder: reader, weights: 'f32', cacheFolder }));
    same(
      await generate(
        runtime,
        goldens.reader.map((golden) => golden.prompt),
        24,
        stop,
      ),
      goldens.reader,
    );
    await runtime.close();
  });

  test('of the reader in int8 answer the same questions', async () => {
    const runtime = await open('native', prepare({ base, adapterFolder: reader, weights: 'int8', cacheFolder }));
    const tokenizer = loadTokenizer(base);
    const outputs = await generate(
      runtime,
      goldens.reader.map((golden) => golden.prompt),
      24,
      stop,
    );
    const equal = outputs.filter(
      (output, i) => tokenizer.decode(output) === tokenizer.decode(goldens.reader[i]!.tokens),
    );
    expect(equal.length).toBeGreaterThanOrEqual(goldens.reader.length - 2);
    await runtime.close();
  });
});
