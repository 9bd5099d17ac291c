/** Numbers over a row of logits. */

/** Log of the sum of exponentials of `logits[from … from + size)`. */
export function logSumExp(logits: Float32Array, from: number, size: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + size; i += 1) if (logits[i]! > most) most = logits[i]!;
  let sum = 0;
  for (let i = from; i < from + size; i += 1) {
    const below = logits[i]! - most;
    // e^-40 of the largest is lost in the rounding of the sum; skipping it saves most of the exponentials.
    if (below > -40) sum += Math.exp(below);
  }
  return most + Math.log(sum);
}

/** Index (from 0) of the largest of `logits[from … from + size)`; the first of equals. */
export function argmax(logits: Float32Array, from: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size; i += 1) if (logits[from + i]! > logits[from + best]!) best = i;
  return best;
}
