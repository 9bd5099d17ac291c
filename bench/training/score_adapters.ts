/**
 * Loss of adapters on prepared rows, all in floats by Docent's engine, whoever trained them: one JSON line an adapter.
 *
 *   npx tsx bench/training/score_adapters.ts DEV_ROWS.jsonl --base BASE.gguf ADAPTER…
 */
import { parseArgs } from 'node:util';
import { readAdapter } from '../../src/inference/checkpoint/adapter.ts';
import { openCheckpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { batchOf } from '../../training/data/batch.ts';
import { openExecutor } from '../../training/engine/device.ts';
import { readFrozen } from '../../training/engine/frozen-weights.ts';
import { layoutOf } from '../../training/engine/layout.ts';
import { startParameters } from '../../training/engine/start-parameters.ts';
import { trainedShapes } from '../../training/graph/parameters.ts';
import { readRows } from './prepared-rows.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { base: { type: 'string' } } });
const [file, ...folders] = positionals as [string, ...string[]];
const rows = readRows(file);
const checkpoint = openCheckpoint(values.base!);
const method = { kind: 'lora', rank: 16, alpha: 32, firstLayer: 0 } as const;
const layout = layoutOf(trainedShapes(checkpoint.config, method));
const parameters = new Float32Array(layout.size);
const executor = await openExecutor(
  { config: checkpoint.config, method, frozen: 'f32', weights: readFrozen(checkpoint, 'f32'), layout, parameters },
  'cpu',
  { threads: 2, recompute: 'nothing' },
);
for (const folder of folders) {
  const adapter = readAdapter(folder, checkpoint.config);
  parameters.set(startParameters(checkpoint, method, layout, { folder, adapter }, 1));
  let loss = 0;
  for (const row of rows) loss += await executor.evaluate(batchOf([row], 1));
  // Every step's weights sum to 1: the mean over the steps that the rows make.
  const weight = rows.reduce((sum, row) => sum + row.weights.reduce((a, b) => a + b, 0), 0);
  console.log(JSON.stringify({ folder, loss: loss / weight }));
}
await executor.close();
