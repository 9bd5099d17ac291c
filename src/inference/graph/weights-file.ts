/** The file beside a model file that holds its weights, laid out so that onnxruntime can memory-map it. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import type { ExternalData } from './onnx.ts';

/** Weights begin at page borders: only then can they be mapped instead of read. */
const pageBytes = 4096;

export interface WeightsFile {
  append(data: Float32Array | Uint8Array): ExternalData;
  close(): void;
}

export function createWeightsFile(path: string): WeightsFile {
  const file = openSync(path, 'w');
  const location = basename(path);
  let end = 0;
  return {
    append(data) {
      const offset = Math.ceil(end / pageBytes) * pageBytes;
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      for (let done = 0; done < bytes.length; )
        done += writeSync(file, bytes, done, bytes.length - done, offset + done);
      end = offset + bytes.length;
      return { location, offset, length: bytes.length };
    },
    close() {
      fsyncSync(file);
      closeSync(file);
    },
  };
}
