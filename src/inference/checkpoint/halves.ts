/** 16-bit floats to 32-bit and back. Knows number formats only. */

/** Every IEEE half as a float: 256 KB that turn each conversion into a look-up. */
const halfTable: Float32Array = (() => {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits += 1) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
})();

/** An IEEE half, given as its 16 bits. */
export const halfToFloat = (bits: number): number => halfTable[bits]!;

/** IEEE halves to floats. */
export function halvesToFloats(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  for (let i = 0; i < halves.length; i += 1) out[i] = halfTable[halves[i]!]!;
  return out;
}

/** bfloat16 (the upper half of a float) to floats. */
export function bfloatsToFloats(
  bfloats: Uint16Array,
  out: Float32Array = new Float32Array(bfloats.length),
): Float32Array {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bfloats.length; i += 1) bits[i] = bfloats[i]! << 16;
  return out;
}

const bitsOf = (floats: Float32Array): Uint32Array => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);

const infinityBits = 0x7f800000;
/** 65520, half way between the largest half and the next one that would be: from here on it is infinity. */
const beyondHalvesBits = 0x477ff000;
/** 2⁻¹⁴, the smallest half with a leading one of its own. */
const normalHalvesBits = 0x38800000;
/** The exponents' biases (127 and 15) apart, as a float's bits. */
const rebiasBits = 0x38000000;

/** Floats to the nearest IEEE halves, ties to even. What is too large becomes infinite. */
export function floatsToHalves(floats: Float32Array, out: Uint16Array = new Uint16Array(floats.length)): Uint16Array {
  const bits = bitsOf(floats);
  for (let i = 0; i < floats.length; i += 1) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const size = bits[i]! & 0x7fffffff;
    if (size > infinityBits) out[i] = sign | 0x7e00;
    else if (size >= beyondHalvesBits) out[i] = sign | 0x7c00;
    // The half below a tie is odd or even by its last bit; a carry into the exponent is the right next number.
    else if (size >= normalHalvesBits) out[i] = sign | ((size - rebiasBits + 0xfff + ((size >>> 13) & 1)) >>> 13);
    else {
      const steps = Math.abs(floats[i]!) * 2 ** 24;
      const below = Math.floor(steps);
      const rest = steps - below;
      out[i] = sign | (below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0));
    }
  }
  return out;
}

/** Floats to the nearest bfloat16s, ties to even. */
export function floatsToBfloats(floats: Float32Array, out: Uint16Array = new Uint16Array(floats.length)): Uint16Array {
  const bits = bitsOf(floats);
  for (let i = 0; i < floats.length; i += 1) {
    const value = bits[i]!;
    const isNumber = (value & 0x7fffffff) <= infinityBits;
    out[i] = isNumber ? (value + 0x7fff + ((value >>> 16) & 1)) >>> 16 : (value >>> 16) | 0x40;
  }
  return out;
}
