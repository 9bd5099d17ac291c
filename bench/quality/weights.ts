/**
 * What stored weights cost in quality: the shipped reader in f32, int8 and int4 on the same questions with a passage given.
 * Perplexity is that of the right words' tokens behind their lead; F1 by SQuAD 2.0's rules at the calibrated threshold.
 *
 *   npx tsx bench/quality/weights.ts --base BASE.gguf --questions FILE.jsonl [--take 400] [--weights f32,int8,int4] [--cache FOLDER]
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { givenPieces, readEvalFile } from '../../src/eval/run.ts';
import { score } from '../../src/eval/squad.ts';
import { createEngine } from '../../src/inference/engine.ts';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { type Calibration, confidenceOf } from '../../src/reader/calibration.ts';
import { createPromptRenderer } from '../../src/reader/prompt.ts';
import { createReader } from '../../src/reader/read.ts';

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    questions: { type: 'string' },
    take: { type: 'string', default: '400' },
    weights: { type: 'string', default: 'f32,int8,int4' },
    cache: { type: 'string', default: join(tmpdir(), 'docent-weights-cache') },
  },
});
const base = resolve(values.base!);
const adapterFolder = resolve(import.meta.dirname, '../../models/reader');
const manifest = JSON.parse(readFileSync(join(adapterFolder, 'manifest.json'), 'utf8')) as {
  givenPassage: Calibration;
  forms: { yesNo: boolean; several: boolean };
};
const calibration = manifest.givenPassage;
const tokenizer = loadTokenizer(base);
const prompt = createPromptRenderer(tokenizer);

const all = (await readEvalFile(values.questions!)).filter(({ context }) => context !== undefined);
// Evenly over the file, which holds many questions of one passage behind each other.
const lines = Array.from(
  { length: Number(values.take) },
  (_, i) => all[Math.floor((i * all.length) / Number(values.take))]!,
);

const wordsOf: Record<string, (string | null)[]> = {};
console.log(
  '| weights | F1 | exact | perplexity | same words as the first | ms a question |\n| --- | ---: | ---: | ---: | ---: | ---: |',
);
for (const weights of values.weights.split(',') as ('f32' | 'int8' | 'int4')[]) {
  const engine = createEngine({
    base: { path: base, name: 'bench' },
    adapterFolder,
    cacheFolder: values.cache,
    config: { threads: 0, device: 'cpu', runtime: 'auto', weights, kvPoolMb: 256 },
  });
  await engine.start();
  const reader = createReader({ engine, prompt, forms: () => manifest.forms });
  let [f1, em, surprise, tokens] = [0, 0, 0, 0];
  const said: (string | null)[] = [];
  const began = performance.now();
  for (const { title, context, question, answers, impossible } of lines) {
    const pieces = givenPieces(title, context!);
    const [reading] = await reader.read(question, [pieces]);
    const sure = confidenceOf(reading!.pFound, calibration) >= calibration.threshold;
    const words = sure ? reading!.spans.map(({ start, end }) => context!.slice(start, end)).join('; ') : null;
    said.push(words);
    const scored = score(words, answers, impossible);
    f1 += scored.f1;
    em += scored.em;
    if (impossible) continue;
    const gold = [...prompt.lead, ...tokenizer.encode(` ${answers[0]}`), prompt.end];
    const { prefix } = prompt.passage(pieces);
    const none = new Uint8Array(0);
    const constraint = { tokens: new Int32Array(0), starts: none, ends: none, leads: [gold], end: prompt.end };
    const request = { rows: [{ prefix, suffix: prompt.question(question), constraint }], stop: [] };
    const [forced] = await engine.generate({ ...request, maxTokens: gold.length });
    const behindLead = [...forced!.logprobs].slice(prompt.lead.length, gold.length);
    surprise -= behindLead.reduce((sum, value) => sum + value, 0);
    tokens += behindLead.length;
  }
  const took = (performance.now() - began) / lines.length;
  await engine.stop();
  wordsOf[weights] = said;
  const first = Object.values(wordsOf)[0]!;
  const same = said.filter((words, i) => words === first[i]).length / said.length;
  const cells = [f1 / lines.length, em / lines.length, Math.exp(surprise / tokens), same].map((x) => x.toFixed(3));
  console.log(`| ${weights} | ${cells.join(' | ')} | ${took.toFixed(0)} |`);
}
