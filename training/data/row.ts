/**
 * One row of training tokens: a context, and questions behind it as branches that see the context and themselves only.
 * Their logits equal those of the question asked alone, and the context is computed once.
 * Knows tokens, not prompts or text.
 */

export interface Branch {
  /** What follows the context, up to where the answer begins. */
  readonly question: ArrayLike<number>;
  /** Tokens with a loss, the end token included. */
  readonly answer: ArrayLike<number>;
  /** How much this answer counts against others. */
  readonly weight: number;
}

export interface Row {
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  /** 0 = the context, n = branch n. */
  readonly segments: Uint8Array;
  /** Positions whose next token has a loss, the tokens, and the share of each in the sum of all answers' mean losses. */
  readonly at: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float32Array;
  /** Sum of the weights of the answers: a step divides by the sum over its rows. */
  readonly answers: number;
}

/** Branches beyond `maxLength` are left out. @returns null when none fits. */
export function packRow(context: ArrayLike<number>, branches: readonly Branch[], maxLength: number): Row | null {
  const ids = Array.from(context);
  const positions = ids.map((_, i) => i);
  const segments = ids.map(() => 0);
  const [at, targets, weights]: [number[], number[], number[]] = [[], [], []];
  let answers = 0;
  let segment = 0;
  for (const { question, answer, weight } of branches) {
    const size = question.length + answer.length;
    if (ids.length + size > maxLength) continue;
    segment += 1;
    answers += weight;
    const first = ids.length + question.length;
    for (let i = 0; i < answer.length; i += 1) {
      at.push(first + i - 1);
      targets.push(answer[i]!);
      weights.push(weight / answer.length);
    }
    for (let i = 0; i < size; i += 1) {
      ids.push(i < question.length ? question[i]! : answer[i - question.length]!);
      positions.push(context.length + i);
      segments.push(segment);
    }
  }
  if (segment === 0) return null;
  return {
    ids: Int32Array.from(ids),
    positions: Int32Array.from(positions),
    segments: Uint8Array.from(segments),
    at: Int32Array.from(at),
    targets: Int32Array.from(targets),
    weights: Float32Array.from(weights),
    answers,
  };
}
