/**
 * Examples in the style of what teams upload, from handbooks, policies and technical documents, and from synthetic tables:
 * yes/no by rule, table cells, and questions of another passage of the same document, which this one does
 * not answer.
 *
 *   npx tsx training/recipes/business.ts OUT.jsonl TEXT.txt… [--seed 1] [--documents N] [--skip N] [--tables N]
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Example, ExampleQuestion } from '../data/examples.ts';
import { cutDocument, readDocuments, readPlainDocument } from './business/documents.ts';
import { createRandom } from './business/random.ts';
import { tableExamples } from './business/tables.ts';
import { contentWords } from './business/words.ts';
import { asYesNoExample, yesNoQuestions } from './business/yes-no.ts';
import { restyled } from './restyle.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    documents: { type: 'string', default: 'Infinity' },
    skip: { type: 'string', default: '0' },
    tables: { type: 'string', default: '0' },
  },
});
const [output, ...texts] = positionals;
if (!output) throw new Error('usage: business.ts OUT.jsonl TEXT.txt…');
const random = createRandom(Number(values.seed));
const ask = (question: string): string => restyled(question, random.next);
const counts: Record<string, number> = {};
const examples: Example[] = [];
/** A passage gives few questions, so that many passages are seen. */
const maxOfAKind = 2;

function add(example: Example): void {
  for (const { form } of example.questions) counts[form] = (counts[form] ?? 0) + 1;
  examples.push(example);
}

/** Questions of other passages are no answer here only if this one lacks what they ask for. */
const sharesLittle = (question: string, passage: string): boolean => {
  const words = contentWords(question);
  const text = passage.toLowerCase();
  return words.filter((word) => text.includes(word)).length <= words.length / 2;
};

function ofDocument(source: string): void {
  const document = cutDocument(readPlainDocument(source));
  const { text } = document;
  const made = document.passages.map((passage) => {
    const all = random.shuffled(yesNoQuestions(text, [passage.start, passage.end], random));
    // As many denials as there are; statements are plenty.
    const no = all.filter(({ form }) => form === 'no').slice(0, maxOfAKind);
    const yes = all.filter(({ form }) => form === 'yes').slice(0, random.chance(0.5) ? 1 : no.length);
    const own: ExampleQuestion[] = [...no, ...yes].map(asYesNoExample);
    return { passage, own };
  });
  const others = made.flatMap(({ passage, own }) => own.map(({ question }) => ({ passage, question })));
  for (const { passage, own } of made) {
    if (own.length === 0) continue;
    const body = text.slice(passage.start, passage.end);
    const none = random
      .shuffled(others)
      .filter((other) => other.passage !== passage && sharesLittle(other.question, body))
      .slice(0, random.chance(0.5) ? 1 : 0)
      .map(({ question }): ExampleQuestion => ({ question, form: 'none', spans: [], weight: 1 }));
    const questions = random
      .shuffled([...own, ...none])
      .map((question) => ({ ...question, question: ask(question.question) }));
    add({ pieces: [...passage.pieces], questions });
  }
}

for (const file of texts) {
  let index = 0;
  for await (const source of readDocuments(file)) {
    index += 1;
    if (index <= Number(values.skip)) continue;
    if (index > Number(values.skip) + Number(values.documents)) break;
    ofDocument(source);
  }
}
const written = new Set<string>();
for (let i = 0; i < Number(values.tables); i += 1) for (const example of tableExamples(random, ask)) add(example);
const file = createWriteStream(output);
for (const example of random.shuffled(examples)) {
  const line = JSON.stringify(example);
  if (written.has(line)) continue;
  written.add(line);
  if (!file.write(`${line}\n`)) await once(file, 'drain');
}
file.end();
await once(file, 'close');
console.error(`${written.size} passages; questions: ${JSON.stringify(counts)}`);
