/**
 * transformers.js with onnxruntime-node, from a folder where it was installed; Docent does not depend on it.
 *   node transformers-worker.mjs NODE_MODULES_FOLDER MODELS_FOLDER MODEL DTYPE THREADS
 * It has no continuous batching; equal prompts in one call are its batches.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [installed, models, name, dtype, threads] = process.argv.slice(2);
const require = createRequire(join(installed, 'package.json'));
const { AutoModelForCausalLM, Tensor, env } = await import(
  pathToFileURL(require.resolve('@huggingface/transformers')).href
);
env.localModelPath = models;
env.allowRemoteModels = false;
const model = await AutoModelForCausalLM.from_pretrained(name, {
  dtype,
  device: 'cpu',
  session_options: { intraOpNumThreads: Number(threads), interOpNumThreads: 1 },
});
const tokenId = (i) => 100 + ((i * 7919) % 20_000);
let salt = 0;
const seconds = async (rows, length, tokens) => {
  salt += 1;
  const ids = BigInt64Array.from({ length: rows * length }, (_, i) =>
    BigInt(tokenId(i % length === 0 ? salt + i : i % length)),
  );
  const input_ids = new Tensor('int64', ids, [rows, length]);
  const attention_mask = new Tensor('int64', new BigInt64Array(rows * length).fill(1n), [rows, length]);
  const began = performance.now();
  await model.generate({ input_ids, attention_mask, max_new_tokens: tokens, min_new_tokens: tokens, do_sample: false });
  return (performance.now() - began) / 1000;
};
const [promptTokens, depth, decoded] = [512, 256, 64];
const measures = {
  prefill: async () => promptTokens / (await seconds(1, promptTokens, 1)),
  firstToken: async () => 1000 * (await seconds(1, depth, 1)),
  decode: async (batch) => {
    const short = await seconds(batch, depth, 1);
    return (batch * decoded) / ((await seconds(batch, depth, decoded + 1)) - short);
  },
};
const say = (value) => process.stdout.write(`${JSON.stringify({ value })}\n`);
await seconds(1, 8, 1);
say(0);
for await (const line of createInterface({ input: process.stdin })) {
  const { measure, batch } = JSON.parse(line);
  say(await measures[measure](batch));
}
