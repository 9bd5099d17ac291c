import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededNumbers } from '../random.ts';
import type { GenerateRequest, Row, RowResult } from './contract.ts';
import { prepare } from './graph/prepared.ts';
import { createKvPool, type KvPool } from './kv-pool.ts';
import { openPortable } from './runtime/portable.ts';
import type { Runtime } from './runtime/runtime.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { writeTinyAdapter, writeTinyBase } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'docent-scheduler-'));
const runtimes: Runtime[] = [];
let pool: KvPool;
let scheduler: Scheduler;

const open = async (adapterFolder: string | null) => {
  const base = join(folder, 'base');
  const { appended, shape } = prepare({ base, adapterFolder, weights: 'f32', cacheFolder: join(folder, 'cache') });
  const runtime = await openPortable({ graph: appended, shape, threads: 1, device: 'cpu' });
  runtimes.push(runtime);
  return runtime;
};

beforeAll(async () => {
  writeTinyBase(join(folder, 'base'));
  const runtime = await open(null);
  pool = createKvPool(runtime.shape, 2 * 1024 * 1024);
  scheduler = createScheduler(pool);
  scheduler.addModel('base', runtime);
  scheduler.addModel('adapted', await open(writeTinyAdapter(join(folder, 'adapter'), 7)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tokens = (seed: number, length: number) =>
  Int32Array.from({ length }, (_, i) => (seed * 131 + i * i * 17 + i * 29) % 512);
const row = (seed: number, prefix = 30, suffix = 7): Row => ({
  prefix: tokens(seed, prefix),
  suffix: tokens(seed + 100, suffix),
  watch: [3, 4],
});
const ask = (request: GenerateRequest, model = 'base', onToken?: (row: number, token: number) => void) =>
  new Promise<readonly RowResult[]>((onDone, onError) => {
    scheduler.submit({ request, model, onDone, onError, ...(onToken ? { onToken } : {}) });
  });
const request = (rows: readonly Row[], maxTokens = 8): GenerateRequest => ({ rows, maxTokens, stop: [] });
const plain = ({ tokens: output, logprobs, watched, finish }: RowResult) => ({
  output: [...output],
  logprobs: [...logprobs].map((value) => value.toFixed(3)),
  watched: [...watched].map((value) => value.toFixed(3)),
  finish,
});

describe('scheduler', () => {
  test('rows of many requests together give what each gives alone', async () => {
    const lengths = [30, 5, 63, 130, 17, 40, 0, 90, 33, 12, 71, 25];
    const rows = lengths.map((length, i) => row(i, length, 3 + i));
    const alone: RowResult[] = [];
    for (const single of rows) alone.push(...(await ask(request([single]))));
    pool.forget();
    const together = await Promise.all([
      ask(request(rows.slice(0, 7))),
      ask(request(rows.slice(7, 9))),
      ask(request(rows.slice(9))),
    ]);
    expect(together.flat().map(plain)).toEqual(alone.map(plain));
  });

  test('a prefix is computed once, for rows side by side and for later requests', async () => {
    pool.forget();
    const shared = tokens(50, 80);
    const rows = [1, 2, 3].map((seed) => ({ ...row(seed), prefix: shared }));
    const before = scheduler.counters().prefillTokens;
    const first = await ask(request(rows));
    expect(scheduler.counters().prefillTokens - before).toBe(80 + 3 * 7);
    expect(first.map((result) => result.cached).sort((a, b) => a - b)).toEqual([0, 80, 80]);
    const again = await ask(request(rows));
    expect(scheduler.counters().prefillTokens - before).toBe(80 + 6 * 7);
    expect(again.map(plain)).toEqual(first.map(plain));
    // The common beginning of another prefix is copied too.
    const branch = Int32Array.from([...shared.subarray(0, 50), ...tokens(9, 20)]);
    expect((await ask(request([{ ...row(1), prefix: branch }])))[0]!.cached).toBe(50);
  });

  test('the pool stays within its limit and lets the oldest prefix go', async () => {
    pool.forget();
    for (let seed = 0; seed < 40; seed += 1) await ask(request([row(seed, 100)], 1));
    expect(pool.bytes()).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(pool.has('base', tokens(39, 100))).toBe(true);
    expect(pool.has('base', tokens(0, 100))).toBe(false);
  });

  test('adapters share a batch without mixing', async () => {
    pool.forget();
    const rows = [1, 2, 3].map((seed) => row(seed));
    const [base, adapted] = [await ask(request(rows)), await ask(request(rows), 'adapted')];
    expect(adapted.map(plain)).not.toEqual(base.map(plain));
    pool.forget();
    const mixed = await Promise.all([ask(request(rows)), ask(request(rows), 'adapted')]);
    expect(mixed.map((results) => results.map(plain))).toEqual([base.map(plain), adapted.map(plain)]);
  });

  test('a constraint forces its lead, and its probabilities are the ones of the free model', async () => {
    const single = row(4);
    const copied = single.prefix.subarray(0, 12);
    const constraint = {
      tokens: copied,
      starts: new Uint8Array(12).fill(1),
      ends: new Uint8Array(12).fill(1),
      leads: [[200, 201]],
      end: 300,
    };
    const streamed: number[] = [];
    const [result] = await ask(request([{ ...single, constraint }], 6), 'base', (_, token) => streamed.push(token));
    expect([...result!.tokens.subarray(0, 2)]).toEqual([200, 201]);
    expect(streamed).toEqual([...result!.tokens]);
    const [[first, last]] = result!.spans as [readonly [number, number]];
    expect([...result!.tokens.subarray(2)]).toEqual([...copied.subarray(first, last + 1)]);
    // Ask the free model for the same tokens, one at a time.
    let suffix = [...single.suffix];
    for (const [i, token] of result!.tokens.entries()) {
      const [free] = await ask(
        request([{ prefix: single.prefix, suffix: Int32Array.from(suffix), watch: [token] }], 1),
      );
      expect(free!.watched[0]).toBeCloseTo(result!.logprobs[i]!, 3);
      suffix = [...suffix, token];
    }
  });

  test('without tokens to generate only the watched probabilities come', async () => {
    const [none] = await ask(request([row(5)], 0));
    const [one] = await ask(request([row(5)], 1));
    expect(none!.tokens).toHaveLength(0);
    expect([...none!.watched]).toEqual([...one!.watched]);
  });

  test('a stop token ends a row and is no part of it', async () => {
    const [free] = await ask(request([row(6)], 6));
    const [stopped] = await ask({ rows: [row(6)], maxTokens: 6, stop: [free!.tokens[3]!] });
    const at = free!.tokens.indexOf(free!.tokens[3]!);
    expect(stopped!.finish).toBe('stop');
    expect([...stopped!.tokens]).toEqual([...free!.tokens.subarray(0, at)]);
  });

  test('a cancelled request ends early, the others do not notice', async () => {
    const other = ask(request([row(8)], 40));
    const cancelled = await new Promise<readonly RowResult[]>((onDone, onError) => {
      const ticket = scheduler.submit({
        request: request([row(7), row(9)], 300),
        model: 'base',
        onToken: () => ticket.cancel(),
        onDone,
        onError,
      });
    });
    expect(cancelled.map((result) => result.finish)).toEqual(['cancelled', 'cancelled']);
    expect(cancelled[0]!.tokens.length).toBeLessThan(300);
    expect((await other)[0]!.tokens).toHaveLength(40);
  });

  test('a model is removed when its last row is done', async () => {
    scheduler.addModel('short-lived', await open(null));
    const running = ask(request([row(3)], 20), 'short-lived');
    await scheduler.removeModel('short-lived');
    expect((await running)[0]!.tokens).toHaveLength(20);
    expect(scheduler.hasModel('short-lived')).toBe(false);
  });
});

describe('a contest', () => {
  const rows = [row(1), row(2), row(3), row(4)];
  const evidenceOf = ({ watched }: RowResult) => watched[0]! - watched[1]!;

  test('is won by the row with the most evidence, which gives what it gives alone; the others give nothing', async () => {
    const alone = await ask(request(rows));
    const evidence = alone.map(evidenceOf);
    const best = evidence.indexOf(Math.max(...evidence));
    const before = scheduler.counters().decodedTokens;
    const contested = await ask({
      ...request(rows),
      contest: { priors: [0, 0, 0, 0], least: Number.NEGATIVE_INFINITY },
    });
    expect(contested.map(({ finish }, i) => (i === best ? 'length' : finish))).toEqual(
      rows.map((_, i) => (i === best ? 'length' : 'outdone')),
    );
    expect(plain(contested[best]!)).toEqual(plain(alone[best]!));
    expect(contested.map(({ tokens: output }) => output.length)).toEqual(rows.map((_, i) => (i === best ? 8 : 0)));
    expect(contested.map(evidenceOf).map((value) => value.toFixed(3))).toEqual(
      evidence.map((value) => value.toFixed(3)),
    );
    expect(scheduler.counters().decodedTokens - before).toBe(7);
  });

  test('is decided by what was known before, too, and may be won by none', async () => {
    const priors = [0, 100, 0, 0];
    const finished = async (least: number) =>
      (await ask({ ...request(rows), contest: { priors, least } })).map(({ finish }) => finish);
    expect(await finished(0)).toEqual(['outdone', 'length', 'outdone', 'outdone']);
    expect(await finished(1_000)).toEqual(['outdone', 'outdone', 'outdone', 'outdone']);
  });

  test('ends with one winner among more rows than fit together', async () => {
    const many = Array.from({ length: 21 }, (_, i) => row(i));
    const contest = { priors: many.map(() => 0), least: Number.NEGATIVE_INFINITY };
    const results = await ask({ ...request(many), contest });
    const best = results.map(evidenceOf).reduce((most, value, i, all) => (value > all[most]! ? i : most), 0);
    expect(results[best]!.tokens).toHaveLength(8);
  });
});

test('whatever comes together, in any order and size, each row gives what it gives alone', {
  timeout: 60_000,
}, async () => {
  const random = seededNumbers(7);
  const upTo = (limit: number) => Math.floor(random() * limit);
  let [rows, ties] = [0, 0];
  for (let round = 0; round < 12; round += 1) {
    const shared = tokens(upTo(500), 20 + upTo(60));
    const requests = Array.from({ length: 1 + upTo(5) }, () => ({
      model: upTo(3) === 0 ? 'adapted' : 'base',
      request: request(
        Array.from({ length: 1 + upTo(6) }, () => {
          const single = row(upTo(1_000), upTo(120), 1 + upTo(20));
          return upTo(2) ? { ...single, prefix: shared } : single;
        }),
        1 + upTo(16),
      ),
    }));
    pool.forget();
    const together = await Promise.all(
      requests.map(async ({ request: one, model }, i) => {
        // They come while others are under way.
        await sleep(i * upTo(4));
        return ask(one, model);
      }),
    );
    for (const [i, { request: one, model }] of requests.entries())
      for (const [j, single] of one.rows.entries()) {
        pool.forget();
        const [alone] = await ask({ ...one, rows: [single] }, model);
        rows += 1;
        if (!follows(together[i]![j]!, alone!)) ties += 1;
      }
  }
  expect(rows).toBeGreaterThan(50);
  expect(ties / rows).toBeLessThan(0.02);
});

/**
 * Does a row go as it goes alone? It may take another way only where two tokens were as good to within a thousandth.
 * @returns false when it did
 */
function follows(row: RowResult, alone: RowResult): boolean {
  for (const [i, token] of alone.tokens.entries()) {
    expect(Math.abs(row.logprobs[i]! - alone.logprobs[i]!)).toBeLessThan(1e-3);
    if (row.tokens[i] !== token) return false;
  }
  expect(row.tokens).toHaveLength(alone.tokens.length);
  return true;
}
