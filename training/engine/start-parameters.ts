/** Where a run begins: an adapter, fresh low-rank matrices, or the base's own weights. */

import { DocentError } from '../../src/errors.ts';
import { readAdapter } from '../../src/inference/checkpoint/adapter.ts';
import type { Checkpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { randomNumbers } from '../../src/inference/checkpoint/random.ts';
import type { Method } from '../graph/parameters.ts';
import { type Layout, viewOf } from './layout.ts';

/**
 * @param adapter folder to start from, of the method's rank and scale; null = A uniform in ±1/√inputs and B zero, as PEFT
 *   does, so the model begins as the base.
 * @throws DocentError ADAPTER_INVALID.
 */
export function startParameters(
  checkpoint: Checkpoint,
  method: Method,
  layout: Layout,
  adapter: string | null,
  seed: number,
): Float32Array {
  const flat = new Float32Array(layout.size);
  if (method.kind === 'full') {
    for (const place of layout.places) viewOf(flat, place).set(checkpoint.read(place.name).data);
    return flat;
  }
  if (adapter === null) {
    const next = randomNumbers(seed * 2_654_435_761);
    for (let i = 0; i < 16; i += 1) next();
    for (const place of layout.places) {
      if (!place.name.endsWith('.a')) continue;
      const bound = 1 / Math.sqrt(place.shape[1]!);
      const view = viewOf(flat, place);
      for (let i = 0; i < view.length; i += 1) view[i] = (next() * 2 - 1) * bound;
    }
    return flat;
  }
  const { rank, scale, pairs } = readAdapter(adapter, checkpoint.config);
  const refuse = (reason: string) => new DocentError('ADAPTER_INVALID', { folder: adapter, reason });
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
