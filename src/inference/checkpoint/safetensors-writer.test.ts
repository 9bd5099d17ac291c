import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { randomNumbers } from '../../random.ts';
import { append } from './durable.ts';
import { openSafetensors } from './safetensors.ts';
import { type FloatType, sources, writeSafetensors } from './safetensors-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'docent-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const next = randomNumbers(5);
const matrix = { shape: [3, 5], data: Float32Array.from({ length: 15 }, () => next() - 0.5) };
const edges = {
  shape: [6],
  data: Float32Array.of(0, -0, 2 ** -149, 2 ** -24, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
};

test.each<[FloatType, number]>([
  ['F32', 0],
  ['F16', 2 ** -11],
  ['BF16', 2 ** -8],
])('%s tensors come back within a relative %f', (type, tolerance) => {
  const path = join(folder, `${type}.safetensors`);
  writeSafetensors(path, sources(Object.entries({ matrix, edges })), { type, metadata: { made: 'here' } });
  const read = openSafetensors(path);
  expect(read.names).toEqual(['matrix', 'edges']);
  expect(read.shape('matrix')).toEqual([3, 5]);
  for (const [i, value] of read.read('matrix').data.entries())
    expect(Math.abs(value - matrix.data[i]!)).toBeLessThanOrEqual(Math.abs(matrix.data[i]!) * tolerance);
  expect([...read.read('edges').data]).toEqual(
    [...edges.data].map((value) => (type !== 'F32' && value === 2 ** -149 ? 0 : value)),
  );
  read.close();
  // Tensors begin at multiples of eight bytes, the header says where it comes from.
  const bytes = readFileSync(path);
  const headerBytes = Number(bytes.readBigUInt64LE());
  expect(headerBytes % 8).toBe(0);
  expect(JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)).__metadata__).toEqual({ format: 'pt', made: 'here' });
});

test('a failure half way leaves the older file and nothing else', () => {
  const path = join(folder, 'kept.safetensors');
  writeSafetensors(path, sources([['a', matrix]]));
  const before = readFileSync(path);
  const failing = { name: 'b', shape: [2], read: () => Float32Array.of(1) };
  expect(() => writeSafetensors(path, [...sources([['a', matrix]]), failing])).toThrow('b has 1 numbers');
  expect(readFileSync(path)).toEqual(before);
  const large = { shape: [1], data: Float32Array.of(1e6) };
  expect(() => writeSafetensors(path, sources([['c', large]]), { type: 'F16' })).toThrow(
    'c holds numbers that F16 cannot',
  );
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test.runIf(existsSync('/dev/full'))('a full disk is reported by the system, not swallowed', () => {
  const file = openSync('/dev/full', 'w');
  expect(() => append(file, Buffer.alloc(10))).toThrow('ENOSPC');
  closeSync(file);
});
