/**
 * Weights in blocks along the input axis with one float scale each, as MatMulNBits reads them:
 * `w = scale * (q - zero)`, zero = 128 for 8 bits and 8 for 4 bits.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
 */

export interface Quantised {
  /** [rows, columns * bits / 8]; of two 4-bit weights the first is in the low nibble. */
  readonly data: Uint8Array;
  /** [rows, columns / block] */
  readonly scales: Float32Array;
}

export type Bits = 4 | 8;

/** @param weights [rows, columns]; columns must be a multiple of `block`. */
export function quantise(weights: Float32Array, bits: Bits, block: number): Quantised {
  const blocks = weights.length / block;
  if (!Number.isInteger(blocks)) throw new Error(`${weights.length} weights are no whole number of blocks`);
  const scales = new Float32Array(blocks);
  const data = new Uint8Array((weights.length * bits) / 8);
  for (let b = 0; b < blocks; b += 1) {
    const from = b * block;
    // The entry of largest size, with its sign.
    let extreme = 0;
    for (let i = from; i < from + block; i += 1) if (Math.abs(weights[i]!) > Math.abs(extreme)) extreme = weights[i]!;
    if (bits === 8) {
      const scale = Math.fround(Math.abs(extreme) / 127);
      scales[b] = scale;
      const inverse = scale === 0 ? 0 : 1 / scale;
      for (let i = from; i < from + block; i += 1) data[i] = Math.round(weights[i]! * inverse) + 128;
    } else {
      // Signed scale, so that the extreme falls on -8, the one value without a counterpart (ggml's Q4_0).
      const scale = Math.fround(extreme / -8);
      scales[b] = scale;
      const inverse = scale === 0 ? 0 : 1 / scale;
      for (let i = from; i < from + block; i += 2) {
        const low = Math.min(15, Math.trunc(weights[i]! * inverse + 8.5));
        const high = Math.min(15, Math.trunc(weights[i + 1]! * inverse + 8.5));
        data[i >> 1] = low | (high << 4);
      }
    }
  }
  return { data, scales };
}

/** The floats that a quantised weight stands for. */
export function dequantise({ data, scales }: Quantised, bits: Bits, block: number): Float32Array {
  const out = new Float32Array(scales.length * block);
  for (let i = 0; i < out.length; i += 1) {
    const q = bits === 8 ? data[i]! - 128 : ((data[i >> 1]! >> ((i & 1) * 4)) & 15) - 8;
    out[i] = q * scales[Math.floor(i / block)]!;
  }
  return out;
}

/** The largest of the supported block sizes, not above `wanted`, that divides every one of `columns`; 0 = none. */
export const blockFor = (wanted: number, ...columns: readonly number[]): number =>
  [128, 64, 32, 16].find((block) => block <= wanted && columns.every((n) => n % block === 0)) ?? 0;
