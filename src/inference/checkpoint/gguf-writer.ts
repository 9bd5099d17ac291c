/**
 * Writes GGUF files (version 3): metadata as bytes, then one tensor at a time.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Knows the container, not what the tensors mean.
 */
import { blockFormats } from './blocks.ts';
import { append, writeFileWhole } from './durable.ts';
import { sizeOfShape, type TensorSource } from './safetensors-writer.ts';

/** ggml's type numbers that are written here; blocks.ts has their formats. */
export const ggufTypes = { F32: 0, F16: 1, Q8_0: 8 } as const;
export type GgufType = keyof typeof ggufTypes;

export interface GgufTensorSource extends TensorSource {
  readonly type: GgufType;
}

const bytesOf = (length: number, write: (view: DataView) => void): Buffer => {
  const bytes = Buffer.alloc(length);
  write(new DataView(bytes.buffer, bytes.byteOffset, length));
  return bytes;
};
const uint32 = (value: number) => bytesOf(4, (view) => view.setUint32(0, value, true));
const uint64 = (value: number) => bytesOf(8, (view) => view.setBigUint64(0, BigInt(value), true));
const text = (value: string) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
};
const array = (type: number, items: readonly Buffer[]) =>
  Buffer.concat([uint32(9), uint32(type), uint64(items.length), ...items]);

/** Metadata as it stands in a file: the number of its type, then the value. `GgufFile.rawMetadata` gives the same. */
export const ggufValue = {
  uint32: (value: number) => Buffer.concat([uint32(4), uint32(value)]),
  float32: (value: number) => Buffer.concat([uint32(6), bytesOf(4, (view) => view.setFloat32(0, value, true))]),
  bool: (value: boolean) => Buffer.concat([uint32(7), Buffer.of(value ? 1 : 0)]),
  string: (value: string) => Buffer.concat([uint32(8), text(value)]),
  int32s: (values: readonly number[]) =>
    array(
      5,
      values.map((value) => bytesOf(4, (view) => view.setInt32(0, value, true))),
    ),
  strings: (values: readonly string[]) => array(8, values.map(text)),
};

/** The format's default. */
const alignment = 32;
const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
const zeros = (bytes: number): Buffer => Buffer.alloc(padded(bytes) - bytes);

const bytesOfTensor = ({ shape, type }: GgufTensorSource): number => {
  const format = blockFormats[ggufTypes[type]]!;
  return (sizeOfShape(shape) / format.weights) * format.bytes;
};

/**
 * The file appears under its name only when it is whole and synced.
 * @param metadata values made by `ggufValue`, or read as they were from another file.
 * @throws DocentError DISK_FULL, TARGET_UNWRITABLE; RangeError when a number does not fit the type;
 * Error when a source's size is wrong.
 */
export function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, Uint8Array>,
  tensors: readonly GgufTensorSource[],
): void {
  const head: Uint8Array[] = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(metadata.size)];
  for (const [key, value] of metadata) head.push(text(key), value);
  let offset = 0;
  for (const tensor of tensors) {
    const { name, shape, type } = tensor;
    // Columns first: the reverse of PyTorch's order.
    head.push(text(name), uint32(shape.length), ...[...shape].reverse().map(uint64));
    head.push(uint32(ggufTypes[type]), uint64(offset));
    offset += padded(bytesOfTensor(tensor));
  }
  writeFileWhole(path, (file) => {
    const header = Buffer.concat(head);
    append(file, header);
    append(file, zeros(header.length));
    for (const tensor of tensors) {
      const { name, shape, type } = tensor;
      const floats = tensor.read();
      if (floats.length !== sizeOfShape(shape)) throw new Error(`${name} has ${floats.length} numbers`);
      const bytes = blockFormats[ggufTypes[type]]!.encode!(floats, name);
      append(file, bytes);
      append(file, zeros(bytes.byteLength));
    }
  });
}
