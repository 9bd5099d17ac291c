/**
 * Examples in the style of what teams upload, from plain text of the base data and made-up tables: yes and no by rule,
 * tables, lists and steps, details, and questions that the passage does not answer.
 *
 *   npx tsx training/recipes/business.ts OUT.jsonl TEXT… [--seed 1] [--limit N] [--mix yesno=3,table=3,list=2,detail=2]
 *     [--plain] [--dev DEV.jsonl --dev-contexts 80] [--exclude FOLDER]…
 *
 * `--dev` gets contexts of documents of which none is in OUT. `--exclude` names a folder of texts kept for evaluation:
 * documents that share ten words in a row with one are left out. `--plain` leaves questions as written, for the writer.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/random.ts';
import { createExclusion, readDocuments } from './business/documents.ts';
import { exampleLine } from './business/example.ts';
import { makeTable } from './business/tables.ts';
import { createTextMaker, type TextExample } from './business/text.ts';

const primaries = ['yesno', 'table', 'list', 'detail'] as const;
type Primary = (typeof primaries)[number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    limit: { type: 'string', default: '8000' },
    mix: { type: 'string', default: 'yesno=3,table=3,list=2,detail=2' },
    plain: { type: 'boolean', default: false },
    dev: { type: 'string' },
    'dev-contexts': { type: 'string', default: '80' },
    exclude: { type: 'string', multiple: true, default: [] },
  },
});
const [output, ...inputs] = positionals;
if (!output || inputs.length === 0) throw new Error('usage: business.ts OUT.jsonl TEXT…');
const seed = Number(values.seed);
const shares = new Map(
  values.mix.split(',').map((part) => [part.split('=')[0] as Primary, Number(part.split('=')[1])]),
);
for (const [kind, share] of shares)
  if (!primaries.includes(kind) || !(share >= 0))
    throw new Error(`--mix: ${kind} is none of ${primaries.join(', ')}, or has no share`);
const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
/** One document in this many is kept for dev: by its own text, so that more text moves none. */
const devOneIn = 60;

const excluded = createExclusion(
  values.exclude.flatMap((folder) => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))),
);

interface Candidate extends TextExample {
  /** Which input it comes from. */
  readonly from: number;
}

/** One of each input after the other while there are some, those with more questions first: many short ones teach little. */
function inTurns(candidates: readonly Candidate[]): Candidate[] {
  const rich = ({ primary, questions }: Candidate) =>
    Math.min(3, questions.filter(({ kind }) => kind === primary).length);
  const queues = inputs.map((_, input) =>
    candidates.filter(({ from }) => from === input).sort((a, b) => rich(b) - rich(a)),
  );
  const longest = Math.max(0, ...queues.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => queues.flatMap((queue) => queue[i] ?? [])).flat();
}

async function write(file: string, limit: number, dev: boolean): Promise<void> {
  const random = createRandom(seed + (dev ? 7919 : 0));
  const maker = createTextMaker(random);
  const found = new Map<Primary, Candidate[]>(primaries.map((kind) => [kind, []]));
  let left = 0;
  for (const [from, input] of inputs.entries())
    for await (const text of readDocuments(input)) {
      if ((createHash('sha256').update(text).digest().readUInt32LE(0) % devOneIn === 0) !== dev) continue;
      if (excluded(text)) left += 1;
      else for (const example of maker.examples(text)) found.get(example.primary)!.push({ ...example, from });
    }
  const lines: string[] = [];
  const counts: Record<string, number> = {};
  const questions: Record<string, number> = {};
  for (const kind of primaries) {
    const wanted = Math.round((limit * (shares.get(kind) ?? 0)) / total);
    const chosen: TextExample[] = inTurns(random.shuffled(found.get(kind)!)).slice(0, wanted);
    while (kind === 'table' && chosen.length < wanted)
      for (const { passage, questions } of makeTable(random))
        if (questions.length > 0 && chosen.length < wanted) chosen.push({ primary: 'table', passage, questions });
    counts[kind] = chosen.length;
    for (const example of chosen) {
      for (const { kind, form } of example.questions)
        questions[`${kind} ${form}`] = (questions[`${kind} ${form}`] ?? 0) + 1;
      lines.push(exampleLine(example, random, values.plain));
    }
  }
  writeFileSync(
    file,
    random
      .shuffled(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
  const available = Object.fromEntries([...found].map(([kind, list]) => [kind, list.length]));
  console.error(
    JSON.stringify({ file, contexts: lines.length, counts, available, questions, excludedDocuments: left }),
  );
}

await write(output, Number(values.limit), false);
if (values.dev) await write(values.dev, Number(values['dev-contexts']), true);
