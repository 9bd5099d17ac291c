import { expect, it } from 'vitest';
import { randomNumbers } from '../random.ts';
import { isDisliked, upperTail } from './watch.ts';

it('the tail of the binomial distribution, as tables have it', () => {
  expect(upperTail(10, 8, 0.5)).toBeCloseTo(56 / 1024, 10);
  expect(upperTail(50, 0, 0.1)).toBe(1);
  expect(upperTail(50, 11, 0.1)).toBeCloseTo(0.009355, 5);
  expect(upperTail(5000, 600, 0.1)).toBeLessThan(1e-5);
});

it('goes back only after fifty answers, and only beyond luck', () => {
  const before = { answers: 500, down: 24 };
  expect(isDisliked({ answers: 49, down: 49 }, before)).toBe(false);
  expect(isDisliked({ answers: 50, down: 5 }, before)).toBe(false);
  expect(isDisliked({ answers: 50, down: 12 }, before)).toBe(true);
  expect(isDisliked({ answers: 1000, down: 40 }, before)).toBe(false);
});

it('of adapters that are as good as before, few are taken back', () => {
  const next = randomNumbers(4);
  const share = 0.1;
  const taken = Array.from({ length: 500 }, () => {
    const count = (n: number) => Array.from({ length: n }, () => Number(next() < share)).reduce((a, b) => a + b, 0);
    return isDisliked({ answers: 80, down: count(80) }, { answers: 1000, down: count(1000) });
  }).filter(Boolean).length;
  expect(taken / 500).toBeLessThan(0.02);
});
