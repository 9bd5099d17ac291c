/**
 * Examples for the shipped reader from general question answering data (JSON lines: title, source, context, question,
 * answers, impossible). One context a line, read alone, with its own questions, people's unanswerable ones, and questions
 * that another passage of the same article answers, which is what a search brings up beside the right passage.
 *
 *   npx tsx training/recipes/base-data.ts QA.jsonl EXAMPLES.jsonl [--seed 1] [--limit N] [--skip N] [--plain]
 *     [--answerable 6] [--unanswerable 2]
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { restyled } from '../../src/learn/restyle.ts';
import { createRandom } from '../../src/random.ts';
import { epochOrder } from '../data/random.ts';

interface Line {
  readonly source: string;
  readonly title: string;
  readonly context: string;
  readonly question: string;
  readonly answers: readonly string[];
  readonly impossible: boolean;
}

/** Longer contexts leave no room for questions in a row of 640 tokens. */
const maxContextCharacters = 2200;
/** Sources whose title is not that of an article. */
const untitled = new Set(['qamr']);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    limit: { type: 'string', default: 'Infinity' },
    skip: { type: 'string', default: '0' },
    plain: { type: 'boolean', default: false },
    answerable: { type: 'string', default: '6' },
    unanswerable: { type: 'string', default: '2' },
  },
});
const [input, output] = positionals;
if (!input || !output) throw new Error('usage: base-data.ts QA.jsonl EXAMPLES.jsonl');
const seed = Number(values.seed);
const [answerableEach, unanswerableEach] = [Number(values.answerable), Number(values.unanswerable)];
const { next, shuffled } = createRandom(seed);

const byContext = new Map<string, Line[]>();
const byTitle = new Map<string, string[]>();
for await (const text of createInterface({ input: createReadStream(input) })) {
  const line = JSON.parse(text) as Line;
  const known = byContext.get(line.context);
  if (known) known.push(line);
  else {
    byContext.set(line.context, [line]);
    byTitle.set(line.title, [...(byTitle.get(line.title) ?? []), line.context]);
  }
}

const answerable = (line: Line): boolean => !line.impossible && Boolean(line.answers[0]);
const ask = (question: string): string => (values.plain ? question : restyled(question, next));

function example(context: string): string | null {
  const lines = byContext.get(context)!;
  const { title, source } = lines[0]!;
  if (context.length > maxContextCharacters) return null;
  const neighbours = shuffled((byTitle.get(title) ?? []).filter((other) => other !== context)).slice(0, 6);
  const own = shuffled(lines.filter(answerable)).slice(0, answerableEach);
  const human = shuffled(lines.filter((line) => line.impossible));
  const others = neighbours
    .flatMap((other) => byContext.get(other)!)
    .filter((line) => answerable(line) && !context.includes(line.answers[0]!));
  // People's own first: they are the near misses; others where there are none.
  const none = [...human, ...shuffled(others)].slice(0, Math.min(unanswerableEach, Math.max(1, own.length)));
  const heading = untitled.has(source) || !title || next() < 0.5 ? [] : [{ text: `${title}: ` }];
  const questions: { question: string; form: 'span' | 'none'; spans?: [number, number][] }[] = [];
  for (const { question, answers } of own) {
    const start = context.indexOf(answers[0]!);
    if (start >= 0)
      questions.push({ question: ask(question), form: 'span', spans: [[start, start + answers[0]!.length]] });
  }
  for (const { question } of none) questions.push({ question: ask(question), form: 'none' });
  if (questions.length === 0) return null;
  return JSON.stringify({
    pieces: [...heading, { text: context, start: 0, end: context.length }],
    questions: shuffled(questions),
  });
}

const contexts = [...byContext.keys()];
const order = epochOrder(contexts.length, seed, 0);
const file = createWriteStream(output);
let written = 0;
for (const index of order.slice(Number(values.skip))) {
  if (written >= Number(values.limit)) break;
  const line = example(contexts[index]!);
  if (!line) continue;
  if (!file.write(`${line}\n`)) await once(file, 'drain');
  written += 1;
}
file.end();
await once(file, 'close');
console.error(`${written} contexts of ${contexts.length}`);
