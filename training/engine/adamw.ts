/** AdamW (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101) over one flat array, on the host. */

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Gradients longer than this are scaled down to it. */
  readonly clipNorm: number;
}

export const defaultAdam: AdamSettings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };

export interface AdamState {
  readonly parameters: Float32Array;
  /** Running means of the gradient and of its square. */
  readonly mean: Float32Array;
  readonly square: Float32Array;
  /** Steps taken. */
  step: number;
}

export const createAdamState = (parameters: Float32Array): AdamState => ({
  parameters,
  mean: new Float32Array(parameters.length),
  square: new Float32Array(parameters.length),
  step: 0,
});

/**
 * One update in place.
 * @returns the gradient's norm before clipping; when it is not finite nothing is changed, and the step does not count.
 */
export function adamStep(state: AdamState, gradient: Float32Array, rate: number, settings: AdamSettings): number {
  const { parameters, mean, square } = state;
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = settings;
  let sum = 0;
  for (let i = 0; i < gradient.length; i += 1) sum += gradient[i]! * gradient[i]!;
  const norm = Math.sqrt(sum);
  if (!Number.isFinite(norm)) return norm;
  state.step += 1;
  const factor = norm > clipNorm ? clipNorm / norm : 1;
  // The corrections for the means' start at zero go into the rate and epsilon: one root and one division an element.
  const root = Math.sqrt(1 - beta2 ** state.step);
  const alpha = (rate * root) / (1 - beta1 ** state.step);
  const small = epsilon * root;
  const keep = 1 - rate * weightDecay;
  for (let i = 0; i < gradient.length; i += 1) {
    const g = gradient[i]! * factor;
    const m = beta1 * mean[i]! + (1 - beta1) * g;
    const v = beta2 * square[i]! + (1 - beta2) * g * g;
    mean[i] = m;
    square[i] = v;
    parameters[i] = parameters[i]! * keep - (alpha * m) / (Math.sqrt(v) + small);
  }
  return norm;
}
