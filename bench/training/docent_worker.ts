/**
 * Docent's side of the training benchmark: the same rows, optimizer and rate as peft_worker.py, one JSON line a step.
 *
 *   npx tsx bench/training/docent_worker.ts ROWS.jsonl --base BASE.gguf --init models/reader --frozen f32 --steps 12
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readAdapter } from '../../src/inference/checkpoint/adapter.ts';
import { writeAdapter } from '../../src/inference/checkpoint/adapter-writer.ts';
import { openCheckpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { promptVersion } from '../../src/reader/prompt.ts';
import { batchOf } from '../../training/data/batch.ts';
import { adamStep, createAdamState, defaultAdam } from '../../training/engine/adamw.ts';
import { openExecutor } from '../../training/engine/device.ts';
import { readFrozen } from '../../training/engine/frozen-weights.ts';
import { layoutOf } from '../../training/engine/layout.ts';
import { startParameters } from '../../training/engine/start-parameters.ts';
import { pairsOf } from '../../training/engine/trained-adapter.ts';
import type { Recomputation } from '../../training/graph/ops/recompute.ts';
import { trainedShapes } from '../../training/graph/parameters.ts';
import { readRows } from './prepared-rows.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string' },
    init: { type: 'string' },
    frozen: { type: 'string', default: 'f32' },
    steps: { type: 'string', default: '12' },
    'rows-per-step': { type: 'string', default: '8' },
    lr: { type: 'string', default: '3e-4' },
    out: { type: 'string' },
    'save-every': { type: 'string', default: '0' },
    threads: { type: 'string', default: '2' },
    recompute: { type: 'string', default: 'nothing' },
  },
});

const rows = readRows(positionals[0]!);
const checkpoint = openCheckpoint(values.base!);
const frozen = values.frozen as 'f32' | 'int8';
const method = { kind: 'lora', rank: 16, alpha: 32, firstLayer: 0 } as const;
const layout = layoutOf(trainedShapes(checkpoint.config, method));
const folder = values.init;
const start = folder ? { folder, adapter: readAdapter(folder, checkpoint.config) } : null;
const adam = createAdamState(startParameters(checkpoint, method, layout, start, 1));
const weights = readFrozen(checkpoint, frozen);
const problem = { config: checkpoint.config, method, frozen, weights, layout, parameters: adam.parameters };
const executor = await openExecutor(problem, 'cpu', {
  threads: Number(values.threads),
  recompute: values.recompute as Recomputation,
});
const perStep = Number(values['rows-per-step']);
const gradient = new Float32Array(layout.size);
for (let step = 0; step < Number(values.steps); step += 1) {
  const began = performance.now();
  gradient.fill(0);
  let [loss, tokens] = [0, 0];
  for (let i = 0; i < perStep; i += 1) {
    const row = rows[(step * perStep + i) % rows.length]!;
    // The weights of a prepared row are already shares of its step.
    loss += await executor.accumulate(batchOf([row], 1), gradient);
    tokens += row.ids.length;
  }
  adamStep(adam, gradient, Number(values.lr), defaultAdam);
  const seconds = (performance.now() - began) / 1000;
  const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  const every = Number(values['save-every']);
  if (every > 0 && (step + 1) % every === 0)
    writeAdapter(
      join(values.out!, `step-${step + 1}`),
      {
        rank: method.rank,
        alpha: method.alpha,
        pairs: pairsOf(layout, adam.parameters),
        base: { name: 'benchmark', sha256: null },
        promptVersion,
      },
      { type: 'F32' },
    );
  console.log(JSON.stringify({ step: step + 1, loss, tokens, seconds, rss_mb: rss, peak_mb: peak }));
}
await executor.close();
