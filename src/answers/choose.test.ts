import { describe, expect, test } from 'vitest';
import type { Reading } from '../reader/read.ts';
import { surest } from './choose.ts';

const reading = (passage: number, pFound: number, words = true): Reading => ({
  passage,
  pFound,
  meanLogprob: -0.1,
  spans: words ? [{ start: 0, end: 3 }] : [],
  form: 'span',
  cachedTokens: 0,
});
const plain = { slope: 1, intercept: 0, threshold: 0.5 };

describe('the reading that answers', () => {
  test('is the surest one that gave words', () => {
    const readings = [reading(0, 0.6), reading(1, 0.99, false), reading(2, 0.7)];
    expect(surest(readings, [2, 1, 0], plain)?.reading.passage).toBe(2);
    expect(surest(readings, [2, 1, 0], plain)?.confidence).toBeCloseTo(0.7);
    expect(surest([reading(0, 0.9, false)], [1], plain)).toBeNull();
    expect(surest([], [], plain)).toBeNull();
  });

  test('is of the passage that the search prefers, as far as the calibration says', () => {
    const readings = [reading(0, 0.6), reading(1, 0.7)];
    const trusting = { ...plain, retrieval: 2 };
    expect(surest(readings, [1.5, 0.5], trusting)?.reading.passage).toBe(0);
    // A little better found does not outweigh much better read.
    expect(surest([reading(0, 0.2), reading(1, 0.9)], [1.1, 1], trusting)?.reading.passage).toBe(1);
    expect(surest(readings, [1.5, 0.5], trusting)!.confidence).toBeCloseTo(0.6);
  });
});
