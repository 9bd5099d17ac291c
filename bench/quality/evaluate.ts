/**
 * Both evaluation sets through the whole product, each in a workspace of its own, with one table by kind.
 *
 *   npx tsx bench/quality/evaluate.ts [--half look] [--set company]… [--details FOLDER]
 *
 * Settings come from the environment as for `docent` (DOCENT_MODELS_DIR, DOCENT_MIN_CONFIDENCE, DOCENT_PASSAGES).
 */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { EvalReport } from '../../src/eval/report.ts';
import { type Half, openWorkspace, questionsFile, sets } from './workspace.ts';

const { values } = parseArgs({
  options: {
    half: { type: 'string', default: 'look' },
    set: { type: 'string', multiple: true, default: sets },
    details: { type: 'string' },
  },
});
if (values.details) mkdirSync(values.details, { recursive: true });

const reports: EvalReport[] = [];
for (const set of values.set) {
  const { operator, close } = await openWorkspace(set);
  const details = values.details ? { details: `${values.details}/${set}-${values.half}.jsonl` } : {};
  reports.push(await operator.evaluate({ file: questionsFile(set, values.half as Half), ...details }));
  await close();
}

const figures = ['n', 'f1', 'em', 'answered_f1', 'answerable_f1', 'abstain_precision', 'abstain_recall'] as const;
const rest = ['source_accuracy', 'hit_at_1', 'hit_at_4', 'hit_at_8', 'seconds_p50', 'seconds_p95', 'failed'] as const;
const row = (name: string, cells: readonly (number | string | undefined)[]) =>
  console.log(`| ${[name, ...cells.map((cell) => cell ?? '')].join(' | ')} |`);
row(values.half, values.set);
row(
  '---',
  values.set.map(() => '---:'),
);
for (const figure of [...figures, ...rest])
  row(
    figure,
    reports.map((report) => report[figure]),
  );
const kinds = [...new Set(reports.flatMap((report) => Object.keys(report.by_kind ?? {})))].sort();
for (const kind of kinds)
  row(
    kind,
    reports.map(({ by_kind: by }) => (by?.[kind] ? `${by[kind].f1.toFixed(3)} (${by[kind].n})` : undefined)),
  );
