import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import goldens from '../../tests/goldens/minilm.json' with { type: 'json' };
import { createEmbedder } from './embedder.ts';

/** 91 MB that only dense retrieval needs, so this runs where the folder is given. */
const folder = process.env.DOCENT_TEST_MINILM ?? '';

test.skipIf(!existsSync(folder))('sentence vectors equal those of PyTorch', async () => {
  const embedder = createEmbedder({ folder, threads: 1 });
  await embedder.start();
  try {
    const vectors = await embedder.embed(goldens.map((golden) => golden.text));
    expect(embedder.dimensions).toBe(384);
    for (const [i, { vector }] of goldens.entries()) {
      expect(Math.hypot(...vectors[i]!)).toBeCloseTo(1, 5);
      for (const [j, value] of vector.entries()) expect(vectors[i]![j]).toBeCloseTo(value, 5);
    }
  } finally {
    await embedder.stop();
  }
});
