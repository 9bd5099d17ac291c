/** Exported models, read back by Docent's own readers and run by its own engine. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isDocentError } from '../../errors.ts';
import { prepare } from '../graph/prepared.ts';
import { createArena } from '../runtime/arena.ts';
import { chooseRuntime } from '../runtime/open.ts';
import { writeTinyAdapter, writeTinyBase, writeTinyTokenizer } from '../testing.ts';
import { loadTokenizer } from '../tokenizer.ts';
import { readAdapter, withAdapter } from './adapter.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type ExportSource, writeExport } from './export.ts';
import { openGguf } from './gguf.ts';
import { configFromJson, configToJson, type ModelConfig, rotaryFrequencies } from './model-config.ts';
import { tinyConfig } from './random.ts';
import { readVocabulary } from './vocabulary.ts';
import { weightShapes } from './weight-shapes.ts';

const folder = mkdtempSync(join(tmpdir(), 'docent-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const families: Readonly<Record<string, ModelConfig>> = {
  llama: tinyConfig,
  'llama, stretched': {
    ...tinyConfig,
    ropeScaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 },
  },
  qwen2: { ...tinyConfig, family: 'qwen2', qkvBias: true, tied: false, ropeScaling: { kind: 'linear', factor: 4 } },
  qwen3: { ...tinyConfig, family: 'qwen3', qkNorm: true },
};

const tinyBase = (name: string, config: ModelConfig): string => {
  const base = writeTinyBase(join(folder, name), config);
  writeTinyTokenizer(base);
  return base;
};

/** The largest difference of any weight. */
const apart = (one: Checkpoint, other: Checkpoint): number => {
  let most = 0;
  for (const [name] of weightShapes(one.config)) {
    const { data } = other.read(name);
    for (const [i, value] of one.read(name).data.entries()) most = Math.max(most, Math.abs(value - data[i]!));
  }
  return most;
};

const speak = (path: string): number[] => [...loadTokenizer(path).encode('and the 12 thé')];

describe.each(Object.entries(families))('%s', (family, config) => {
  const base = tinyBase(family, config);
  const adapterFolder = writeTinyAdapter(join(folder, `${family}-adapter`), 5, 4, config);
  const source = { base, adapterFolder, name: 'tiny tuned', target: join(folder, `${family}-out`) };
  const opened = openCheckpoint(base);
  const merged = withAdapter(opened, readAdapter(adapterFolder, config));

  test('a merged folder has the weights of base + adapter, and the files of the base', () => {
    const files = writeExport({ ...source, format: 'safetensors', precision: 'f32' });
    const written = openCheckpoint(source.target);
    expect(written.config).toEqual(config);
    expect(apart(merged, written)).toBe(0);
    expect(files.map(({ path }) => basename(path)).sort()).toEqual(
      ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'].sort(),
    );
    expect(speak(source.target)).toEqual(speak(base));
    written.close();
  });

  test('GGUF F16 and Q8_0, and from there back into a folder', () => {
    const gguf = (precision: 'f16' | 'q8_0', from = source.base) => {
      const target = join(folder, `${family}-${basename(from)}-${precision}.gguf`);
      const bare = from === source.base ? {} : { adapterFolder: null };
      writeExport({ ...source, ...bare, base: from, format: 'gguf', precision, target });
      return target;
    };
    const half = gguf('f16');
    const bytes = gguf('q8_0');
    const read = openCheckpoint(half);
    expect(apart(merged, read)).toBeLessThan(2 ** -10);
    const readBytes = openCheckpoint(bytes);
    expect(apart(merged, readBytes)).toBeLessThan(0.01);
    expect(statSync(bytes).size).toBeLessThan(statSync(half).size);
    for (const { config: shape } of [read, readBytes]) {
      expect({ ...shape, ropeScaling: null }).toEqual({ ...config, ropeScaling: null });
      for (const [i, frequency] of rotaryFrequencies(shape).entries())
        expect(frequency).toBeCloseTo(rotaryFrequencies(config)[i]!, 6);
    }
    expect(speak(half)).toEqual(speak(base));
    const { special, chatTemplate, addBos } = readVocabulary(half);
    expect({ special, chatTemplate, addBos }).toEqual({
      special: { eos: { id: 0, content: '<|end|>' } },
      chatTemplate: '{{ messages[0].content }}',
      addBos: false,
    });

    // Metadata is carried over as it was, and halves are halves.
    const again = gguf('f16', half);
    const [first, second] = [openGguf(half), openGguf(again)];
    expect(second.metadata).toEqual(first.metadata);
    expect([...second.tensors.keys()]).toEqual([...first.tensors.keys()]);
    const readAgain = openCheckpoint(again);
    expect(apart(read, readAgain)).toBe(0);

    // A folder composed of what the GGUF file says.
    const target = join(folder, `${family}-from-gguf`);
    writeExport({ ...source, base: half, adapterFolder: null, format: 'safetensors', precision: 'f32', target });
    const composed = openCheckpoint(target);
    expect(composed.config).toEqual({ ...config, ropeScaling: composed.config.ropeScaling });
    expect(apart(read, composed)).toBe(0);
    expect(speak(target)).toEqual(speak(base));
    expect(readVocabulary(target).special).toEqual(special);
    for (const file of [read, readBytes, readAgain, composed, first, second]) file.close();
  });
});

test('an exported model says what base and adapter say, in the engine', async () => {
  const base = tinyBase('run', tinyConfig);
  const adapterFolder = writeTinyAdapter(join(folder, 'run-adapter'), 9, 4);
  const cacheFolder = join(folder, 'cache');
  const tokens = Int32Array.from({ length: 24 }, (_, i) => (i * 37 + 5) % 512);
  const runtimes = await chooseRuntime({ threads: 1, device: 'cpu', runtime: 'portable' }, cacheFolder);
  const logits = async (path: string, adapter: string | null): Promise<Float32Array> => {
    const prepared = prepare({ base: path, adapterFolder: adapter, weights: 'f32', cacheFolder });
    const runtime = await runtimes.open(prepared);
    const request = { firstSlot: 0, rows: 1, width: 24, tokens, past: Int32Array.of(0), logitRows: [23] };
    const { logits: values } = await runtime.run(request, createArena(runtime.shape, 1, 64));
    await runtime.close();
    return values.slice();
  };
  const expected = await logits(base, adapterFolder);
  const most = (values: Float32Array) =>
    expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - values[i]!)), 0);
  expect(most(await logits(base, null))).toBeGreaterThan(0.1);
  const source = { base, adapterFolder, name: 'tiny', target: join(folder, 'run-out') } as const;
  writeExport({ ...source, format: 'safetensors', precision: 'f32' });
  expect(most(await logits(source.target, null))).toBeLessThan(1e-4);
  writeExport({ ...source, format: 'gguf', precision: 'f16', target: join(folder, 'run.gguf') });
  expect(most(await logits(join(folder, 'run.gguf'), null))).toBeLessThan(0.02);
});

test('what cannot be exported is refused, and nothing is left behind', () => {
  const codeOf = (source: ExportSource) => {
    try {
      writeExport(source);
      return 'none';
    } catch (error) {
      return isDocentError(error) ? error.code : `not ours: ${error}`;
    }
  };
  const base = tinyBase('refused', tinyConfig);
  const source = { base, adapterFolder: null, name: 'tiny', target: join(folder, 'never') };
  const narrow = writeTinyAdapter(join(folder, 'narrow'), 5, 4, { ...tinyConfig, ffn: 64 });
  const f32 = { format: 'safetensors', precision: 'f32' } as const;
  expect(codeOf({ ...source, ...f32, adapterFolder: narrow })).toBe('ADAPTER_INVALID');
  const mute = writeTinyBase(join(folder, 'mute'));
  expect(codeOf({ ...source, base: mute, format: 'gguf', precision: 'f16' })).toBe('MODEL_UNSUPPORTED');
  expect(readdirSync(folder).filter((name) => /never|\.part/.test(name))).toEqual([]);
});

test('rotary divisors that no config.json can name are refused', () => {
  const divisors = Array.from({ length: 8 }, (_, i) => 1 + i);
  expect(() => configToJson({ ...tinyConfig, ropeScaling: { kind: 'divisors', divisors } })).toThrow(
    'export it as GGUF',
  );
  for (const config of Object.values(families))
    expect(configFromJson(configToJson(config), 'config.json')).toEqual(config);
  expect(JSON.parse(readFileSync(join(folder, 'llama', 'config.json'), 'utf8')).model_type).toBe('llama');
});
