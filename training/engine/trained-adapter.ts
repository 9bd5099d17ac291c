/** Where a run ends: its parameters as the low-rank pairs of an adapter. */
import type { Adapter, LoraPair } from '../../src/inference/checkpoint/adapter.ts';
import { type Layout, viewOf } from './layout.ts';

/** @returns by the keys of `Adapter.pairs`: views of `parameters`, no copies. */
export function pairsOf(layout: Layout, parameters: Float32Array): Map<string, LoraPair> {
  const pairs = new Map<string, LoraPair>();
  for (const place of layout.places) {
    if (!place.name.endsWith('.a')) continue;
    const key = place.name.slice(0, -2);
    const other = layout.places.find(({ name }) => name === `${key}.b`)!;
    pairs.set(key, {
      a: { shape: place.shape, data: viewOf(parameters, place) },
      b: { shape: other.shape, data: viewOf(parameters, other) },
    });
  }
  return pairs;
}

/** What a run left alone, in the scale of the adapter that it writes. @param scale alpha / rank of that adapter */
export const keptPairs = (kept: Adapter['pairs'], from: number, scale: number): Map<string, LoraPair> =>
  new Map(
    [...kept].map(([key, { a, b }]) => [
      key,
      { a, b: { shape: b.shape, data: b.data.map((x) => (x * from) / scale) } },
    ]),
  );
