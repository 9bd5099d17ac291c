import { expect, test } from 'vitest';
import goldens from '../../../tests/goldens/blocks.json' with { type: 'json' };
import { blockFormats } from './blocks.ts';

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

test.each(Object.entries(goldens))('%s blocks decode as in gguf-py', (name, { type, bytes, floats }) => {
  const format = blockFormats[type]!;
  expect(format.name).toBe(name);
  const raw = bytesOf(bytes);
  const expected = new Float32Array(bytesOf(floats).buffer);
  const out = new Float32Array(expected.length);
  format.decode(raw, out, raw.length / format.bytes);
  for (const [i, value] of expected.entries()) expect(out[i]).toBeCloseTo(value, 4);
});
