/** The remote engine against servers that speak both dialects; behind them the engine of this process, on tiny weights. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { tinyConfig } from '../checkpoint/random.ts';
import type { Engine, GenerateRequest, Row } from '../contract.ts';
import { createEngine } from '../engine.ts';
import { writeTinyBase } from '../testing.ts';
import { createRemoteEngine } from './engine.ts';

const vocabulary = Array.from({ length: tinyConfig.vocab }, (_, id) => id);
const end = 2;
/** As llama.cpp ends: the token itself is not told. */
const endsWith = end;
let folder: string;
let here: Engine;
const servers: Server[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'docent-remote-'));
  here = createEngine({
    base: { path: writeTinyBase(join(folder, 'base')), name: 'tiny' },
    adapterFolder: null,
    cacheFolder: join(folder, 'cache'),
    config: { threads: 1, device: 'cpu', runtime: 'auto', weights: 'f32', kvPoolMb: 16 },
  });
  await here.start();
});
afterAll(async () => {
  await here?.stop();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

type Dialect = 'ids' | 'text';
interface Asked {
  readonly model: string;
  readonly prompt: number[];
  readonly max_tokens: number;
}
interface Choice {
  readonly id: number;
  readonly logprob: number;
  readonly top: readonly { readonly id: number; readonly logprob: number }[];
}

/** One greedy step. All tokens are told: of random weights the permitted ones are rarely among the twenty likeliest. */
async function step(prompt: readonly number[]): Promise<Choice> {
  const row: Row = {
    prefix: Int32Array.from(prompt.slice(0, 1)),
    suffix: Int32Array.from(prompt.slice(1)),
    watch: vocabulary,
  };
  const [result] = await here.generate({ rows: [row], maxTokens: 1, stop: [] });
  const all = vocabulary.map((id) => ({ id, logprob: result!.watched[id]! })).sort((a, b) => b.logprob - a.logprob);
  return { ...all[0]!, top: all };
}

async function serve(dialect: Dialect, { busyFor = 0, models = ['reader'] } = {}) {
  const asked: Asked[] = [];
  let busy = busyFor;
  const server = createServer(async (request, response) => {
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === '/v1/models') return send(200, { data: models.map((id) => ({ id })) });
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.headers.authorization !== 'Bearer secret') return send(401, { error: 'no key' });
    if (busy-- > 0) return send(503, { error: 'loading' });
    const body = JSON.parse(text) as Asked;
    asked.push(body);
    const chosen: Choice[] = [];
    let ended = false;
    while (!ended && chosen.length < body.max_tokens) {
      const next = await step([...body.prompt, ...chosen.map(({ id }) => id)]);
      ended = next.id === endsWith;
      if (!ended) chosen.push(next);
    }
    const name = (id: number) => `token_id:${id}`;
    const logprobs =
      dialect === 'ids'
        ? { content: chosen.map(({ id, logprob, top }) => ({ id, token: '?', logprob, top_logprobs: top })) }
        : {
            tokens: chosen.map(({ id }) => name(id)),
            token_logprobs: chosen.map(({ logprob }) => logprob),
            top_logprobs: chosen.map(({ top }) =>
              Object.fromEntries(top.map(({ id, logprob }) => [name(id), logprob])),
            ),
          };
    send(200, { choices: [{ text: '', finish_reason: ended ? 'stop' : 'length', logprobs }] });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}
const remote = (url: string, model = '') => createRemoteEngine({ url, apiKey: 'secret', model, base: 'tiny' });

describe.each(['ids', 'text'] as const)('a server that tells tokens as %s', (dialect) => {
  test('gives what the engine here gives, under constraints and in contests', async () => {
    const { url, asked } = await serve(dialect);
    const engine = remote(url);
    await engine.start();
    const random = createRandom(5);
    const token = () => random.between(3, tinyConfig.vocab - 1);
    let corrected = 0;
    for (let round = 0; round < 12; round++) {
      const rows = Array.from({ length: 3 }, (): Row => {
        const passage = Int32Array.from({ length: 12 }, token);
        return {
          prefix: passage,
          suffix: Int32Array.from({ length: 4 }, token),
          watch: [token(), token()],
          constraint: {
            tokens: passage,
            starts: Uint8Array.from(passage, () => 1),
            ends: Uint8Array.from(passage, (_, i) => (i % 2 ? 1 : 0)),
            leads: [[token()], [token(), token()]],
            end,
          },
        };
      });
      const request: GenerateRequest = {
        rows,
        maxTokens: 8,
        stop: [end],
        ...(round % 2 ? { contest: { priors: [0, 0.5, 0], least: -50 } } : {}),
      };
      const before = asked.length;
      const [there, local] = await Promise.all([engine.generate(request), here.generate(request)]);
      corrected += asked.length - before - rows.length;
      there.forEach((result, at) => {
        const same = local[at]!;
        expect(result.finish).toBe(same.finish);
        expect([...result.tokens]).toEqual([...same.tokens]);
        expect(result.spans).toEqual(same.spans);
        expect(result.lead).toBe(same.lead);
        result.watched.forEach((value, i) => {
          // What is not among the twenty likeliest is only known to be less.
          if (value > -50 && Math.abs(value - same.watched[i]!) > 1e-3)
            expect(value).toBeGreaterThan(same.watched[i]! - 1);
        });
      });
    }
    expect(corrected).toBeGreaterThan(0);
  });

  test('stops where the request says, streams, and can be cancelled', async () => {
    const { url } = await serve(dialect);
    const engine = remote(url);
    const request = { rows: [{ prefix: Int32Array.of(5, 6), suffix: Int32Array.of(7) }], maxTokens: 5, stop: [end] };
    const streamed: number[] = [];
    const [result] = await engine.generate(request, { onToken: (_, token) => streamed.push(token) });
    const [same] = await here.generate(request);
    expect([...result!.tokens]).toEqual([...same!.tokens]);
    expect(streamed).toEqual([...result!.tokens]);
    const leaving = AbortSignal.abort();
    await expect(engine.generate(request, { signal: leaving })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('a server that is busy is asked again; one without the key or the model says why', async () => {
  const { url } = await serve('ids', { busyFor: 2 });
  const request = { rows: [{ prefix: Int32Array.of(5), suffix: Int32Array.of(7) }], maxTokens: 1, stop: [] };
  expect(await remote(url).generate(request)).toHaveLength(1);
  const withoutKey = createRemoteEngine({ url, apiKey: '', model: '', base: 'tiny' });
  await expect(withoutKey.start()).rejects.toMatchObject({
    code: 'REMOTE_ENGINE_FAILED',
    message: expect.stringMatching(/401/),
  });
  await expect(remote(url, 'other').start()).rejects.toThrow(/does not serve other, but reader/);
  await expect(remote('http://127.0.0.1:9/v1').start()).rejects.toMatchObject({ code: 'REMOTE_ENGINE_FAILED' });
});

test('an adapter is asked for by its id where the server has it', async () => {
  const { url, asked } = await serve('ids', { models: ['reader', 'reader-v7'] });
  const engine = remote(url, 'reader');
  await engine.start();
  const request = { rows: [{ prefix: Int32Array.of(5), suffix: Int32Array.of(7) }], maxTokens: 1, stop: [] };
  await engine.generate(request);
  await engine.swap('/home/adapters/reader-v7');
  await engine.generate(request);
  await engine.generate({ ...request, adapter: null });
  expect(asked.slice(-3).map(({ model }) => model)).toEqual(['reader', 'reader-v7', 'tiny']);
  await expect(engine.generate({ ...request, adapter: '/x/unknown' })).rejects.toThrow(
    /does not serve the adapter unknown/,
  );
});
