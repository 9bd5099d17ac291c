/**
 * Questions with the passages that answer them, for teaching the sentence encoder (train.py).
 *
 *   npx tsx training/recipes/encoder/pairs.ts OUT.json --plain PLAIN.jsonl --restyled W.jsonl… --qa QA.jsonl --dev DEV.jsonl
 *
 * `--plain`: of `../written.ts --plain --wrong 4`; there a question stands also at passages that a word search confuses
 * with the right one, which makes them its hard negatives. `--restyled`: the same questions as people type them.
 * `--qa`: general question answering data by article. `--dev`: written documents that are only scored.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { passageText } from '../../../src/documents/passage.ts';
import type { Example } from '../../data/examples.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    plain: { type: 'string' },
    restyled: { type: 'string', multiple: true, default: [] },
    qa: { type: 'string' },
    dev: { type: 'string' },
  },
});
const [output] = positionals;
if (!output || !values.plain || !values.qa || !values.dev)
  throw new Error('usage: pairs.ts OUT.json --plain … --qa … --dev …');

/** [question, passage, passages that don't answer it], passages by index. */
type Pair = readonly [string, number, readonly number[]];
interface GeneralLine {
  readonly source: string;
  readonly title: string;
  readonly context: string;
  readonly question: string;
  readonly impossible: boolean;
}

const mostNegatives = 6;
/** Sources whose title is that of an article with several passages. */
const byArticle = new Set(['squad11-train', 'squadshifts-new_wiki']);
const fewestPassages = 6;
const mostCharacters = 1200;

const linesOf = <T>(file: string): T[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

const passages: string[] = [];
const indices = new Map<string, number>();
const indexOf = (example: Example): number => {
  const text = passageText(example.pieces);
  if (!indices.has(text)) indices.set(text, passages.push(text) - 1);
  return indices.get(text)!;
};
/** Follow-ups hold two questions; they are searched otherwise. */
const isAlone = (question: string): boolean => !question.includes('\n');

const own = new Map<string, number>();
const confused = new Map<string, number[]>();
for (const example of linesOf<Example>(values.plain)) {
  const passage = indexOf(example);
  for (const { question, form, weight = 1 } of example.questions)
    if (form !== 'none') own.set(question, passage);
    else if (weight < 1) confused.set(question, [...(confused.get(question) ?? []), passage]);
}
const plain: Pair[] = [...own]
  .filter(([question]) => isAlone(question))
  .map(([question, passage]) => [
    question,
    passage,
    (confused.get(question) ?? []).filter((other) => other !== passage),
  ]);
const negativesOf = new Map<number, readonly number[]>();
for (const [, passage, others] of plain)
  negativesOf.set(passage, [...new Set([...(negativesOf.get(passage) ?? []), ...others])].slice(0, mostNegatives));
const asked = (file: string): Pair[] =>
  linesOf<Example>(file).flatMap((example) => {
    const passage = indexOf(example);
    return example.questions
      .filter(({ form, question }) => form !== 'none' && isAlone(question) && !own.has(question))
      .map(({ question }): Pair => [question, passage, negativesOf.get(passage) ?? []]);
  });

const articles = new Map<string, Map<string, string[]>>();
for (const { source, title, context, question, impossible } of linesOf<GeneralLine>(values.qa)) {
  if (impossible || !byArticle.has(source)) continue;
  const article = articles.get(title) ?? new Map<string, string[]>();
  articles.set(title, article);
  const text = context.slice(0, mostCharacters);
  article.set(text, [...(article.get(text) ?? []), question]);
}
const general = [...articles.values()].filter(({ size }) => size >= fewestPassages).map((article) => [...article]);
const pairs = [...plain, ...values.restyled.flatMap(asked)];
const dev = asked(values.dev);
writeFileSync(output, JSON.stringify({ passages, pairs, general, dev }));
console.error(
  JSON.stringify({ passages: passages.length, pairs: pairs.length, articles: general.length, dev: dev.length }),
);
