import { expect, test } from 'vitest';
import { randomNumbers } from '../../random.ts';
import { blockFor, dequantise, quantise } from './quantise.ts';

const next = randomNumbers(3);
const weights = Float32Array.from({ length: 4 * 128 }, () => next() - 0.5);

test.each([
  [8, 64, 127],
  [4, 32, 8],
] as const)('%i bits: every weight comes back within half a step of its block', (bits, block, steps) => {
  const restored = dequantise(quantise(weights, bits, block), bits, block);
  for (let from = 0; from < weights.length; from += block) {
    const largest = Math.max(...weights.subarray(from, from + block).map(Math.abs));
    // With 4 bits the side without the extreme has one step less.
    const tolerance = (largest / steps) * (bits === 4 ? 1 : 0.5) * 1.001;
    for (let i = from; i < from + block; i += 1)
      expect(Math.abs(restored[i]! - weights[i]!)).toBeLessThanOrEqual(tolerance);
  }
});

test('a block of zeros stays zero', () => {
  expect([...dequantise(quantise(new Float32Array(64), 8, 64), 8, 64)]).toEqual(new Array(64).fill(0));
});

test('the block size divides every width', () => {
  expect(blockFor(64, 576, 1536)).toBe(64);
  expect(blockFor(64, 96)).toBe(32);
  expect(blockFor(64, 100)).toBe(0);
});
