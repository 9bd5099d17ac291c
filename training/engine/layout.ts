/** All trained parameters in one flat array: what the optimizer steps, checkpoints store and executors get views of. */
import type { Shapes } from '../graph/parameters.ts';
import { type Shape, sizeOf } from '../graph/tf.ts';

export interface Place {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

export interface Layout {
  readonly places: readonly Place[];
  readonly size: number;
}

export function layoutOf(shapes: Shapes): Layout {
  let offset = 0;
  const places = [...shapes].map(([name, shape]) => {
    const place = { name, shape, offset, size: sizeOf(shape) };
    offset += place.size;
    return place;
  });
  return { places, size: offset };
}

export const viewOf = (flat: Float32Array, { offset, size }: Place): Float32Array =>
  flat.subarray(offset, offset + size);
