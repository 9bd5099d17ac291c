/** Numbers over a row of logits. */

/** Index (from 0) of the largest of `logits[from … from + size)`; the first of equals. */
export function argmax(logits: Float32Array, from: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size; i += 1) if (logits[from + i]! > logits[from + best]!) best = i;
  return best;
}
