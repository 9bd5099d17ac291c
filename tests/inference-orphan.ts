/** A process that starts an engine, says so and waits to be killed: for inference-engine.test.ts. */
import { createEngine } from '../src/inference/engine.ts';

const engine = createEngine({
  base: { path: process.env.ORPHAN_BASE!, name: 'tiny' },
  adapterFolder: null,
  cacheFolder: process.env.ORPHAN_CACHE!,
  config: { threads: 1, device: 'cpu', runtime: 'auto', weights: 'int8', kvPoolMb: 32 },
});
await engine.start();
process.stdout.write('ready\n');
