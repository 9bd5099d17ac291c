/**
 * safetensors files: header, and tensors as floats. Format: https://github.com/huggingface/safetensors#format
 * Knows the container, not what the tensors mean.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bfloatsToFloats, halvesToFloats } from './halves.ts';

const bytesOf: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, U8: 1, I8: 1 };
/** The specification's own bound. */
const maxHeaderBytes = 100_000_000;

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Safetensors {
  readonly names: readonly string[];
  shape(name: string): readonly number[];
  /** @throws Error when the tensor is missing or no float. */
  read(name: string): Tensor;
  close(): void;
}

/** @throws Error with the reason when the file is damaged. */
export function openSafetensors(path: string): Safetensors {
  const file = openSync(path, 'r');
  const size = fstatSync(file).size;
  const readAt = (offset: number, bytes: number): ArrayBuffer => {
    const buffer = new ArrayBuffer(bytes);
    for (let done = 0; done < bytes; ) {
      const count = readSync(file, new Uint8Array(buffer), done, bytes - done, offset + done);
      if (count === 0) throw new Error('the file is cut off');
      done += count;
    }
    return buffer;
  };
  try {
    const headerBytes = Number(new DataView(readAt(0, 8)).getBigUint64(0, true));
    if (headerBytes > maxHeaderBytes || headerBytes + 8 > size) throw new Error('not a safetensors file');
    const { __metadata__, ...header } = JSON.parse(new TextDecoder().decode(readAt(8, headerBytes))) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    const start = 8 + headerBytes;
    for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
      const expected = bytesOf[dtype]! * shape.reduce((product, n) => product * n, 1);
      if (data_offsets[1] - data_offsets[0] !== expected || start + data_offsets[1] > size)
        throw new Error(`tensor ${name} does not fit its place`);
    }
    const entry = (name: string) => {
      const found = header[name];
      if (!found) throw new Error(`tensor ${name} is missing`);
      return found;
    };
    return {
      names: Object.keys(header),
      shape: (name) => entry(name).shape,
      read(name) {
        const { dtype, shape, data_offsets } = entry(name);
        const raw = readAt(start + data_offsets[0], data_offsets[1] - data_offsets[0]);
        if (dtype === 'F32') return { shape, data: new Float32Array(raw) };
        if (dtype === 'F16') return { shape, data: halvesToFloats(new Uint16Array(raw)) };
        if (dtype === 'BF16') return { shape, data: bfloatsToFloats(new Uint16Array(raw)) };
        throw new Error(`tensor ${name} is ${dtype}, not a float`);
      },
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** A checkpoint folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names. */
export function openSafetensorsFolder(folder: string): Safetensors {
  const single = join(folder, 'model.safetensors');
  if (existsSync(single)) return openSafetensors(single);
  const indexPath = `${single}.index.json`;
  if (!existsSync(indexPath)) throw new Error('there is no model.safetensors');
  const { weight_map } = JSON.parse(readFileSync(indexPath, 'utf8')) as { weight_map: Record<string, string> };
  const shards = new Map(
    [...new Set(Object.values(weight_map))].map((name) => [name, openSafetensors(join(dirname(indexPath), name))]),
  );
  const holder = (name: string): Safetensors => {
    const shard = shards.get(weight_map[name] ?? '');
    if (!shard) throw new Error(`tensor ${name} is missing`);
    return shard;
  };
  return {
    names: Object.keys(weight_map),
    shape: (name) => holder(name).shape(name),
    read: (name) => holder(name).read(name),
    close: () => {
      for (const shard of shards.values()) shard.close();
    },
  };
}
