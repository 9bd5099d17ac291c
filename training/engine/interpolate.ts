/**
 * How far to go from the starting adapter to the tuned one: λ by the loss on dev. Weights between two of the same run are
 * often better than either end (Wortsman et al. 2022, https://arxiv.org/abs/2109.01903). Forward passes only.
 */

export const lambdas = [0, 0.25, 0.5, 0.75, 1] as const;

export interface LambdaResult {
  readonly lambda: number;
  readonly losses: readonly { readonly lambda: number; readonly loss: number }[];
  readonly source: string;
}

/** A and B are interpolated each for itself: near each other, that is the interpolation of the update to first order. */
export function interpolate(start: Float32Array, tuned: Float32Array, lambda: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i += 1) out[i] = start[i]! + lambda * (tuned[i]! - start[i]!);
}

/**
 * @param parameters what the scoring reads: left at the best λ.
 * @param score the loss on dev with the present parameters.
 */
export async function chooseLambda(
  start: Float32Array,
  tuned: Float32Array,
  parameters: Float32Array,
  score: () => Promise<number>,
): Promise<LambdaResult> {
  const losses: { lambda: number; loss: number }[] = [];
  for (const lambda of lambdas) {
    interpolate(start, tuned, lambda, parameters);
    losses.push({ lambda, loss: await score() });
  }
  const best = losses.reduce((a, b) => (b.loss < a.loss ? b : a));
  interpolate(start, tuned, best.lambda, parameters);
  const source = `lowest dev loss of λ ${losses.map(({ lambda, loss }) => `${lambda}: ${loss.toFixed(4)}`).join(', ')}`;
  return { lambda: best.lambda, losses, source };
}
