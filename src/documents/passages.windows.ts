/**
 * Where to cut a run of sentences: windows of even size that end where the text itself pauses. Knows sizes and kinds of
 * units only.
 */
import type { TextRange } from './sentences.ts';

/** What is never cut: a sentence, a list item, a line of code. */
export interface Unit extends TextRange {
  readonly tokens: number;
  readonly kind: 'sentence' | 'item' | 'code';
  /** The first of its paragraph, item or code block. */
  readonly firstOfBlock: boolean;
  readonly page: number | null;
  /** For list items: the sentence that introduces the list. */
  readonly leadIn?: TextRange;
}

/** What it costs to begin a window here, in squared relative deviations from the even size. */
function cutCost(before: Unit, after: Unit): number {
  if (after.kind === 'item' && after.firstOfBlock) return before.kind === 'item' ? 0.1 : 0.8;
  if (!after.firstOfBlock) return after.kind === 'code' ? 0.1 : 0.2;
  return 0;
}

/** A window more is a passage more to search and read. */
const windowCost = 0.05;

/**
 * Splits units into windows of at most `limit` tokens (a longer unit stands alone), with the least sum of unevenness and
 * cut costs. Dynamic programming over the cuts: time is units × units of a window.
 */
export function bestWindows(units: readonly Unit[], limit: number): Unit[][] {
  if (units.length === 0) return [];
  const total = units.reduce((sum, unit) => sum + unit.tokens, 0);
  const even = total / Math.ceil(total / limit);
  const best = new Float64Array(units.length + 1).fill(Number.POSITIVE_INFINITY);
  const from = new Int32Array(units.length + 1);
  best[0] = 0;
  for (let end = 1; end <= units.length; end++) {
    let size = 0;
    for (let start = end - 1; start >= 0; start--) {
      size += units[start]!.tokens;
      if (size > limit && start < end - 1) break;
      const uneven = ((size - even) / even) ** 2;
      const cut = start === 0 ? 0 : cutCost(units[start - 1]!, units[start]!);
      const cost = best[start]! + uneven + cut + windowCost;
      if (cost < best[end]!) {
        best[end] = cost;
        from[end] = start;
      }
    }
  }
  const windows: Unit[][] = [];
  for (let end = units.length; end > 0; end = from[end]!) windows.unshift(units.slice(from[end]!, end));
  return windows;
}
