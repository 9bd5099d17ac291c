/** The engine over its real child process, with a tiny random model: death, hanging, swapping, cancelling. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isDocentError } from '../src/errors.ts';
import type { Engine, GenerateRequest, RowResult } from '../src/inference/contract.ts';
import { createEngine, type EngineOptions } from '../src/inference/engine.ts';
import { writeTinyAdapter, writeTinyBase } from '../src/inference/testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'docent-engine-'));
const base = join(folder, 'base');
const adapter = join(folder, 'adapter');
const engines: Engine[] = [];

beforeAll(() => {
  writeTinyBase(base);
  writeTinyAdapter(adapter, 7);
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = async (more: Partial<EngineOptions> = {}, config: Partial<EngineOptions['config']> = {}) => {
  const engine = createEngine({
    base: { path: base, name: 'tiny' },
    adapterFolder: null,
    cacheFolder: join(folder, 'cache'),
    config: { threads: 1, device: 'cpu', runtime: 'auto', weights: 'int8', kvPoolMb: 32, ...config },
    ...more,
  });
  engines.push(engine);
  await engine.start();
  return engine;
};
const request = (seed = 1, maxTokens = 24, rows = 2): GenerateRequest => ({
  rows: Array.from({ length: rows }, (_, r) => ({
    prefix: Int32Array.from({ length: 40 }, (_, i) => (i * 31 + r * 7 + seed) % 512),
    suffix: Int32Array.of(1, 2, seed),
  })),
  maxTokens,
  stop: [],
});
const outputs = (results: readonly RowResult[]) => results.map((result) => [...result.tokens]);
/** The engine's child processes. */
const children = (parent = process.pid): number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && Number(match[2]) === parent && /inference\/worker/.test(match[3]!))
    .map((match) => Number(match![1]));
const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error) => (isDocentError(error) ? error.code : `not ours: ${error}`),
  );

describe('engine', () => {
  test('generates, says how it runs, and stops without leaving a process', async () => {
    const engine = await start();
    const results = await engine.generate(request());
    expect(results.map((result) => result.tokens.length)).toEqual([24, 24]);
    const stats = await engine.stats();
    expect(stats).toMatchObject({
      base: 'tiny',
      adapter: null,
      device: 'cpu',
      threads: 1,
      weights: 'int8',
      restarts: 0,
    });
    expect(stats.choice).toContain('self-test');
    expect(stats.kvBytes).toBeGreaterThan(0);
    expect(stats.cachedPrefixes).toBe(2);
    await engine.forget();
    expect((await engine.stats()).cachedPrefixes).toBe(0);
    await engine.stop();
    expect(children()).toEqual([]);
    expect(await codeOf(engine.generate(request()))).toBe('ENGINE_FAILED');
  });

  test('both runtimes give the same tokens', async () => {
    const native = await start({}, { runtime: 'native' });
    const portable = await start({}, { runtime: 'portable' });
    expect((await native.stats()).runtime).toBe('native');
    expect((await portable.stats()).runtime).toBe('portable');
    expect(outputs(await portable.generate(request(3)))).toEqual(outputs(await native.generate(request(3))));
  });

  test('a killed child is started again, requests are asked again, no token comes twice', async () => {
    const engine = await start();
    const expected = outputs(await engine.generate(request(5, 200)));
    const streamed: number[][] = [[], []];
    let killed = false;
    const results = await engine.generate(request(5, 200), {
      onToken(row, token) {
        streamed[row]!.push(token);
        if (killed || streamed[row]!.length < 20) return;
        killed = true;
        for (const pid of children()) process.kill(pid, 'SIGKILL');
      },
    });
    expect(killed).toBe(true);
    expect(outputs(results)).toEqual(expected);
    expect(streamed).toEqual(expected);
    expect((await engine.stats()).restarts).toBe(1);
  });

  test('the child ends when its parent is killed', async () => {
    const parent = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'inference-orphan.ts')], {
      env: { ...process.env, ORPHAN_BASE: base, ORPHAN_CACHE: join(folder, 'cache') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    expect(line.toString().trim()).toBe('ready');
    const orphans = children(parent.pid);
    expect(orphans).toHaveLength(1);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const alive = () => {
      try {
        return process.kill(orphans[0]!, 0);
      } catch {
        return false;
      }
    };
    while (alive()) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('a child that hangs is replaced', async () => {
    const engine = await start({ hangMs: 400 });
    const expected = outputs(await engine.generate(request(6, 200)));
    let hung = false;
    const results = await engine.generate(request(6, 200), {
      onToken() {
        if (hung) return;
        hung = true;
        for (const pid of children()) process.kill(pid, 'SIGSTOP');
      },
    });
    expect(outputs(results)).toEqual(expected);
    expect((await engine.stats()).restarts).toBe(1);
  });

  test('an adapter goes into service while requests run, and back', async () => {
    const engine = await start();
    const bare = outputs(await engine.generate(request(8)));
    const running = engine.generate(request(8, 300));
    await engine.swap(adapter);
    expect((await engine.stats()).adapter).toBe(adapter);
    const adapted = outputs(await engine.generate(request(8)));
    expect(adapted).not.toEqual(bare);
    // The request that was under way was finished by the model that began it.
    expect(outputs(await running).map((row) => row.slice(0, 24))).toEqual(bare);
    expect(outputs(await engine.generate({ ...request(8), adapter: null }))).toEqual(bare);
    await engine.swap(null);
    expect(outputs(await engine.generate(request(8)))).toEqual(bare);
    expect(outputs(await engine.generate({ ...request(8), adapter }))).toEqual(adapted);
  });

  test('an adapter that does not fit is refused and the old one stays', async () => {
    const engine = await start();
    const wrong = join(folder, 'wrong');
    writeTinyAdapter(wrong, 3);
    writeFileSync(join(wrong, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: 8, lora_alpha: 8 }));
    const empty = join(folder, 'empty');
    mkdirSync(empty, { recursive: true });
    expect(await codeOf(engine.swap(wrong))).toBe('ADAPTER_INVALID');
    expect(await codeOf(engine.swap(empty))).toBe('ADAPTER_INVALID');
    expect((await engine.stats()).adapter).toBeNull();
    expect(await engine.generate(request())).toHaveLength(2);
  });

  test('cancelling rejects at once and frees the model', async () => {
    const engine = await start();
    const controller = new AbortController();
    const cancelled = codeOf(
      engine.generate(request(2, 400), { signal: controller.signal, onToken: () => controller.abort() }),
    );
    expect(await cancelled).toBe('CANCELLED');
    expect(await codeOf(engine.generate(request(), { signal: AbortSignal.abort() }))).toBe('CANCELLED');
    expect(await engine.generate(request())).toHaveLength(2);
  });

  test('a text that is too long is refused with the limit', async () => {
    const engine = await start();
    expect(await codeOf(engine.generate(request(1, 1000)))).toBe('CONTEXT_TOO_LONG');
  });

  test('a base that is no model is refused at the start, and nothing stays behind', async () => {
    const empty = join(folder, 'no-model');
    mkdirSync(empty, { recursive: true });
    expect(await codeOf(start({ base: { path: empty, name: 'none' } }))).toBe('MODEL_UNSUPPORTED');
    expect(children()).toEqual([]);
  });

  test('prepared graphs are complete folders, and only the latest stay', () => {
    const names = readdirSync(join(folder, 'cache'));
    expect(names.filter((name) => name.includes('.part-'))).toEqual([]);
    expect(names.filter((name) => !name.startsWith('self-test')).length).toBeGreaterThan(0);
  });
});
