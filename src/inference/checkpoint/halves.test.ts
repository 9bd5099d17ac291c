import { expect, test } from 'vitest';
import { randomNumbers } from '../../random.ts';
import { bfloatsToFloats, floatsToBfloats, floatsToHalves, halfToFloat, halvesToFloats } from './halves.ts';

const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const half = (value: number) => floatsToHalves(Float32Array.of(value))[0]!;
const bfloat = (value: number) => floatsToBfloats(Float32Array.of(value))[0]!;

test('every half and every bfloat16 comes back as it was', () => {
  const isNone = (bits: number, infinity: number) => (bits & 0x7fff) > infinity;
  const halves = floatsToHalves(halvesToFloats(all));
  const bfloats = floatsToBfloats(bfloatsToFloats(all));
  for (const bits of all) {
    if (isNone(bits, 0x7c00)) expect(halfToFloat(halves[bits]!)).toBeNaN();
    else if (halves[bits] !== bits) expect.fail(`half ${bits} became ${halves[bits]}`);
    if (isNone(bits, 0x7f80)) expect(bfloats[bits]! & 0x7fff).toBeGreaterThan(0x7f80);
    else if (bfloats[bits] !== bits) expect.fail(`bfloat16 ${bits} became ${bfloats[bits]}`);
  }
});

test('between two halves the nearer one is taken, half way the even one', () => {
  // 2048 and 2050 are neighbours, 2050 is the odd one.
  expect([half(2048.9), half(2049), half(2049.1), half(2051)]).toEqual([
    half(2048),
    half(2048),
    half(2050),
    half(2052),
  ]);
  expect([half(2047.6), half(-2049)]).toEqual([half(2048), half(-2048)]);
  const next = randomNumbers(3);
  for (let i = 0; i < 2000; i += 1) {
    const value = Math.fround((next() - 0.5) * 2 ** Math.floor(next() * 40 - 25));
    const bits = half(value);
    const distance = Math.abs(halfToFloat(bits) - value);
    for (const neighbour of [bits - 1, bits + 1])
      if ((neighbour & 0x7c00) !== 0x7c00) {
        const other = Math.abs(halfToFloat(neighbour & 0xffff) - value);
        if (other < distance || (other === distance && bits % 2 === 1))
          expect.fail(`${value} became ${halfToFloat(bits)}`);
      }
  }
});

test('subnormal halves, zeros, infinities', () => {
  const step = 2 ** -24;
  expect([half(step), half(0.5 * step), half(0.51 * step), half(1.5 * step), half(2.5 * step)]).toEqual([
    1, 0, 1, 2, 2,
  ]);
  expect(half(1023.5 * step)).toBe(1024); // into the normal numbers
  expect([half(0), half(-0), half(2 ** -30), half(-(2 ** -149))]).toEqual([0, 0x8000, 0, 0x8000]);
  expect([half(65504), half(65519), half(65520), half(1e30)]).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00]);
  expect([half(Number.POSITIVE_INFINITY), half(Number.NEGATIVE_INFINITY)]).toEqual([0x7c00, 0xfc00]);
});

test('bfloat16: ties, subnormals, overflow', () => {
  expect([bfloat(1), bfloat(1 + 2 ** -8), bfloat(1 + 3 * 2 ** -8)]).toEqual([0x3f80, 0x3f80, 0x3f82]);
  expect([bfloat(2 ** -149), bfloat(2 ** -133)]).toEqual([0, 1]);
  expect([bfloat(3.4e38), bfloat(Number.NEGATIVE_INFINITY), bfloat(-0)]).toEqual([0x7f80, 0xff80, 0x8000]);
});
