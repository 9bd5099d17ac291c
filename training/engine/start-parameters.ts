/** Where a run begins: an adapter, fresh low-rank matrices, or the base's own weights. */
import { DocentError } from '../../src/errors.ts';
import type { Adapter } from '../../src/inference/checkpoint/adapter.ts';
import type { Checkpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { seededNumbers } from '../../src/random.ts';
import type { Method } from '../graph/parameters.ts';
import { type Layout, viewOf } from './layout.ts';

/**
 * @param start what to start from, of the method's rank, with its folder for messages; null = A uniform in ±1/√inputs and B zero, as PEFT
 *   does, so the model begins as the base.
 * @throws DocentError ADAPTER_INVALID.
 */
export function startParameters(
  checkpoint: Checkpoint,
  method: Method,
  layout: Layout,
  start: { readonly folder: string; readonly adapter: Adapter } | null,
  seed: number,
): Float32Array {
  const flat = new Float32Array(layout.size);
  if (method.kind === 'full') {
    for (const place of layout.places) viewOf(flat, place).set(checkpoint.read(place.name).data);
    return flat;
  }
  if (start === null) {
    const next = seededNumbers(seed * 2_654_435_761);
    for (const place of layout.places) {
      if (!place.name.endsWith('.a')) continue;
      const bound = 1 / Math.sqrt(place.shape[1]!);
      const view = viewOf(flat, place);
      for (let i = 0; i < view.length; i += 1) view[i] = (next() * 2 - 1) * bound;
    }
    return flat;
  }
  const { rank, scale, pairs } = start.adapter;
  const refuse = (reason: string) => new DocentError('ADAPTER_INVALID', { folder: start.folder, reason });
  if (rank !== method.rank) throw refuse(`its rank is ${rank}, this run trains rank ${method.rank}`);
  // Another scale is taken into B, so that the run starts with the same function.
  const factor = scale / (method.alpha / method.rank);
  for (const place of layout.places) {
    const [, key, half] = /^(.*)\.([ab])$/.exec(place.name) as unknown as [string, string, 'a' | 'b'];
    const pair = pairs.get(key);
    if (!pair) throw refuse(`it has no weights for ${key}`);
    viewOf(flat, place).set(half === 'b' && factor !== 1 ? pair.b.data.map((x) => x * factor) : pair[half].data);
  }
  return flat;
}
