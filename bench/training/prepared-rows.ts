/**
 * Rows for both sides of the training benchmark, from an examples file.
 *
 *   npx tsx bench/training/prepared-rows.ts EXAMPLES.jsonl BASE.gguf ROWS.jsonl --rows 96 [--skip 0]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { createRowMaker, readExamples } from '../../training/data/examples.ts';
import type { Row } from '../../training/data/row.ts';

/** Lists of one length; `labels` is the token where it has a loss, else −100; `weights` are shares of a step's loss. */
export interface PreparedRow {
  readonly ids: readonly number[];
  readonly positions: readonly number[];
  readonly segments: readonly number[];
  readonly labels: readonly number[];
  readonly weights: readonly number[];
}

export function prepared(row: Row, answersOfStep: number): PreparedRow {
  const labels = Array.from(row.ids, () => -100);
  const weights = Array.from(row.ids, () => 0);
  row.at.forEach((at, i) => {
    labels[at + 1] = row.targets[i]!;
    weights[at + 1] = row.weights[i]! / answersOfStep;
  });
  return { ids: [...row.ids], positions: [...row.positions], segments: [...row.segments], labels, weights };
}

/** A prepared row as the engine takes it. `answers` is 1: its weights are already shares of a step. */
export function rowOf({ ids, positions, segments, labels, weights }: PreparedRow): Row {
  const at = labels.flatMap((label, i) => (label >= 0 ? [i] : []));
  return {
    ids: Int32Array.from(ids),
    positions: Int32Array.from(positions),
    segments: Uint8Array.from(segments),
    at: Int32Array.from(at, (i) => i - 1),
    targets: Int32Array.from(at, (i) => labels[i]!),
    weights: Float32Array.from(at, (i) => weights[i]!),
    answers: 1,
  };
}

export const readRows = (file: string): readonly Row[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => rowOf(JSON.parse(line) as PreparedRow));

if (import.meta.url === `file://${process.argv[1]}`) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: 'string', default: '96' },
      skip: { type: 'string', default: '0' },
      'rows-per-step': { type: 'string', default: '8' },
    },
  });
  const [examples, base, output] = positionals as [string, string, string];
  const maker = createRowMaker(loadTokenizer(base), 640);
  const wanted = Number(values.rows);
  const rows: Row[] = [];
  for (const example of (await readExamples(examples)).slice(Number(values.skip))) {
    const row = rows.length < wanted ? maker.row(example) : null;
    if (row) rows.push(row);
  }
  const perStep = Number(values['rows-per-step']);
  const lines = rows.map((row, i) => {
    const from = i - (i % perStep);
    const answers = rows.slice(from, from + perStep).reduce((sum, other) => sum + other.answers, 0);
    return JSON.stringify(prepared(row, answers));
  });
  writeFileSync(output, lines.join('\n'));
  console.error(`${rows.length} rows, ${rows.reduce((sum, { ids }) => sum + ids.length, 0)} tokens`);
}
