/**
 * Runs of several rates over document sets of several sizes, each from the shipped reader, as they happen after uploads:
 * what `table.ts` is written from. An offline tool that takes an hour.
 *
 *   npx tsx training/tune/short-runs.ts OUT --base BASE.gguf --start models/reader --set NAME=TRAIN.jsonl,DEV.jsonl …
 *     [--sizes 24,96] [--rates 2e-4,5e-4,1e-3] [--epochs 3]
 *
 * Prints one JSON line a run: the loss on dev before, and after each epoch.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { createRowMaker, readExamples } from '../data/examples.ts';
import { runTraining } from '../engine/run.ts';
import { runSettingsSchema } from '../engine/settings.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string' },
    start: { type: 'string', default: 'models/reader' },
    set: { type: 'string', multiple: true, default: [] },
    sizes: { type: 'string', default: '24,96' },
    rates: { type: 'string', default: '2e-4,5e-4,1e-3' },
    epochs: { type: 'string', default: '3' },
  },
});
const [output] = positionals;
const base = values.base;
if (!output || !base) throw new Error('usage: short-runs.ts OUT --base BASE.gguf --set NAME=TRAIN.jsonl,DEV.jsonl …');
const epochs = Number(values.epochs);
const rowsPerStep = 8;
const maker = createRowMaker(loadTokenizer(base), 640);

for (const set of values.set) {
  const [, name, train, dev] = /^(.+)=(.+),(.+)$/.exec(set) as unknown as [string, string, string, string];
  for (const size of values.sizes.split(',').map(Number)) {
    const examples = join(output, `${name}-${size}.jsonl`);
    mkdirSync(output, { recursive: true });
    writeFileSync(examples, readFileSync(train, 'utf8').trim().split('\n').slice(0, size).join('\n'));
    const rows = (await readExamples(examples)).flatMap((example) => maker.row(example) ?? []);
    const tokensOfEpoch = rows.reduce((sum, { ids }) => sum + ids.length, 0);
    for (const rate of values.rates.split(',').map(Number)) {
      const losses: { step: number; loss: number }[] = [];
      const settings = runSettingsSchema.parse({
        base: { path: resolve(base), name: 'base', sha256: null },
        start: resolve(values.start),
        examples,
        dev,
        output: join(output, `${name}-${size}-${rate}`),
        frozen: 'int8',
        schedule: { kind: 'cosine', rate, warmup: 0.05, floor: 0.05 },
        tokens: tokensOfEpoch * epochs,
        rowsPerStep,
        evaluateEvery: Math.ceil(size / rowsPerStep),
      });
      const { progress } = await runTraining(settings, (event) => {
        if (event.type === 'dev') losses.push({ step: event.step, loss: Number(event.loss.toFixed(4)) });
      });
      const { questions, seconds, tokens } = progress;
      console.log(
        JSON.stringify({
          set: name,
          contexts: size,
          rate,
          tokensOfEpoch,
          questionsAnEpoch: Math.round(questions / epochs),
          tokens,
          seconds: Math.round(seconds),
          best: progress.bestDev,
          losses,
        }),
      );
    }
  }
}
