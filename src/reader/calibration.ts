/** From what the model says about itself to how often such answers are right. */

export interface Calibration {
  /** Platt scaling of the log-odds of p(found). */
  readonly slope: number;
  readonly intercept: number;
  /** What one of the search's score (0 to 2) adds to the log-odds: a passage that the search prefers is more likely the one. */
  readonly retrieval?: number | undefined;
  /** Confidence from which on answering was better than refusing, on questions that the adapter had not seen. */
  readonly threshold: number;
}

/** p(found) taken as it is. */
export const uncalibrated: Calibration = { slope: 1, intercept: 0, threshold: 0.5 };

const tiny = 1e-9;
export const logOdds = (p: number): number => Math.log(Math.max(p, tiny) / Math.max(1 - p, tiny));
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** All that speaks for an answer, as log-odds before scaling. @param score the search's, of the passage; 0 where it was given. */
export const evidenceFor = (pFound: number, score: number, retrieval = 0): number =>
  logOdds(pFound) + retrieval * score;

/** Estimated probability that the answer read with `pFound` is right. */
export const confidenceOf = (pFound: number, { slope, intercept, retrieval }: Calibration, score = 0): number =>
  sigmoid(slope * evidenceFor(pFound, score, retrieval) + intercept);
