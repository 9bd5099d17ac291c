/**
 * How good written questions are: for each answerable question of an examples file the writer writes another one to the
 * same words, and the reader answers both from their own passage. The share that it answers as asked is what counts;
 * people's (or the recipe's) own questions are the mark to compare with.
 *
 *   npx tsx training/recipes/score-writer.ts EXAMPLES.jsonl --base BASE.gguf [--writer models/writer] [--reader models/reader]
 *     [--limit 100] [--show 20]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { f1Of, sameAnswer } from '../../src/eval/squad.ts';
import { createEngine } from '../../src/inference/engine.ts';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { createQuestionWriter } from '../../src/learn/question-writer.ts';
import { createPromptRenderer } from '../../src/reader/prompt.ts';
import { createReader } from '../../src/reader/read.ts';
import { type Example, readExamples } from '../data/examples.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string' },
    writer: { type: 'string', default: 'models/writer' },
    reader: { type: 'string', default: 'models/reader' },
    limit: { type: 'string', default: '100' },
    show: { type: 'string', default: '0' },
  },
});
const base = values.base!;
const cacheFolder = mkdtempSync(join(tmpdir(), 'docent-writer-'));
const engine = createEngine({
  base: { path: resolve(base), name: 'base' },
  adapterFolder: resolve(values.reader),
  cacheFolder,
  config: { threads: 2, device: 'cpu', runtime: 'auto', weights: 'int8', kvPoolMb: 256 },
});
await engine.start();
const tokenizer = loadTokenizer(base);
const writer = createQuestionWriter({ engine, tokenizer, adapter: resolve(values.writer) });
const reader = createReader({
  engine,
  prompt: createPromptRenderer(tokenizer),
  forms: () => ({ yesNo: true, several: false }),
});

type Tally = { asked: number; written: number; right: number; f1: number; ownRight: number; ownF1: number };
const tallies = new Map<string, Tally>();
const tallyOf = (form: string): Tally => {
  const known = tallies.get(form) ?? { asked: 0, written: 0, right: 0, f1: 0, ownRight: 0, ownF1: 0 };
  tallies.set(form, known);
  return known;
};
const textOf = ({ pieces }: Example) => {
  const length = Math.max(...pieces.map(({ end }) => end ?? 0));
  const chars = Array.from({ length }, () => ' ');
  for (const { text, start } of pieces)
    if (start !== undefined) for (let i = 0; i < text.length; i += 1) chars[start + i] = text[i]!;
  return chars.join('');
};

let toShow = Number(values.show);
for (const example of (await readExamples(positionals[0]!)).slice(0, Number(values.limit))) {
  const asked = example.questions.filter(({ form }) => form !== 'none');
  const document = textOf(example);
  const written = await writer.write(
    example.pieces,
    asked.map(({ form, spans }) => ({ kind: form as 'span', spans })),
  );
  /** How well a reading of the own passage gives what was asked for. */
  const reading = async (question: string, { form, spans }: (typeof asked)[number]): Promise<number> => {
    const [read] = await reader.read(question, [example.pieces]);
    if (!read || read.pFound < 0.5) return 0;
    if (form === 'yes' || form === 'no') return Number(read.form === form);
    const said = read.spans.map(({ start, end }) => document.slice(start, end)).join(' ');
    return f1Of(said, spans.map(([start, end]) => document.slice(start, end)).join(' '));
  };
  for (const [i, question] of asked.entries()) {
    const tally = tallyOf(question.form);
    tally.asked += 1;
    const own = await reading(question.question, question);
    tally.ownF1 += own;
    tally.ownRight += Number(own >= sameAnswer);
    const text = written[i]?.question;
    if (!text) continue;
    tally.written += 1;
    const f1 = await reading(text, question);
    tally.f1 += f1;
    tally.right += Number(f1 >= sameAnswer);
    if (toShow > 0) {
      toShow -= 1;
      const words = question.spans.map(([start, end]) => document.slice(start, end)).join(' ; ');
      console.error(
        `${question.form}: ${words}\n  own: ${question.question}\n  new: ${text}   (read: ${f1.toFixed(2)})`,
      );
    }
  }
}
const share = (count: number, of: number): number => Math.round((1000 * count) / Math.max(1, of)) / 1000;
const report = Object.fromEntries(
  [...tallies].map(([form, { asked, written, right, f1, ownRight, ownF1 }]) => [
    form,
    {
      asked,
      written: share(written, asked),
      answered_as_asked: share(right, written),
      mean_f1: share(f1, written),
      own_questions_answered: share(ownRight, asked),
      own_mean_f1: share(ownF1, asked),
    },
  ]),
);
console.log(JSON.stringify(report));
await engine.stop();
rmSync(cacheFolder, { recursive: true, force: true });
