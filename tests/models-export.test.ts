/** `docent models export` with a tiny base, through the real registry, child process and files. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { isDocentError } from '../src/errors.ts';
import { writeAdapter } from '../src/inference/checkpoint/adapter-writer.ts';
import { openCheckpoint } from '../src/inference/checkpoint/checkpoint.ts';
import { randomLora, writeTinyBase, writeTinyTokenizer } from '../src/inference/testing.ts';
import { createDocent, type Docent } from '../src/main.ts';
import type { ExportArguments, Operator } from '../src/operator/contract.ts';
import { createLocalOperator } from '../src/operator/local.ts';
import { promptVersion } from '../src/reader/prompt.ts';
import { type TestStore, testStore } from './setup/database.ts';

let place: TestStore;
let docent: Docent;
let operator: Operator;
const at = (...names: string[]) => join(place.config.home, ...names);
const adapter = { rank: 4, alpha: 8, pairs: randomLora(3, 4), base: { name: 'tiny', sha256: 'abc' }, promptVersion };

const open = (base: string) => {
  const settings = { DATABASE_URL: place.database.url, DOCENT_HOME: place.config.home, DOCENT_BASE: base };
  return createDocent({ config: loadConfig(settings, place.config.home), log: pino({ level: 'silent' }) });
};
const codeOf = async (args: ExportArguments, by = operator): Promise<string> =>
  by.exportModel(args).then(
    () => 'none',
    (error) => (isDocentError(error) ? error.code : `not ours: ${error}`),
  );

beforeAll(async () => {
  place = await testStore();
  const base = writeTinyBase(at('tiny'));
  writeTinyTokenizer(base);
  docent = open(base);
  operator = createLocalOperator({ docent });
  writeAdapter(at('made'), adapter, { manifest: { id: 'tuned-1' } });
  await operator.importModel({ path: at('made') });
});
afterAll(async () => {
  await docent?.stop();
  await place?.dispose();
});

test('an adapter is copied as it is, into an empty folder that stays the same one', async () => {
  mkdirSync(at('out'));
  const result = await operator.exportModel({ id: 'tuned-1', target: at('out') });
  expect(result).toMatchObject({ adapter: 'tuned-1', base: 'tiny', format: 'peft', quantisation: null });
  expect(readdirSync(at('out')).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'manifest.json']);
  for (const name of readdirSync(at('out')))
    expect(readFileSync(at('out', name))).toEqual(readFileSync(at('made', name)));
});

test('merged and bare models are written as safetensors and GGUF', async () => {
  const merged = await operator.exportModel({ id: 'tuned-1', target: at('new', 'merged'), merge: true });
  expect(merged).toMatchObject({ adapter: 'tuned-1', format: 'safetensors', quantisation: 'f32' });
  const base = await operator.exportModel({ id: null, target: at('base') });
  expect(base).toMatchObject({ adapter: null, format: 'safetensors', quantisation: 'f32' });
  const q8 = { format: 'gguf', quantisation: 'q8_0' };
  const gguf = await operator.exportModel({ id: 'tuned-1', target: at('gguf'), merge: true, ...q8 });
  expect(gguf.files.map(({ path }) => path)).toEqual([at('gguf', 'tiny-tuned-1-q8_0.gguf')]);
  const named = await operator.exportModel({ id: null, target: at('deep', 'base.gguf'), format: 'gguf' });
  expect(named).toMatchObject({ quantisation: 'f16', files: [{ path: at('deep', 'base.gguf') }] });
  const weights = [at('new', 'merged'), at('base'), gguf.files[0]!.path, named.files[0]!.path].map((path) => {
    const checkpoint = openCheckpoint(path);
    const { data } = checkpoint.read('model.layers.1.self_attn.q_proj.weight');
    checkpoint.close();
    return data;
  });
  const apart = (a: Float32Array, b: Float32Array) =>
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
  expect(apart(weights[0]!, weights[1]!)).toBeGreaterThan(0.1);
  expect(apart(weights[0]!, weights[2]!)).toBeLessThan(0.02);
  expect(apart(weights[1]!, weights[3]!)).toBeLessThan(0.001);
});

test('what cannot be done is said before anything is written', async () => {
  const target = at('never');
  expect(await codeOf({ id: 'nobody', target })).toBe('ADAPTER_UNKNOWN');
  expect(await codeOf({ id: 'tuned-1', target, format: 'gguf' })).toBe('USAGE');
  expect(await codeOf({ id: 'tuned-1', target, merge: true, format: 'onnx' })).toBe('USAGE');
  expect(await codeOf({ id: 'tuned-1', target, merge: true, quantisation: 'q8_0' })).toBe('USAGE');
  expect(await codeOf({ id: 'tuned-1', target: at('made') })).toBe('TARGET_TAKEN');
  expect(await codeOf({ id: null, target: at('made', 'manifest.json'), format: 'gguf' })).toBe('TARGET_TAKEN');
  expect(await codeOf({ id: null, target: at('made', 'manifest.json', 'x') })).toBe('TARGET_UNWRITABLE');
  expect(existsSync(target)).toBe(false);

  const absent = open(at('no-such-base'));
  expect(await codeOf({ id: null, target }, createLocalOperator({ docent: absent }))).toBe('PATH_NOT_FOUND');
  await absent.stop();
});

test('an adapter that a deleted document taught leaves this home no more', async () => {
  const { prisma } = await docent.store();
  await prisma.adapter.update({ where: { id: 'tuned-1' }, data: { tainted: true } });
  expect(await codeOf({ id: 'tuned-1', target: at('never') })).toBe('ADAPTER_INVALID');
  await prisma.adapter.update({ where: { id: 'tuned-1' }, data: { tainted: false } });
});

test('an adapter whose two files name different bases is refused', async () => {
  const config = JSON.parse(readFileSync(at('made', 'adapter_config.json'), 'utf8'));
  config.docent.base_sha256 = 'another';
  writeFileSync(at('made', 'adapter_config.json'), JSON.stringify(config));
  await expect(operator.importModel({ path: at('made') })).rejects.toMatchObject({ code: 'ADAPTER_INVALID' });
});
