/** Numbers over a row of logits. */

/** Index (from 0) of the largest of `logits[from … from + size)`; the first of equals. */
export function argmax(logits: Float32Array, from: number, size: number): number {
  let best = from;
  // The largest is kept at hand: looking it up again for every token takes five times as long.
  let most = logits[from]!;
  for (let i = from + 1; i < from + size; i += 1) {
    const logit = logits[i]!;
    if (logit > most) {
      most = logit;
      best = i;
    }
  }
  return best - from;
}
