/**
 * What learning runs gain on questions by people: documents of an evaluation set, several runs from the shipped reader
 * (each with a seed of its own), and the questions of one half asked of the shipped reader and of every candidate,
 * whatever the gate decided. Pooled over runs; intervals by resampling questions.
 *
 *   npx tsx bench/learning/gain.ts OUT.jsonl [--half look] [--set company]… [--runs 3] [--minutes 20] [--extra FOLDER]
 *
 * --extra: documents that are uploaded as well, for instance those of poison.ts.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signedPoints as points } from '../../src/learn/texts.ts';
import { createRandom } from '../../src/random.ts';
import { type Half, openWorkspace, questionsFile, sets } from '../quality/workspace.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    half: { type: 'string', default: 'look' },
    set: { type: 'string', multiple: true, default: sets },
    runs: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '20' },
    extra: { type: 'string' },
  },
});
const [output] = positionals;
if (!output) throw new Error('usage: gain.ts OUT.jsonl');
writeFileSync(output, '');

interface Line {
  readonly id: string;
  readonly f1: number;
  readonly impossible: boolean;
  readonly refused: boolean;
}
interface Pair {
  readonly question: string;
  /** Whether the gate let this candidate serve. */
  readonly promoted: boolean;
  readonly before: Line;
  readonly after: Line;
}

const scratch = mkdtempSync(join(tmpdir(), 'docent-gain-'));
const pairs: Pair[] = [];
for (const set of values.set) {
  const { docent, operator, close } = await openWorkspace(set);
  if (values.extra) await operator.ingest({ paths: [values.extra] });
  const shipped = (await (await docent.registry()).shipped())!.id;
  const evaluate = async (): Promise<readonly Line[]> => {
    const details = join(scratch, 'details.jsonl');
    await operator.evaluate({ file: questionsFile(set, values.half as Half), details });
    const lines = readFileSync(details, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Line);
  };
  await operator.promoteAdapter({ id: shipped });
  const before = await evaluate();
  for (let run = 1; run <= Number(values.runs); run += 1) {
    const began = Date.now();
    const { candidate, decision, reason, gate, train, dataset } = await operator.train({
      now: true,
      minutes: Number(values.minutes),
    });
    const summary = { set, run, decision, reason, gate, train, dataset, minutes: (Date.now() - began) / 60_000 };
    appendFileSync(output, `${JSON.stringify(summary)}\n`);
    console.error(set, run, decision, reason);
    if (!candidate) continue;
    await operator.promoteAdapter({ id: candidate.id });
    const after = await evaluate();
    await operator.promoteAdapter({ id: shipped });
    before.forEach((line, i) => {
      const pair = { question: `${set}/${line.id}`, promoted: decision === 'promoted', before: line, after: after[i]! };
      pairs.push(pair);
      appendFileSync(output, `${JSON.stringify({ set, run, ...pair })}\n`);
    });
  }
  await close();
}
rmSync(scratch, { recursive: true });

const mean = (all: readonly number[]): number => all.reduce((sum, value) => sum + value, 0) / Math.max(1, all.length);
const gainOf = ({ before, after }: Pair): number => after.f1 - before.f1;

/** Mean gain and its 95 % interval; a question's runs are drawn together. */
function interval(own: readonly Pair[], gain: (pair: Pair) => number): string {
  const byQuestion = new Map<string, number[]>();
  for (const pair of own) byQuestion.set(pair.question, [...(byQuestion.get(pair.question) ?? []), gain(pair)]);
  const gains = [...byQuestion.values()].map(mean);
  const { next } = createRandom(1);
  const draws = Array.from({ length: 2_000 }, () => mean(gains.map(() => gains[Math.floor(next() * gains.length)]!)));
  draws.sort((a, b) => a - b);
  return `${points(mean(gains))} (${points(draws[50]!)} … ${points(draws[1949]!)})`;
}
const share = (own: readonly Pair[], which: 'before' | 'after'): string => {
  const impossible = own.filter(({ before }) => before.impossible);
  return mean(impossible.map((pair) => Number(pair[which].refused))).toFixed(2);
};

console.log(
  '| | questions × runs | F1 shipped | F1 tuned | gain, points | gain as the gate decides | refused of unanswerable |',
);
console.log('|---|---:|---:|---:|---|---|---|');
for (const [name, own] of [
  ...values.set.map((set) => [set, pairs.filter(({ question }) => question.startsWith(`${set}/`))] as const),
  ['both', pairs] as const,
])
  console.log(
    `| ${name} | ${own.length} | ${mean(own.map(({ before }) => before.f1)).toFixed(3)} | ${mean(own.map(({ after }) => after.f1)).toFixed(3)} | ${interval(own, gainOf)} | ${interval(own, (pair) => (pair.promoted ? gainOf(pair) : 0))} | ${share(own, 'before')} → ${share(own, 'after')} |`,
  );
