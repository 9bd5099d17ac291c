/**
 * Calibrates an adapter on questions that it has not learned from: Platt scaling (Platt 1999; the fit of Lin, Lin & Weng
 * 2007, https://doi.org/10.1007/s10994-007-5018-6), and the threshold: the most careful of those that
 * give the best F1. Knows numbers only.
 */
import { type Calibration, confidenceOf, evidenceFor, logOdds, sigmoid } from '../reader/calibration.ts';

/** The best reading of one question. */
export interface CalibrationSample {
  readonly pFound: number;
  /** Score of its passage minus that of the best one in the search. */
  readonly behind?: number;
  /** F1 of its words by the rules of SQuAD 2.0, 0 where there is no answer. */
  readonly f1: number;
  /** The documents don't answer: refusing is right. */
  readonly impossible: boolean;
}

/** Fewer of either kind say nothing about a curve with two parameters. */
export const leastSamples = 30;
const newtonSteps = 50;

/** An answer that shares half of its words with the right one counts as right. */
const isRight = ({ f1 }: CalibrationSample): boolean => f1 >= 0.5;

/** Newton's method with backtracking on the cross-entropy against Platt's smoothed targets. */
function fitPlatt(samples: readonly CalibrationSample[], retrieval: number): { slope: number; intercept: number } {
  const right = samples.filter(isRight).length;
  const [high, low] = [(right + 1) / (right + 2), 1 / (samples.length - right + 2)];
  const points = samples.map((sample) => ({
    x: evidenceFor(sample.pFound, sample.behind ?? 0, retrieval),
    target: isRight(sample) ? high : low,
  }));
  const lossAt = (slope: number, intercept: number): number =>
    points.reduce((sum, { x, target }) => {
      const z = slope * x + intercept;
      // log(1 + e^z) without overflow.
      return sum + Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z;
    }, 0);
  let [slope, intercept] = [0, Math.log((right + 1) / (samples.length - right + 1))];
  let loss = lossAt(slope, intercept);
  for (let step = 0; step < newtonSteps; step += 1) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-9, 0, 1e-9];
    for (const { x, target } of points) {
      const p = sigmoid(slope * x + intercept);
      const curvature = p * (1 - p);
      ga += (p - target) * x;
      gb += p - target;
      haa += curvature * x * x;
      hab += curvature * x;
      hbb += curvature;
    }
    const determinant = haa * hbb - hab * hab;
    const [da, db] = [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant];
    let size = 1;
    while (size > 1e-6 && lossAt(slope - size * da, intercept - size * db) > loss) size /= 2;
    [slope, intercept] = [slope - size * da, intercept - size * db];
    const next = lossAt(slope, intercept);
    if (loss - next < 1e-10 * samples.length) break;
    loss = next;
  }
  return { slope, intercept };
}

/** Mean F1 when everything below `threshold` is refused. */
export const f1At = (samples: readonly CalibrationSample[], calibration: Calibration): number =>
  samples.reduce((sum, { pFound, behind, f1, impossible }) => {
    const answers = confidenceOf(pFound, calibration, behind) >= calibration.threshold;
    return sum + (answers ? f1 : Number(impossible));
  }, 0) / samples.length;

/** Confidences tried as thresholds: steps finer than the data can tell apart would fit its noise. */
const thresholds = Array.from({ length: 37 }, (_, i) => 0.05 + i * 0.025);

/** Thresholds whose F1 differs by less are equally good: a wrong answer costs more trust than a refusal, so the highest is taken. */
const equallyGood = 0.005;

/**
 * @param retrieval weight of the search's score, by which the readings were chosen.
 * @returns null when there are too few samples of either kind to say anything; then the adapter keeps what it has.
 */
export function calibrate(samples: readonly CalibrationSample[], retrieval = 0): Calibration | null {
  const right = samples.filter(isRight).length;
  if (right < leastSamples || samples.length - right < leastSamples) return null;
  const { slope, intercept } = fitPlatt(samples, retrieval);
  if (!(slope > 0)) return null;
  const scores = thresholds.map((threshold) => f1At(samples, { slope, intercept, retrieval, threshold }));
  // Neighbours count too: a single peak is luck.
  const smooth = scores.map((score, i) => (2 * score + (scores[i - 1] ?? score) + (scores[i + 1] ?? score)) / 4);
  const least = Math.max(...smooth) - equallyGood;
  return { slope, intercept, retrieval, threshold: thresholds[smooth.findLastIndex((score) => score >= least)]! };
}

/**
 * A tuned adapter is surer of everything, of what is wrong too. Its intercept is lowered until, of the same questions
 * without their passages, it answers no more than the reader did that it is to replace.
 * @param mine its confidences in what can't be right, by `calibration`. @param theirs the other's, with its threshold.
 */
export function asCautious(
  calibration: Calibration,
  mine: readonly number[],
  theirs: { readonly confidences: readonly number[]; readonly threshold: number },
): Calibration {
  const answered = theirs.confidences.filter((confidence) => confidence >= theirs.threshold).length;
  const sorted = mine.toSorted((a, b) => b - a);
  const firstRefused = sorted[answered];
  if (firstRefused === undefined || firstRefused < calibration.threshold) return calibration;
  // Half-way to the last that may still be answered, so that none lies on the threshold.
  const lastAnswered = sorted[answered - 1] ?? 1;
  const middle = (logOdds(firstRefused) + logOdds(lastAnswered)) / 2;
  const limit = middle > logOdds(firstRefused) ? middle : logOdds(firstRefused) + 1e-6;
  return { ...calibration, intercept: calibration.intercept + logOdds(calibration.threshold) - limit };
}

export interface ReliabilityBin {
  /** Mean confidence of the answers in it. */
  readonly confidence: number;
  /** Share of them that are right. */
  readonly right: number;
  readonly n: number;
}

/** Bins of equal width. */
export function reliability(
  samples: readonly CalibrationSample[],
  calibration: Calibration,
  count = 10,
): readonly ReliabilityBin[] {
  const bins = Array.from({ length: count }, () => [] as { confidence: number; right: boolean }[]);
  for (const sample of samples) {
    const confidence = confidenceOf(sample.pFound, calibration, sample.behind);
    bins[Math.min(count - 1, Math.floor(confidence * count))]!.push({ confidence, right: isRight(sample) });
  }
  return bins
    .filter((bin) => bin.length > 0)
    .map((bin) => ({
      confidence: bin.reduce((sum, { confidence }) => sum + confidence, 0) / bin.length,
      right: bin.filter(({ right }) => right).length / bin.length,
      n: bin.length,
    }));
}

/** Mean distance between confidence and share of right answers, weighted by answers (ECE, Guo et al. 2017). */
export const expectedCalibrationError = (bins: readonly ReliabilityBin[]): number => {
  const all = bins.reduce((sum, { n }) => sum + n, 0);
  return bins.reduce((sum, { confidence, right, n }) => sum + (n / all) * Math.abs(confidence - right), 0);
};
