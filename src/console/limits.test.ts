import { expect, test } from 'vitest';
import { createBuckets } from './limits.ts';

test('a bucket gives its burst, then one token per interval, each key on its own', () => {
  let now = 0;
  const buckets = createBuckets({ burst: 2, perSecond: 0.5 }, () => now);
  expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([0, 0, 2]);
  expect(buckets.take('b')).toBe(0);
  now = 1000;
  expect(buckets.wait('a')).toBe(1);
  now = 2000;
  expect(buckets.wait('a')).toBe(0);
  expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 2]);
});

test('a bucket never holds more than its burst', () => {
  let now = 0;
  const buckets = createBuckets({ burst: 2, perSecond: 1 }, () => now);
  buckets.take('a');
  now = 1e9;
  expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([0, 0, 1]);
});

test('forgets the key unused for longest instead of growing without end', () => {
  const buckets = createBuckets({ burst: 1, perSecond: 1 / 1000 }, () => 0);
  buckets.take('first');
  for (let i = 0; i < 10_000; i++) buckets.take(`k${i}`);
  expect(buckets.take('k9999')).toBeGreaterThan(0);
  expect(buckets.take('first')).toBe(0);
});
