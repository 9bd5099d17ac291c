import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { randomLora } from '../testing.ts';
import { readAdapter } from './adapter.ts';
import { type TrainedAdapter, writeAdapter } from './adapter-writer.ts';
import { floatsToHalves, halvesToFloats } from './halves.ts';
import { tinyConfig } from './random.ts';

const folder = mkdtempSync(join(tmpdir(), 'docent-adapter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const adapter: TrainedAdapter = {
  rank: 3,
  alpha: 6,
  pairs: randomLora(11, 3),
  base: { name: 'tiny', sha256: 'abc' },
  promptVersion: 'prompt-1',
};
const json = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8'));

test('an adapter comes back as it was', () => {
  writeAdapter(join(folder, 'a'), adapter, { manifest: { id: 'a', metrics: { f1: 1 } } });
  const read = readAdapter(join(folder, 'a'), tinyConfig);
  expect([read.rank, read.scale]).toEqual([3, 2]);
  expect(read.pairs).toEqual(adapter.pairs);
  expect(json('a', 'adapter_config.json')).toMatchObject({
    peft_type: 'LORA',
    target_modules: ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'],
    docent: { base_sha256: 'abc', prompt_version: 'prompt-1' },
  });
  expect(json('a', 'adapter_config.json')).not.toHaveProperty('layers_to_transform');
  expect(json('a', 'manifest.json')).toEqual({
    id: 'a',
    metrics: { f1: 1 },
    baseSha256: 'abc',
    promptVersion: 'prompt-1',
  });
});

test('in halves, over an older one, upper layers only', () => {
  const upper = new Map([...adapter.pairs].filter(([key]) => key.startsWith('1.')));
  writeAdapter(join(folder, 'b'), adapter);
  writeAdapter(join(folder, 'b'), { ...adapter, pairs: upper }, { type: 'F16' });
  const read = readAdapter(join(folder, 'b'), tinyConfig);
  expect([...read.pairs.keys()]).toEqual([...upper.keys()]);
  for (const [key, { a, b }] of read.pairs) {
    expect(a.data).toEqual(halvesToFloats(floatsToHalves(upper.get(key)!.a.data)));
    expect(b.data).toEqual(halvesToFloats(floatsToHalves(upper.get(key)!.b.data)));
  }
  expect(json('b', 'adapter_config.json').layers_to_transform).toEqual([1]);
  expect(existsSync(join(folder, 'b', 'manifest.json'))).toBe(false);
  expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
});

test('one that cannot be written leaves the older one in service', () => {
  const before = readAdapter(join(folder, 'a'), tinyConfig);
  const [key, { a, b }] = [...adapter.pairs][0]!;
  const large = new Map([[key, { a: { ...a, data: a.data.map(() => 1e6) }, b }]]);
  expect(() => writeAdapter(join(folder, 'a'), { ...adapter, pairs: large }, { type: 'F16' })).toThrow(
    'that F16 cannot',
  );
  expect(readAdapter(join(folder, 'a'), tinyConfig)).toEqual(before);
  expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
});
