import { describe, expect, it } from 'vitest';
import { confidenceOf, logOdds, sigmoid } from '../reader/calibration.ts';
import {
  asCautious,
  type CalibrationSample,
  calibrate,
  expectedCalibrationError,
  f1At,
  reliability,
} from './calibrate.ts';
import { reliabilityDiagram } from './reliability-diagram.ts';

/** Answers whose true chance to be right is σ(0.5 x + 1), drawn by a fixed generator. */
function samples(n: number): CalibrationSample[] {
  let seed = 7;
  const next = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  return Array.from({ length: n }, () => {
    const x = -8 + 14 * next();
    const right = next() < sigmoid(0.5 * x + 1);
    return { pFound: sigmoid(x), f1: right ? 1 : 0, impossible: !right && next() < 0.7 };
  });
}

describe('calibration', () => {
  it('finds slope and intercept again', () => {
    const { slope, intercept } = calibrate(samples(20_000))!;
    expect(slope).toBeCloseTo(0.5, 1);
    expect(intercept).toBeCloseTo(1, 1);
  });

  it('makes confidences that hold, and a threshold no worse than others', () => {
    const all = samples(2_000);
    const found = calibrate(all)!;
    expect(expectedCalibrationError(reliability(all, found))).toBeLessThan(0.04);
    expect(expectedCalibrationError(reliability(all, { slope: 1, intercept: 0, threshold: 0.5 }))).toBeGreaterThan(0.1);
    for (const threshold of [0.05, 0.3, 0.5, 0.7, 0.95])
      expect(f1At(all, found)).toBeGreaterThan(f1At(all, { ...found, threshold }) - 0.02);
  });

  it('says nothing about too few questions, or about a model whose certainty means the opposite', () => {
    expect(calibrate(samples(40))).toBeNull();
    const upsideDown = samples(500).map((sample) => ({ ...sample, pFound: 1 - sample.pFound }));
    expect(calibrate(upsideDown)).toBeNull();
  });

  it('is monotonic and survives certainty', () => {
    const calibration = { slope: 0.5, intercept: 1, threshold: 0.5 };
    expect(confidenceOf(1, calibration)).toBeLessThanOrEqual(1);
    expect(confidenceOf(0, calibration)).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(logOdds(1))).toBe(true);
    expect(confidenceOf(0.9, calibration)).toBeGreaterThan(confidenceOf(0.8, calibration));
  });

  it('draws what it found', () => {
    const svg = reliabilityDiagram(
      reliability(samples(300), { slope: 1, intercept: 0, threshold: 0.5 }),
      0.5,
      'reader',
    );
    expect(svg.match(/<circle/g)!.length).toBeGreaterThan(5);
    expect(svg).toContain('stroke-dasharray');
  });
});

describe('as cautious as the reader before', () => {
  const calibration = { slope: 1, intercept: 0.3, threshold: 0.4 };
  const answeredBy = (confidences: readonly number[], threshold: number) =>
    confidences.filter((confidence) => confidence >= threshold).length;
  it('answers no more of what it can’t know', () => {
    const theirs = { confidences: [0.1, 0.5, 0.2, 0.05, 0.6, 0.3], threshold: 0.375 };
    const mine = [0.9, 0.8, 0.7, 0.65, 0.1, 0.6];
    const { intercept, ...rest } = asCautious(calibration, mine, theirs);
    expect(rest).toEqual({ slope: 1, threshold: 0.4 });
    const shifted = mine.map((confidence) => sigmoid(logOdds(confidence) + intercept - calibration.intercept));
    expect(answeredBy(shifted, 0.4)).toBe(answeredBy(theirs.confidences, theirs.threshold));
  });
  it('refuses everything where the other did, and equal confidences together', () => {
    const theirs = { confidences: [0.1, 0.1, 0.5], threshold: 0.4 };
    for (const [confidences, mine] of [
      [
        [0.1, 0.2],
        [0.9, 0.95],
      ],
      [theirs.confidences, [0.8, 0.8, 0.8]],
    ] as const) {
      const { intercept } = asCautious(calibration, mine, { confidences, threshold: 0.4 });
      const shifted = mine.map((confidence) => sigmoid(logOdds(confidence) + intercept - calibration.intercept));
      expect(answeredBy(shifted, 0.4)).toBe(0);
    }
  });
  it('never grows bolder', () => {
    expect(asCautious(calibration, [0.1, 0.2], { confidences: [0.9, 0.9], threshold: 0.4 })).toBe(calibration);
  });
});
