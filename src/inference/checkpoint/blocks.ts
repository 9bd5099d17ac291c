/**
 * The block formats that GGUF files keep weights in, how each becomes floats, and for some how floats become it.
 * Layouts: ggml-common.h and ggml-quants.c of llama.cpp. Knows bytes, not files or models.
 */
import { bfloatsToFloats, floatsToHalves, halfToFloat, halvesToFloats } from './halves.ts';
import { encodeFloats } from './safetensors-writer.ts';

export interface BlockFormat {
  readonly name: string;
  /** Weights in a block. */
  readonly weights: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Writes `blocks * weights` floats to `out`. `bytes` begins at an even offset of its buffer. */
  readonly decode: (bytes: Uint8Array, out: Float32Array, blocks: number) => void;
  /** Only for the formats that Docent writes. @throws RangeError when a number of the tensor `name` does not fit. */
  readonly encode?: (floats: Float32Array, name: string) => NodeJS.ArrayBufferView;
}

const halfAt = (bytes: Uint8Array, at: number): number => halfToFloat(bytes[at]! | (bytes[at + 1]! << 8));
const signed = (byte: number): number => (byte << 24) >> 24;
const words = (bytes: Uint8Array): Uint16Array =>
  new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);

/** Q4_0, Q4_1, Q5_0, Q5_1: 32 weights; low nibbles hold the first 16. `w = scale * q + minimum`. */
const nibbles =
  (options: { readonly hasMinimum: boolean; readonly hasFifthBit: boolean }): BlockFormat['decode'] =>
  (bytes, out, blocks) => {
    const { hasMinimum, hasFifthBit } = options;
    const header = (hasMinimum ? 4 : 2) + (hasFifthBit ? 4 : 0);
    const size = header + 16;
    const centre = hasFifthBit ? 16 : 8;
    for (let block = 0; block < blocks; block += 1) {
      const at = block * size;
      const scale = halfAt(bytes, at);
      const minimum = hasMinimum ? halfAt(bytes, at + 2) : -centre * scale;
      const q = at + header;
      const to = block * 32;
      if (hasFifthBit) {
        const fifth = q - 4;
        for (let j = 0; j < 16; j += 1) {
          const low = (bytes[fifth + (j >> 3)]! >> (j & 7)) & 1;
          const high = (bytes[fifth + 2 + (j >> 3)]! >> (j & 7)) & 1;
          out[to + j] = scale * ((bytes[q + j]! & 15) | (low << 4)) + minimum;
          out[to + 16 + j] = scale * ((bytes[q + j]! >> 4) | (high << 4)) + minimum;
        }
      } else {
        for (let j = 0; j < 16; j += 1) {
          out[to + j] = scale * (bytes[q + j]! & 15) + minimum;
          out[to + 16 + j] = scale * (bytes[q + j]! >> 4) + minimum;
        }
      }
    }
  };

/** Q8_0: 32 signed bytes behind one scale. */
const bytes8: BlockFormat['decode'] = (bytes, out, blocks) => {
  for (let block = 0; block < blocks; block += 1) {
    const at = block * 34;
    const scale = halfAt(bytes, at);
    for (let j = 0; j < 32; j += 1) out[block * 32 + j] = scale * signed(bytes[at + 2 + j]!);
  }
};

/**
 * The same bits as `quantize_row_q8_0_ref`: all steps in 32-bit floats, halves rounded away from zero.
 * Scales are halves: blocks with a number beyond 127 · 65504 do not occur in models.
 */
const encodeBytes8 = (floats: Float32Array): Uint8Array => {
  const blocks = floats.length / 32;
  const out = new Uint8Array(blocks * 34);
  const scales = new Float32Array(blocks);
  const view = new Float32Array(1);
  for (let block = 0; block < blocks; block += 1) {
    let largest = 0;
    for (let j = 0; j < 32; j += 1) largest = Math.max(largest, Math.abs(floats[block * 32 + j]!));
    const scale = (scales[block] = Math.fround(largest / 127));
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    for (let j = 0; j < 32; j += 1) {
      view[0] = floats[block * 32 + j]! * inverse;
      out[block * 34 + 2 + j] = Math.sign(view[0]) * Math.floor(Math.abs(view[0]) + 0.5);
    }
  }
  for (const [block, half] of floatsToHalves(scales).entries()) {
    out[block * 34] = half & 255;
    out[block * 34 + 1] = half >> 8;
  }
  return out;
};

/** The eight 6-bit (scale, minimum) pairs of a K block, packed into 12 bytes. */
function kScale(bytes: Uint8Array, at: number, j: number): readonly [number, number] {
  if (j < 4) return [bytes[at + j]! & 63, bytes[at + j + 4]! & 63];
  const mixed = bytes[at + j + 4]!;
  return [(mixed & 15) | ((bytes[at + j - 4]! >> 6) << 4), (mixed >> 4) | ((bytes[at + j]! >> 6) << 4)];
}

/** Q4_K and Q5_K: 256 weights in eight groups of 32, each with a 6-bit scale and minimum of two halves. */
const kNibbles =
  (hasFifthBit: boolean): BlockFormat['decode'] =>
  (bytes, out, blocks) => {
    const size = hasFifthBit ? 176 : 144;
    for (let block = 0; block < blocks; block += 1) {
      const at = block * size;
      const scale = halfAt(bytes, at);
      const minimum = halfAt(bytes, at + 2);
      const fifth = at + 16;
      const q = fifth + (hasFifthBit ? 32 : 0);
      for (let group = 0; group < 8; group += 1) {
        const [s, m] = kScale(bytes, at + 4, group);
        const nibble = q + (group >> 1) * 32;
        const shift = (group & 1) * 4;
        const to = block * 256 + group * 32;
        for (let j = 0; j < 32; j += 1) {
          const high = hasFifthBit ? ((bytes[fifth + j]! >> group) & 1) << 4 : 0;
          out[to + j] = scale * s * (((bytes[nibble + j]! >> shift) & 15) | high) - minimum * m;
        }
      }
    }
  };

/** Q6_K: 256 weights as 4 low + 2 high bits around 32, sixteen signed scales. */
const k6: BlockFormat['decode'] = (bytes, out, blocks) => {
  for (let block = 0; block < blocks; block += 1) {
    const at = block * 210;
    const scale = halfAt(bytes, at + 208);
    for (let half = 0; half < 2; half += 1) {
      const low = at + half * 64;
      const high = at + 128 + half * 32;
      const scales = at + 192 + half * 8;
      const to = block * 256 + half * 128;
      for (let quarter = 0; quarter < 4; quarter += 1) {
        for (let j = 0; j < 32; j += 1) {
          const nibble = (bytes[low + (quarter & 1) * 32 + j]! >> ((quarter >> 1) * 4)) & 15;
          const q = (nibble | (((bytes[high + j]! >> (quarter * 2)) & 3) << 4)) - 32;
          out[to + quarter * 32 + j] = scale * signed(bytes[scales + quarter * 2 + (j >> 4)]!) * q;
        }
      }
    }
  }
};

/** By ggml's type number. */
export const blockFormats: Readonly<Record<number, BlockFormat>> = {
  0: {
    name: 'F32',
    weights: 1,
    bytes: 4,
    decode: (bytes, out, n) => new Uint8Array(out.buffer, out.byteOffset, n * 4).set(bytes.subarray(0, n * 4)),
    encode: (floats) => floats,
  },
  1: {
    name: 'F16',
    weights: 1,
    bytes: 2,
    decode: (bytes, out) => void halvesToFloats(words(bytes), out),
    encode: (floats, name) => encodeFloats(name, floats, 'F16'),
  },
  2: { name: 'Q4_0', weights: 32, bytes: 18, decode: nibbles({ hasMinimum: false, hasFifthBit: false }) },
  3: { name: 'Q4_1', weights: 32, bytes: 20, decode: nibbles({ hasMinimum: true, hasFifthBit: false }) },
  6: { name: 'Q5_0', weights: 32, bytes: 22, decode: nibbles({ hasMinimum: false, hasFifthBit: true }) },
  7: { name: 'Q5_1', weights: 32, bytes: 24, decode: nibbles({ hasMinimum: true, hasFifthBit: true }) },
  8: { name: 'Q8_0', weights: 32, bytes: 34, decode: bytes8, encode: encodeBytes8 },
  12: { name: 'Q4_K', weights: 256, bytes: 144, decode: kNibbles(false) },
  13: { name: 'Q5_K', weights: 256, bytes: 176, decode: kNibbles(true) },
  14: { name: 'Q6_K', weights: 256, bytes: 210, decode: k6 },
  30: { name: 'BF16', weights: 1, bytes: 2, decode: (bytes, out) => void bfloatsToFloats(words(bytes), out) },
};
