import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isDocentError } from '../../errors.ts';
import { writeTinyBase } from '../testing.ts';
import { ggufName, openCheckpoint, permute } from './checkpoint.ts';
import { configFromJson } from './model-config.ts';
import { openSafetensorsFolder } from './safetensors.ts';
import { sources, writeSafetensors } from './safetensors-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'docent-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return isDocentError(error) ? error.code : `not ours: ${error}`;
  }
};

test('names of Hugging Face and GGUF', () => {
  expect(ggufName('model.layers.12.self_attn.q_proj.bias')).toBe('blk.12.attn_q.bias');
  expect(ggufName('model.embed_tokens.weight')).toBe('token_embd.weight');
  expect(ggufName('model.rotary.inv_freq')).toBeNull();
});

test('rows of a head go from pairs into halves and back', () => {
  // Two heads of four rows: llama.cpp stores 0 2 1 3 of each.
  const pairs = Float32Array.of(0, 2, 1, 3, 10, 12, 11, 13);
  const halves = permute(pairs, 8, 2, 'halves');
  expect([...halves]).toEqual([0, 1, 2, 3, 10, 11, 12, 13]);
  expect(permute(halves, 8, 2, 'pairs')).toEqual(pairs);
});

test('damaged and foreign files are refused with a reason', () => {
  const file = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  expect(codeOf(() => openCheckpoint(file('a.gguf', 'this is no model, only some text')))).toBe('MODEL_CORRUPT');
  const header = Buffer.alloc(24);
  header.write('GGUF');
  header.writeUInt32LE(3, 4);
  header.writeBigUInt64LE(5n, 8);
  header.writeBigUInt64LE(7n, 16);
  expect(codeOf(() => openCheckpoint(file('b.gguf', header)))).toBe('MODEL_CORRUPT');
  header.writeUInt32LE(9, 4);
  expect(codeOf(() => openCheckpoint(file('c.gguf', header)))).toBe('MODEL_UNSUPPORTED');
  expect(codeOf(() => configFromJson({ model_type: 'mamba' }, 'config.json'))).toBe('MODEL_UNSUPPORTED');
  const base = writeTinyBase(join(folder, 'cut'));
  const weights = join(base, 'model.safetensors');
  writeFileSync(weights, readFileSync(weights).subarray(0, -100));
  expect(codeOf(() => openCheckpoint(base))).toBe('MODEL_CORRUPT');
});

test('shards are read through their index', () => {
  const shards = join(folder, 'shards');
  mkdirSync(shards);
  const tensor = (value: number) => ({ shape: [2], data: Float32Array.of(value, value) });
  writeSafetensors(join(shards, 'model-1.safetensors'), sources([['a', tensor(1)]]));
  writeSafetensors(join(shards, 'model-2.safetensors'), sources([['b', tensor(2)]]));
  const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
  writeFileSync(join(shards, 'model.safetensors.index.json'), JSON.stringify(index));
  const tensors = openSafetensorsFolder(shards);
  expect([...tensors.read('a').data, ...tensors.read('b').data]).toEqual([1, 1, 2, 2]);
  expect(() => tensors.read('c')).toThrow('c is missing');
  tensors.close();
});
