/** Which of several readings answers. Pure: the same for people's questions and for the gate's. */
import { type Calibration, confidenceOf } from '../reader/calibration.ts';
import type { Reading } from '../reader/read.ts';

export interface Chosen {
  readonly reading: Reading;
  /** Estimated probability that it is right. */
  readonly confidence: number;
}

/**
 * How sure each reading is to answer.
 * @param scores the search's, of the readings' passages; only how far each lies behind the best one counts, so that it
 * does not matter whether the search knows meanings or words alone.
 */
export function confidences(
  readings: readonly Reading[],
  scores: readonly number[],
  calibration: Calibration,
): readonly number[] {
  const top = Math.max(...scores);
  return readings.map(({ pFound }, i) => confidenceOf(pFound, calibration, (scores[i] ?? top) - top));
}

/** The surest reading that gave words; null when none did. @param scores as for `confidences` */
export function surest(
  readings: readonly Reading[],
  scores: readonly number[],
  calibration: Calibration,
): Chosen | null {
  const sure = confidences(readings, scores, calibration);
  let best: Chosen | null = null;
  readings.forEach((reading, i) => {
    const confidence = sure[i]!;
    if (reading.spans.length > 0 && !(best && confidence <= best.confidence)) best = { reading, confidence };
  });
  return best;
}
