/**
 * Examples from documents and questions written by hand (`written/README.md`): each question with the passage that
 * answers it, and again with passages that a search would put beside it, which don't.
 *
 *   npx tsx training/recipes/written.ts OUT.jsonl --base BASE.gguf [--folder training/recipes/written] [--seed 1]
 *     [--wrong 1] [--wrong-weight .4] [--plain] [--dev DEV.jsonl --dev-documents name.md,…]
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inThread } from '../../src/answers/follow-up.ts';
import { markdown } from '../../src/documents/extract/markdown.ts';
import { passageText } from '../../src/documents/passage.ts';
import { buildSections } from '../../src/documents/sections.ts';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { createRandom } from '../../src/random.ts';
import { type LineQuestion, passageLine } from './business/example.ts';
import { type AskedPassage, placeQuestion, type WrittenQuestion } from './written/place.ts';
import { createSimilarity } from './written/similar.ts';

/** More would not fit into a row beside the passage. */
const questionsARow = 8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string' },
    folder: { type: 'string', default: 'training/recipes/written' },
    seed: { type: 'string', default: '1' },
    wrong: { type: 'string', default: '1' },
    'wrong-weight': { type: 'string', default: '0.4' },
    plain: { type: 'boolean', default: false },
    dev: { type: 'string' },
    'dev-documents': { type: 'string', default: '' },
  },
});
const [output] = positionals;
if (!output || !values.base) throw new Error('usage: written.ts OUT.jsonl --base BASE.gguf');
const tokenizer = loadTokenizer(values.base);
const countTokens = (text: string) => tokenizer.encode(text).length;
const random = createRandom(Number(values.seed));
const wrongWeight = Number(values['wrong-weight']);
const devDocuments = new Set(values['dev-documents'].split(','));

const jsonLines = <T>(file: string): T[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

/** A set: `docs/*.md` or `passages.jsonl`, with `questions.jsonl`. Sets are worlds of their own. */
async function readSet(folder: string): Promise<{ passages: AskedPassage[]; lost: number }> {
  const passages: AskedPassage[] = [];
  const names = readdirSync(folder);
  if (names.includes('docs'))
    for (const name of readdirSync(join(folder, 'docs')).sort()) {
      const extracted = await markdown.extract({ bytes: readFileSync(join(folder, 'docs', name)), name });
      for (const section of buildSections(extracted, { countTokens }))
        for (const { pieces } of section.passages) passages.push({ at: name, pieces, questions: [] });
    }
  else
    for (const { n, pieces } of jsonLines<{ n: number; pieces: AskedPassage['pieces'] }>(
      join(folder, 'passages.jsonl'),
    ))
      passages.push({ at: n, pieces, questions: [] });
  let lost = 0;
  const asked = ['questions.jsonl', 'follow-ups.jsonl'].flatMap((file) =>
    names.includes(file) ? jsonLines<WrittenQuestion>(join(folder, file)) : [],
  );
  for (const { first, ...rest } of asked) {
    const question = { ...rest, question: first ? inThread(first, rest.question) : rest.question };
    if (!placeQuestion(question, passages)) {
      lost += 1;
      console.error(`${folder}: not found in one passage: ${JSON.stringify(question)}`);
    }
  }
  return { passages, lost };
}

const lines: string[] = [];
const devLines: string[] = [];
const counts: Record<string, number> = {};
let lostAll = 0;
for (const name of readdirSync(values.folder, { withFileTypes: true })) {
  if (!name.isDirectory()) continue;
  const { passages, lost } = await readSet(join(values.folder, name.name));
  lostAll += lost;
  const similar = createSimilarity(passages.map(({ pieces }) => passageText(pieces)));
  const asked = passages.flatMap(({ questions }, passage) => questions.map((question) => ({ ...question, passage })));
  /** Questions that others answer, by the passage that a search would put beside the right one. */
  const wrong = passages.map((): string[] => []);
  for (const { question, form, words, passage } of asked) {
    if (form === 'none') continue;
    similar
      .ranked(question)
      .filter((other) => other !== passage)
      .filter((other) => !words.some((each) => passageText(passages[other]!.pieces).includes(each)))
      .slice(0, Number(values.wrong))
      .forEach((other) => {
        wrong[other]!.push(question);
      });
  }
  for (const [index, { at, pieces, questions }] of passages.entries()) {
    const none = wrong[index]!.map((question) => ({ question, form: 'none' as const, spans: [], weight: wrongWeight }));
    const all: LineQuestion[] = random.shuffled([...questions, ...none]);
    for (const { form } of all) counts[form] = (counts[form] ?? 0) + 1;
    const group = devDocuments.has(String(at)) ? devLines : lines;
    for (let i = 0; i < all.length; i += questionsARow)
      group.push(passageLine(pieces, all.slice(i, i + questionsARow), random, values.plain));
  }
}
writeFileSync(
  output,
  random
    .shuffled(lines)
    .map((line) => `${line}\n`)
    .join(''),
);
if (values.dev) writeFileSync(values.dev, devLines.map((line) => `${line}\n`).join(''));
console.error(JSON.stringify({ contexts: lines.length, dev: devLines.length, questions: counts, lost: lostAll }));
