/** From what the model says about itself to how often such answers are right. */

export interface Calibration {
  /** Platt scaling of the log-odds of p(found). */
  readonly slope: number;
  readonly intercept: number;
  /** Confidence from which on answering was better than refusing, on questions that the adapter had not seen. */
  readonly threshold: number;
}

/** p(found) taken as it is. */
export const uncalibrated: Calibration = { slope: 1, intercept: 0, threshold: 0.5 };

const tiny = 1e-9;
export const logOdds = (p: number): number => Math.log(Math.max(p, tiny) / Math.max(1 - p, tiny));
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Estimated probability that the answer read with `pFound` is right. */
export const confidenceOf = (pFound: number, { slope, intercept }: Calibration): number =>
  sigmoid(slope * logOdds(pFound) + intercept);
