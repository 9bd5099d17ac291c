/**
 * What an accelerator gives here, as JSON lines: gradients of tiny models against the CPU's, the serving self-test,
 * training speed on given examples, and speed and agreement of the served base.
 *
 *   npx tsx bench/device/probe.ts --device cuda [--base BASE.gguf] [--examples EXAMPLES.jsonl] [--steps 6] [--rows 8,16]
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { tinyConfig } from '../../src/inference/checkpoint/random.ts';
import { buildDecoder, decoderShape, storeDecoder } from '../../src/inference/graph/decoder.ts';
import type { WeightsType } from '../../src/inference/graph/stored-weights.ts';
import { createWeightsFile } from '../../src/inference/graph/weights-file.ts';
import { createArena } from '../../src/inference/runtime/arena.ts';
import { chooseRuntime } from '../../src/inference/runtime/open.ts';
import { type Device, openPortable } from '../../src/inference/runtime/portable.ts';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { batchOf, inGroups } from '../../training/data/batch.ts';
import { createRowMaker, readExamples } from '../../training/data/examples.ts';
import { compareGradients, openExecutor } from '../../training/engine/device.ts';
import { readFrozen } from '../../training/engine/frozen-weights.ts';
import { layoutOf } from '../../training/engine/layout.ts';
import { startParameters } from '../../training/engine/start-parameters.ts';
import { type Method, trainedShapes } from '../../training/graph/parameters.ts';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    base: { type: 'string' },
    examples: { type: 'string' },
    steps: { type: 'string', default: '6' },
    rows: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    weights: { type: 'string', default: 'int8,f32' },
  },
});
const device = values.device as Device;
const threads = Number(values.threads);
const report = (what: string, figures: object): void => console.log(JSON.stringify({ what, device, ...figures }));
/** One failure must not hide the other figures. */
const attempt = async (what: string, run: () => Promise<object>): Promise<void> => {
  const began = performance.now();
  try {
    report(what, { ...(await run()), seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    report(what, { failed: String(error).slice(0, 600) });
  }
};
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

const lora: Method = { kind: 'lora', rank: 16, alpha: 32, firstLayer: 0 };
for (const method of [lora, { kind: 'full' } as const])
  await attempt(`gradients, ${method.kind}`, () =>
    compareGradients(tinyConfig, method, 'f32', device, { threads, recompute: 'cheap' }),
  );
const folder = mkdtempSync(join(tmpdir(), 'docent-device-'));
await attempt('serving self-test', async () => {
  const chosen = await chooseRuntime({ threads, device, runtime: 'portable' }, folder);
  return { chosen: chosen.device, reason: chosen.reason };
});

async function trainingSpeed(base: string, examples: string, rowsAtOnce: number): Promise<object> {
  const checkpoint = openCheckpoint(base);
  const maker = createRowMaker(loadTokenizer(base), 640);
  const made = (await readExamples(examples)).flatMap((example) => maker.row(example) ?? []);
  const layout = layoutOf(trainedShapes(checkpoint.config, lora));
  const parameters = startParameters(checkpoint, lora, layout, null, 1);
  const executor = await openExecutor(
    {
      config: checkpoint.config,
      method: lora,
      frozen: 'f32',
      weights: readFrozen(checkpoint, 'f32'),
      layout,
      parameters,
    },
    device,
    { threads, recompute: 'cheap', rowsAtOnce },
  );
  const gradient = new Float32Array(layout.size);
  const speeds: number[] = [];
  const losses: number[] = [];
  for (let step = 0; step <= Number(values.steps); step += 1) {
    const rows = made.slice(step * rowsAtOnce, (step + 1) * rowsAtOnce);
    if (rows.length === 0) break;
    const answers = rows.reduce((sum, row) => sum + row.answers, 0);
    const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);
    const began = performance.now();
    let loss = 0;
    for (const group of inGroups(rows, executor.rowsAtOnce))
      loss += await executor.accumulate(batchOf(group, answers), gradient);
    // The first one builds the session.
    if (step > 0) speeds.push((tokens / (performance.now() - began)) * 1000);
    losses.push(loss);
  }
  await executor.close();
  return { rowsAtOnce, tokensPerSecond: median(speeds), fastest: Math.max(...speeds), losses };
}

/** A prompt of 512 tokens, then 32 steps of 1 and of 8 rows: tokens per second, and the best token of each step. */
async function servingSpeed(base: string, weights: WeightsType, on: Device): Promise<{ best: number[] }> {
  const checkpoint = openCheckpoint(base);
  const file = createWeightsFile(join(folder, `weights-${weights}`));
  const stored = storeDecoder(checkpoint, file, weights);
  file.close();
  const graph = join(folder, `appended-${weights}.onnx`);
  writeFileSync(graph, buildDecoder(checkpoint.config, stored, { cache: 'appended' }));
  const shape = decoderShape(checkpoint.config);
  const runtime = await openPortable({ graph, shape, threads, device: on });
  const [rows, prompt, steps] = [8, 512, 32];
  const arena = createArena(shape, rows, prompt + steps);
  const argmax = (logits: Float32Array, from: number) => {
    let best = from;
    for (let i = from; i < from + shape.vocab; i += 1) if (logits[i]! > logits[best]!) best = i;
    return best - from;
  };
  const ids = (slot: number) => Int32Array.from({ length: prompt }, (_, i) => (i * 131 + slot * 7919) % shape.vocab);
  const prefill = async (slot: number) => {
    const began = performance.now();
    const { logits } = await runtime.run(
      { firstSlot: slot, rows: 1, width: prompt, tokens: ids(slot), past: Int32Array.of(0), logitRows: [prompt - 1] },
      arena,
    );
    return { ms: performance.now() - began, next: argmax(logits, 0) };
  };
  const prefills: number[] = [];
  let next: number[] = [];
  for (let slot = 0; slot < rows; slot += 1) {
    const { ms, next: token } = await prefill(slot);
    prefills.push(ms);
    next.push(token);
  }
  const first = next;
  const best = [...next];
  const figures: Record<string, number> = { prefill: (prompt / median(prefills.slice(1))) * 1000 };
  for (const count of [1, rows]) {
    next = first.slice(0, count);
    const took: number[] = [];
    for (let step = 0; step < steps; step += 1) {
      const began = performance.now();
      const { logits } = await runtime.run(
        {
          firstSlot: 0,
          rows: count,
          width: 1,
          tokens: Int32Array.from(next),
          past: new Int32Array(count).fill(prompt + step),
          logitRows: next.map((_, row) => row),
        },
        arena,
      );
      took.push(performance.now() - began);
      next = next.map((_, row) => argmax(logits, row * shape.vocab));
      best.push(...next);
    }
    figures[`decode${count}`] = (count / median(took.slice(1))) * 1000;
  }
  await runtime.close();
  report(`serving, ${weights}, on ${on}`, { ...figures });
  return { best };
}

if (values.base && values.examples)
  for (const rows of values.rows.split(','))
    await attempt('training', () => trainingSpeed(values.base!, values.examples!, Number(rows)));
if (values.base)
  for (const weights of values.weights.split(',').filter(Boolean) as WeightsType[])
    await attempt(`serving, ${weights}`, async () => {
      const [here, cpu] = [
        await servingSpeed(values.base!, weights, device),
        await servingSpeed(values.base!, weights, 'cpu'),
      ];
      return { equalTokens: here.best.filter((token, i) => token === cpu.best[i]).length, of: cpu.best.length };
    });
