/** 16-bit floats to 32-bit. Knows number formats only. */

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
