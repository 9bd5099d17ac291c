/**
 * The attention cache of the rows that are being computed: `slots` rows of `capacity` tokens each, one tensor
 * [slots, kvHeads, capacity, headDim] for the keys and one for the values of every layer.
 * Knows memory and layout, not which text a slot holds.
 */
import type { DecoderShape } from '../graph/decoder.ts';

/** Keys and values of the first `length` tokens of a row, packed: for each layer k then v, [kvHeads, length, headDim]. */
export interface KvBlock {
  readonly length: number;
  readonly data: Float32Array;
}

export interface Arena {
  readonly shape: DecoderShape;
  readonly slots: number;
  readonly capacity: number;
  /** Index 2 * layer holds keys, 2 * layer + 1 values. */
  readonly tensors: readonly Float32Array[];
  readonly bytes: number;
  /** Copies the first tokens of a slot out. */
  save(slot: number, length: number): KvBlock;
  /** Writes the first `length` tokens of a block into a slot. */
  restore(slot: number, block: KvBlock, length?: number): void;
  /** Writes new keys or values of tensor `index`, [width, kvHeads * headDim], behind the `past` tokens of a slot. */
  append(index: number, slot: number, past: number, fresh: Float32Array): void;
}

/** Memory of the cache for one token of one row. */
export const bytesPerToken = (shape: DecoderShape): number => shape.layers * 2 * shape.kvHeads * shape.headDim * 4;

export function createArena(shape: DecoderShape, slots: number, capacity: number): Arena {
  const { layers, kvHeads, headDim } = shape;
  const slotFloats = kvHeads * capacity * headDim;
  const tensors = Array.from({ length: layers * 2 }, () => new Float32Array(new ArrayBuffer(slots * slotFloats * 4)));
  /** Offset of a head of a slot within a tensor. */
  const at = (slot: number, head: number) => slot * slotFloats + head * capacity * headDim;
  return {
    shape,
    slots,
    capacity,
    tensors,
    bytes: slots * capacity * bytesPerToken(shape),
    save(slot, length) {
      const data = new Float32Array((length * bytesPerToken(shape)) / 4);
      const run = length * headDim;
      let to = 0;
      for (const tensor of tensors)
        for (let head = 0; head < kvHeads; head += 1, to += run)
          data.set(tensor.subarray(at(slot, head), at(slot, head) + run), to);
      return { length, data };
    },
    restore(slot, block, length = block.length) {
      const run = block.length * headDim;
      let from = 0;
      for (const tensor of tensors)
        for (let head = 0; head < kvHeads; head += 1, from += run)
          tensor.set(block.data.subarray(from, from + length * headDim), at(slot, head));
    },
    append(index, slot, past, fresh) {
      const tensor = tensors[index]!;
      const width = fresh.length / (kvHeads * headDim);
      for (let token = 0; token < width; token += 1)
        for (let head = 0; head < kvHeads; head += 1) {
          const from = (token * kvHeads + head) * headDim;
          tensor.set(fresh.subarray(from, from + headDim), at(slot, head) + (past + token) * headDim);
        }
    },
  };
}
