/** The base's weights as a training graph takes them. Knows checkpoints and layouts, not graphs. */
import type { Checkpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { baseShapes, type FrozenType, isQuantised, quantisedNames } from '../graph/parameters.ts';
import { quantiseColumns, transposed } from './quantise.ts';

export type FrozenArrays = Readonly<Record<string, Float32Array | Int8Array>>;

/** @returns by the names of `frozenInputs`. With int8, the float copy of each matrix is dropped as soon as it is read. */
export function readFrozen(checkpoint: Checkpoint, type: FrozenType): FrozenArrays {
  const arrays: Record<string, Float32Array | Int8Array> = {};
  for (const [name, shape] of baseShapes(checkpoint.config)) {
    const { data } = checkpoint.read(name);
    if (type === 'f32' || !isQuantised(name, shape)) {
      arrays[name] = data;
      continue;
    }
    const [outputs, columns] = shape as [number, number];
    const names = quantisedNames(name);
    const forward = quantiseColumns(transposed(data, outputs, columns), columns, outputs);
    const backward = quantiseColumns(data, outputs, columns);
    arrays[names.forward] = forward.values;
    arrays[names.forwardScale] = forward.scales;
    arrays[names.backward] = backward.values;
    arrays[names.backwardScale] = backward.scales;
  }
  return arrays;
}
