/**
 * Calibration of an adapter from readings (`readings.ts`): what belongs into its manifest, and the reliability diagram.
 *
 *   npx tsx bench/quality/calibrate.ts READINGS.jsonl… [--passages 4] [--retrieval 2] [--svg models/reader/reliability.svg] [--title TEXT]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { score } from '../../src/eval/squad.ts';
import {
  type CalibrationSample,
  calibrate,
  expectedCalibrationError,
  f1At,
  reliability,
} from '../../src/learn/calibrate.ts';
import { reliabilityDiagram } from '../../src/learn/reliability-diagram.ts';
import { evidenceFor, uncalibrated } from '../../src/reader/calibration.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    passages: { type: 'string', default: '4' },
    retrieval: { type: 'string', default: '0' },
    svg: { type: 'string' },
    title: { type: 'string', default: 'Reader' },
  },
});

const retrieval = Number(values.retrieval);

interface Line {
  readonly answers: readonly string[];
  readonly impossible: boolean;
  readonly rows: readonly { readonly p: number; readonly text: string; readonly score: number }[];
}

const samples: CalibrationSample[] = positionals
  .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
  .map((text) => {
    const { answers, impossible, rows } = JSON.parse(text) as Line;
    const given = rows.slice(0, Number(values.passages));
    const read = given.filter(({ text: words }) => words !== '');
    const top = Math.max(...given.map(({ score: found }) => found));
    const evidence = ({ p, score: found }: Line['rows'][number]) => evidenceFor(p, found - top, retrieval);
    const best = read.reduce<Line['rows'][number] | null>((a, b) => (a && evidence(a) >= evidence(b) ? a : b), null);
    const f1 = best && !impossible ? score(best.text, [...answers], false).f1 : 0;
    return { pFound: best?.p ?? 0, behind: (best?.score ?? top) - top, f1, impossible };
  });
const found = calibrate(samples, retrieval);
if (!found) throw new Error(`${samples.length} questions are too few to calibrate with`);
const bins = reliability(samples, found);
if (values.svg) writeFileSync(values.svg, reliabilityDiagram(bins, found.threshold, values.title));
const rounded = (value: number) => Number(value.toFixed(4));
console.log(
  JSON.stringify(
    {
      questions: samples.length,
      calibration: {
        slope: rounded(found.slope),
        intercept: rounded(found.intercept),
        retrieval,
        threshold: rounded(found.threshold),
      },
      f1: rounded(f1At(samples, found)),
      f1_uncalibrated: rounded(f1At(samples, uncalibrated)),
      ece: rounded(expectedCalibrationError(bins)),
      ece_uncalibrated: rounded(expectedCalibrationError(reliability(samples, uncalibrated))),
    },
    null,
    1,
  ),
);
