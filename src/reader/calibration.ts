/** From what the model says about itself to how often such answers are right. */

export interface Calibration {
  /** Platt scaling of the log-odds of p(found). */
  readonly slope: number;
  readonly intercept: number;
  /** What a point of the search's score that a passage lies behind the best one takes from the log-odds. */
  readonly retrieval?: number | undefined;
  /** Confidence from which on answering was better than refusing, on questions that the adapter had not seen. */
  readonly threshold: number;
}

/** p(found) taken as it is. */
export const uncalibrated: Calibration = { slope: 1, intercept: 0, threshold: 0.5 };

const tiny = 1e-9;
export const logOdds = (p: number): number => Math.log(Math.max(p, tiny) / Math.max(1 - p, tiny));
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** All that speaks for an answer, as log-odds before scaling. @param behind score of its passage minus the best passage's. */
export const evidenceFor = (pFound: number, behind: number, retrieval = 0): number =>
  logOdds(pFound) + retrieval * behind;

/** The evidence from which on an answer is sure enough; everything is where a calibration says nothing about it. */
export const leastEvidence = ({ slope, intercept, threshold }: Calibration): number =>
  slope > 0 && threshold > 0 ? (logOdds(threshold) - intercept) / slope : Number.NEGATIVE_INFINITY;

/** Estimated probability that the answer read with `pFound` is right. */
export const confidenceOf = (pFound: number, { slope, intercept, retrieval }: Calibration, behind = 0): number =>
  sigmoid(slope * evidenceFor(pFound, behind, retrieval) + intercept);
