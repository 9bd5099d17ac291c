/**
 * Docent's engine as it serves, child process and messages included, from the built files. The KV pool is twice the
 * default one, so that sixteen prompts stay read while their decoding is measured.
 *   npx tsx bench/serving/sides/docent-worker.ts BASE.gguf WEIGHTS THREADS CACHE_FOLDER
 */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { createEngine as CreateEngine } from '../../../src/inference/engine.ts';
import { decoded, depth, promptTokens, tokenId } from './side.ts';

const [base, weights, threads, cacheFolder] = process.argv.slice(2) as [string, 'int8', string, string];
const built = resolve(import.meta.dirname, '../../../dist/src/inference/engine.js');
const { createEngine } = (await import(built)) as { createEngine: typeof CreateEngine };
const engine = createEngine({
  base: { path: base, name: 'bench' },
  adapterFolder: null,
  cacheFolder,
  config: { threads: Number(threads), device: 'cpu', runtime: 'auto', weights, kvPoolMb: 512 },
});

let salt = 0;
/** Tokens that were never read before. */
const fresh = (length: number): Int32Array => {
  salt += 1;
  return Int32Array.from({ length }, (_, i) => tokenId(i === 0 ? salt : i));
};
const suffix = Int32Array.of(tokenId(0));
const time = async (prefixes: readonly Int32Array[], maxTokens: number): Promise<number> => {
  const began = performance.now();
  await engine.generate({ rows: prefixes.map((prefix) => ({ prefix, suffix })), maxTokens, stop: [] });
  return (performance.now() - began) / 1000;
};

const measures = {
  prefill: async () => promptTokens / (await time([fresh(promptTokens - 1)], 1)),
  firstToken: async () => 1000 * (await time([fresh(depth - 1)], 1)),
  decode: async (batch: number) => {
    const prefixes = Array.from({ length: batch }, () => fresh(depth - 1));
    await time(prefixes, 1);
    const short = await time(prefixes, 1);
    return (batch * decoded) / ((await time(prefixes, decoded + 1)) - short);
  },
};

const say = (value: number) => process.stdout.write(`${JSON.stringify({ value })}\n`);
await engine.start();
await time([fresh(8)], 1);
say(0);
for await (const line of createInterface({ input: process.stdin })) {
  const { measure, batch } = JSON.parse(line) as { measure: keyof typeof measures; batch: number };
  say(await measures[measure](batch));
}
await engine.stop();
