/** Which of several readings answers. Pure: the same for people's questions and for the gate's. */
import type { Reading } from '../reader/read.ts';

/** The surest reading that gave words; null when none did. */
export function surest(readings: readonly Reading[]): Reading | null {
  let best: Reading | null = null;
  for (const reading of readings)
    if (reading.spans.length > 0 && (!best || reading.pFound > best.pFound)) best = reading;
  return best;
}
