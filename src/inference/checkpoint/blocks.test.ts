import { expect, test } from 'vitest';
import goldens from '../../../tests/goldens/blocks.json' with { type: 'json' };
import encoded from '../../../tests/goldens/encoded.json' with { type: 'json' };
import { blockFormats } from './blocks.ts';
import { floatsToBfloats } from './halves.ts';

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

test.each(['F16', 'Q8_0'] as const)('%s blocks are encoded bit by bit as in gguf-py', (name) => {
  const format = Object.values(blockFormats).find((candidate) => candidate.name === name)!;
  const written = format.encode!(new Float32Array(bytesOf(encoded.floats).buffer), name);
  expect(Buffer.from(written.buffer, written.byteOffset, written.byteLength).toString('base64')).toBe(encoded[name]);
});

test('bfloat16s are those of gguf-py', () => {
  const written = floatsToBfloats(new Float32Array(bytesOf(encoded.floats).buffer));
  expect(Buffer.from(written.buffer).toString('base64')).toBe(encoded.BF16);
});
