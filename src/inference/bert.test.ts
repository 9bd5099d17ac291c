import { expect, test } from 'vitest';
import goldens from '../../tests/goldens/minilm.json' with { type: 'json' };
import { testBase } from '../../tests/setup/base.ts';
import { openSentenceEncoder } from './bert.ts';
import { createEmbedder } from './embedder.ts';

test('sentence vectors in floats equal those of PyTorch', { timeout: 120_000 }, async () => {
  const { embedder: folder } = await testBase();
  const encoder = await openSentenceEncoder({ folder, adapter: null, threads: 1, weights: 'f32' });
  expect(encoder.dimensions).toBe(384);
  for (const { text, vector } of goldens) {
    const found = await encoder.encode(text);
    expect(Math.hypot(...found)).toBeCloseTo(1, 5);
    for (const [j, value] of vector.entries()) expect(found[j]).toBeCloseTo(value, 5);
  }
});

test('as served, in eight bits, they point the same way', { timeout: 120_000 }, async () => {
  const { embedder: folder } = await testBase();
  const embedder = createEmbedder({ folder, adapter: null, threads: 1, version: 'plain' });
  await embedder.start();
  try {
    const vectors = await embedder.embed(goldens.map(({ text }) => text));
    expect(embedder.dimensions).toBe(384);
    for (const [i, { vector }] of goldens.entries()) {
      const found = vectors[i]!;
      expect(Math.hypot(...found)).toBeCloseTo(1, 5);
      // The goldens hold the first 64 of 384 values.
      const own = found.slice(0, vector.length);
      const dot = vector.reduce((sum, value, j) => sum + value * own[j]!, 0);
      expect(dot / Math.hypot(...vector) / Math.hypot(...own)).toBeGreaterThan(0.99);
    }
  } finally {
    await embedder.stop();
  }
});
