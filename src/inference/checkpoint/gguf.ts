/**
 * GGUF files: header, metadata and tensors as floats. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 * Knows the container, not what the tensors mean (checkpoint.ts does). An own reader, because the tokenizer is built
 * from the metadata at every start and `@huggingface/gguf` takes 200 ms for what this does in 30.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DocentError } from '../../errors.ts';
import { blockFormats } from './blocks.ts';

export type GgufValue = number | bigint | boolean | string | readonly GgufValue[];

export interface GgufTensor {
  readonly name: string;
  /** Rows first, as in PyTorch (the file stores the reverse). */
  readonly shape: readonly number[];
  readonly type: number;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

export interface GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** The number of a value's type and the value, as they stand in the file: for carrying them over to another one. */
  rawMetadata(name: string): Uint8Array;
  /** The weights as floats, row-major. */
  read(name: string): Float32Array;
  close(): void;
}

/** The header of a model with a large vocabulary has some MB; read more only when that does not hold it. */
const firstReadBytes = 8 * 1024 * 1024;

const scalarReaders: Readonly<Record<number, readonly [bytes: number, read: (b: Buffer, at: number) => GgufValue]>> = {
  0: [1, (b, at) => b.readUInt8(at)],
  1: [1, (b, at) => b.readInt8(at)],
  2: [2, (b, at) => b.readUInt16LE(at)],
  3: [2, (b, at) => b.readInt16LE(at)],
  4: [4, (b, at) => b.readUInt32LE(at)],
  5: [4, (b, at) => b.readInt32LE(at)],
  6: [4, (b, at) => b.readFloatLE(at)],
  7: [1, (b, at) => b.readUInt8(at) !== 0],
  10: [8, (b, at) => Number(b.readBigUInt64LE(at))],
  11: [8, (b, at) => Number(b.readBigInt64LE(at))],
  12: [8, (b, at) => b.readDoubleLE(at)],
};
const stringType = 8;
const arrayType = 9;

interface Header extends Pick<GgufFile, 'metadata' | 'tensors'> {
  /** Where the type and value of each metadata entry stand: [first byte, end]. */
  readonly places: ReadonlyMap<string, readonly [number, number]>;
}

/** @throws RangeError when the buffer ends before the header does. */
function parseHeader(buffer: Buffer): Header {
  let at = 8;
  const uint32 = (): number => buffer.readUInt32LE((at += 4) - 4);
  const uint64 = (): number => Number(buffer.readBigUInt64LE((at += 8) - 8));
  const string = (): string => {
    const length = uint64();
    if (at + length > buffer.length) throw new RangeError('string beyond the buffer');
    return buffer.toString('utf8', at, (at += length));
  };
  const value = (type: number): GgufValue => {
    if (type === stringType) return string();
    if (type === arrayType) {
      const of = uint32();
      const length = uint64();
      if (length > buffer.length) throw new RangeError('array beyond the buffer');
      return Array.from({ length }, () => value(of));
    }
    const scalar = scalarReaders[type];
    if (!scalar) throw new Error(`metadata of unknown type ${type}`);
    return scalar[1](buffer, (at += scalar[0]) - scalar[0]);
  };

  const tensorCount = uint64();
  const metadataCount = uint64();
  const metadata = new Map<string, GgufValue>();
  const places = new Map<string, readonly [number, number]>();
  for (let i = 0; i < metadataCount; i += 1) {
    const key = string();
    const start = at;
    metadata.set(key, value(uint32()));
    places.set(key, [start, at]);
  }
  const described: (Omit<GgufTensor, 'bytes'> & { bytes: number })[] = [];
  for (let i = 0; i < tensorCount; i += 1) {
    const name = string();
    const shape = Array.from({ length: uint32() }, uint64).reverse();
    const type = uint32();
    const offset = uint64();
    const format = blockFormats[type];
    if (!format) throw new Error(`tensor ${name} is stored as ggml type ${type}, which is not read here`);
    const bytes = (shape.reduce((product, size) => product * size, 1) / format.weights) * format.bytes;
    described.push({ name, shape, type, offset, bytes });
  }
  const alignment = Number(metadata.get('general.alignment') ?? 32);
  const dataStart = Math.ceil(at / alignment) * alignment;
  return {
    metadata,
    places,
    tensors: new Map(described.map((tensor) => [tensor.name, { ...tensor, offset: tensor.offset + dataStart }])),
  };
}

/**
 * Opens a GGUF file (versions 2 and 3, little endian).
 * @throws DocentError MODEL_CORRUPT for damage, MODEL_UNSUPPORTED for formats that are not read.
 */
export function openGguf(path: string): GgufFile {
  const file = openSync(path, 'r');
  const fail = (code: 'MODEL_CORRUPT' | 'MODEL_UNSUPPORTED', reason: string): never => {
    closeSync(file);
    throw new DocentError(code, { file: path, reason });
  };
  const size = fstatSync(file).size;
  const readHead = (bytes: number): Buffer => {
    const buffer = Buffer.allocUnsafe(Math.min(bytes, size));
    readSync(file, buffer, 0, buffer.length, 0);
    return buffer;
  };
  let header: Header | undefined;
  for (let bytes = firstReadBytes; header === undefined; bytes *= 4) {
    const buffer = readHead(bytes);
    if (buffer.length < 24 || buffer.toString('latin1', 0, 4) !== 'GGUF') fail('MODEL_CORRUPT', 'not a GGUF file');
    const version = buffer.readUInt32LE(4);
    if (version < 2 || version > 3) fail('MODEL_UNSUPPORTED', `GGUF version ${version}`);
    try {
      header = parseHeader(buffer);
    } catch (error) {
      if (error instanceof RangeError && buffer.length < size) continue;
      if (error instanceof RangeError) fail('MODEL_CORRUPT', 'the header is cut off');
      fail('MODEL_UNSUPPORTED', (error as Error).message);
    }
  }
  const { metadata, tensors, places } = header;
  for (const tensor of tensors.values()) {
    if (tensor.offset + tensor.bytes > size) fail('MODEL_CORRUPT', `the file ends inside of ${tensor.name}`);
  }
  const readAt = (name: string, offset: number, bytes: number): Uint8Array => {
    const raw = new Uint8Array(bytes);
    for (let done = 0; done < bytes; ) {
      const count = readSync(file, raw, done, bytes - done, offset + done);
      if (count === 0) throw new DocentError('MODEL_CORRUPT', { file: path, reason: `it ends inside of ${name}` });
      done += count;
    }
    return raw;
  };
  return {
    metadata,
    tensors,
    rawMetadata(name) {
      const place = places.get(name);
      if (!place) throw new DocentError('MODEL_CORRUPT', { file: path, reason: `${name} is missing` });
      return readAt(name, place[0], place[1] - place[0]);
    },
    read(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw new DocentError('MODEL_CORRUPT', { file: path, reason: `tensor ${name} is missing` });
      const format = blockFormats[tensor.type]!;
      const raw = readAt(name, tensor.offset, tensor.bytes);
      const out = new Float32Array((tensor.bytes / format.bytes) * format.weights);
      format.decode(raw, out, tensor.bytes / format.bytes);
      return out;
    },
    close: () => closeSync(file),
  };
}
