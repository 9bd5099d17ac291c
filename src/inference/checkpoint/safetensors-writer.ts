/**
 * Writes safetensors files: one tensor at a time, so that a checkpoint never lies in memory as a whole.
 * Format: https://github.com/huggingface/safetensors#format. Knows the container, not what the tensors mean.
 */
import { append, writeFileWhole } from './durable.ts';
import { floatsToBfloats, floatsToHalves } from './halves.ts';

export type FloatType = 'F32' | 'F16' | 'BF16';

/** A tensor that is fetched when its turn comes. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major. */
  read(): Float32Array;
}

/** Numbers as bytes: little endian, as every machine that Node runs on. */
const floatTypes: Readonly<
  Record<
    FloatType,
    {
      readonly bytes: number;
      readonly largest: number;
      readonly encode: (floats: Float32Array) => Float32Array | Uint16Array;
    }
  >
> = {
  F32: { bytes: 4, largest: Number.POSITIVE_INFINITY, encode: (floats) => floats },
  F16: { bytes: 2, largest: 65_504, encode: (floats) => floatsToHalves(floats) },
  BF16: { bytes: 2, largest: 3.3895313892515355e38, encode: (floats) => floatsToBfloats(floats) },
};

/** Readers map tensors straight from the file: their data should begin at multiples of this. */
const alignment = 8;

export const sizeOfShape = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Numbers that the narrower type cannot hold would silently become infinite. @throws RangeError. */
export function encodeFloats(name: string, floats: Float32Array, type: FloatType): Float32Array | Uint16Array {
  const { largest, encode } = floatTypes[type];
  if (floats.some((value) => Math.abs(value) > largest && Number.isFinite(value)))
    throw new RangeError(`${name} holds numbers that ${type} cannot`);
  return encode(floats);
}

/**
 * The file appears under its name only when it is whole and synced.
 * @param options.metadata shown by tools; transformers wants `format: 'pt'`, which is the default.
 * @throws DocentError DISK_FULL, TARGET_UNWRITABLE; RangeError when a number does not fit the type;
 * Error when a source's size is wrong.
 */
export function writeSafetensors(
  path: string,
  tensors: readonly TensorSource[],
  options: { readonly type?: FloatType; readonly metadata?: Readonly<Record<string, string>> } = {},
): void {
  const type = options.type ?? 'F32';
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...options.metadata } };
  let end = 0;
  for (const { name, shape } of tensors) {
    const start = end;
    end += sizeOfShape(shape) * floatTypes[type].bytes;
    header[name] = { dtype: type, shape, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8 + Math.ceil(text.length / alignment) * alignment, ' ');
  head.writeBigUInt64LE(BigInt(head.length - 8));
  text.copy(head, 8);
  writeFileWhole(path, (file) => {
    append(file, head);
    for (const { name, shape, read } of tensors) {
      const floats = read();
      if (floats.length !== sizeOfShape(shape)) throw new Error(`${name} has ${floats.length} numbers`);
      append(file, encodeFloats(name, floats, type));
    }
  });
}

/** Tensors that are in memory already, by name. */
export const sources = (
  tensors: Iterable<readonly [string, { readonly shape: readonly number[]; readonly data: Float32Array }]>,
): TensorSource[] => [...tensors].map(([name, { shape, data }]) => ({ name, shape, read: () => data }));
