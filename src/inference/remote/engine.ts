/**
 * An engine elsewhere: the same rows, asked of a server that speaks OpenAI's completions with token ids (llama.cpp,
 * vLLM). What it generates freely is checked token by token against the constraint; where it leaves it, the likeliest
 * permitted token is put in its place and the server goes on from there. So the words are the model's own greedy ones
 * under the constraint, as the engine here gives them, as long as the permitted token is among the twenty likeliest.
 */
import { basename } from 'node:path';
import { DocentError } from '../../errors.ts';
import type { Engine, EngineStats, GenerateOptions, GenerateRequest, Row, RowResult } from '../contract.ts';
import { createSpanState } from '../decode/span-state.ts';
import { type Completions, createCompletions, type Position } from './completions.ts';

export interface RemoteEngineOptions {
  /** With `/v1`. */
  readonly url: string;
  readonly apiKey: string;
  /** What the server calls the model with the adapter in service; '' = its only one. */
  readonly model: string;
  /** The same model here, whose tokenizer is used; also its name there without an adapter. */
  readonly base: string;
  readonly log?: (line: string) => void;
}

const noResult = (finish: RowResult['finish'], watched: Float32Array): RowResult => ({
  tokens: new Int32Array(),
  logprobs: new Float32Array(),
  watched,
  finish,
  cached: 0,
});

/** What is not among the likeliest is less likely than the least of them. */
const logprobAt = ({ top }: Position, token: number): number => top.get(token) ?? Math.min(...top.values()) - 1;

export function createRemoteEngine(options: RemoteEngineOptions): Engine {
  const { base, log = () => undefined } = options;
  const completions: Completions = createCompletions(options);
  let known: readonly string[] = [];
  let serving: string | null = null;
  const counts = { prefillTokens: 0, decodedTokens: 0 };

  const own = (): string => options.model || known[0] || base;
  /** A server that has an adapter under its id is asked for it; the one in service may have a name of its own. */
  const nameOf = (adapter: string | null | undefined): string => {
    if (adapter === null) return base;
    const id = adapter === undefined ? serving : basename(adapter);
    if (id !== null && known.includes(id)) return id;
    if (adapter === undefined) return own();
    throw new DocentError('REMOTE_ENGINE_FAILED', { url: options.url, reason: `it does not serve the adapter ${id}` });
  };

  const watchedOf = (row: Row, first: Position | undefined): Float32Array =>
    Float32Array.from((row.watch ?? []).map((token) => (first ? logprobAt(first, token) : Number.NEGATIVE_INFINITY)));

  const ask = async (model: string, prompt: readonly number[], maxTokens: number, signal: AbortSignal | undefined) => {
    counts.prefillTokens += prompt.length;
    const completion = await completions.complete({ model, prompt, maxTokens, signal });
    counts.decodedTokens += completion.positions.length;
    return completion;
  };

  const generateRow = async (
    row: Row,
    { maxTokens, stop }: GenerateRequest,
    model: string,
    signal: AbortSignal | undefined,
    onToken: (token: number) => void,
  ): Promise<RowResult> => {
    const prompt = [...row.prefix, ...row.suffix];
    const state = row.constraint ? createSpanState(row.constraint) : null;
    const tokens: number[] = [];
    const logprobs: number[] = [];
    let watched: Float32Array | null = null;
    let finish: RowResult['finish'] | null = null;
    /** @returns whether the row goes on */
    const take = (token: number, logprob: number): boolean => {
      const isEnd = state ? token === row.constraint!.end : stop.includes(token);
      state?.advance(token);
      if (isEnd) {
        finish = 'stop';
        return false;
      }
      tokens.push(token);
      logprobs.push(logprob);
      onToken(token);
      return true;
    };

    while (finish === null && tokens.length < maxTokens) {
      const { positions, ended } = await ask(model, [...prompt, ...tokens], maxTokens - tokens.length, signal);
      watched ??= watchedOf(row, positions[0]);
      let followed = true;
      for (const position of positions) {
        const allowed = state?.allowed();
        const isFree = !allowed || allowed.includes(position.token);
        const token = isFree ? position.token : mostLikely(allowed, position);
        if (!take(token, logprobAt(position, token))) break;
        followed = isFree;
        if (!followed) break;
      }
      if (finish !== null || !followed) continue;
      if (!ended) {
        if (positions.length === 0) finish = 'length';
        continue;
      }
      // It ended where the constraint lets it; where not, it goes on with what must come.
      const allowed = state?.allowed() ?? [];
      if (!state || allowed.includes(row.constraint!.end)) finish = 'stop';
      else take(allowed[0]!, Number.NEGATIVE_INFINITY);
      if (state && finish === 'stop') state.advance(row.constraint!.end);
    }
    return {
      tokens: Int32Array.from(tokens),
      logprobs: Float32Array.from(logprobs),
      watched: watched ?? new Float32Array(),
      ...(state?.result() ?? {}),
      finish: finish ?? 'length',
      cached: 0,
    };
  };

  /** Reads every row as far as its first token, and finds the one that is ahead. */
  const compete = async (request: GenerateRequest, model: string, signal: AbortSignal | undefined) => {
    const { priors, least } = request.contest!;
    const watched = await Promise.all(
      request.rows.map(async (row) => {
        const { positions } = await ask(model, [...row.prefix, ...row.suffix], 1, signal);
        return watchedOf(row, positions[0]);
      }),
    );
    const evidence = watched.map(([found, not], at) => found! - not! + priors[at]!);
    const top = Math.max(...evidence);
    return { watched, leader: top >= least ? evidence.indexOf(top) : -1 };
  };

  const generate = async (request: GenerateRequest, given: GenerateOptions = {}): Promise<readonly RowResult[]> => {
    const { signal } = given;
    if (signal?.aborted) throw new DocentError('CANCELLED');
    const model = nameOf(request.adapter);
    const contest = request.contest ? await compete(request, model, signal) : null;
    return Promise.all(
      request.rows.map((row, at) =>
        contest && at !== contest.leader
          ? noResult('outdone', contest.watched[at]!)
          : generateRow(row, request, model, signal, (token) => given.onToken?.(at, token)),
      ),
    );
  };

  return {
    async start() {
      known = (await completions.models()) ?? [];
      if (options.model && known.length > 0 && !known.includes(options.model))
        throw new DocentError('REMOTE_ENGINE_FAILED', {
          url: options.url,
          reason: `it does not serve ${options.model}, but ${known.slice(0, 5).join(', ')}`,
        });
      // Token 0 exists in every vocabulary: what counts is that log-probabilities come back by id.
      await completions.complete({ model: own(), prompt: [0], maxTokens: 1, signal: undefined });
      log(`model runs on ${options.url} as ${own()}`);
    },
    stop: async () => undefined,
    generate,
    async swap(adapterFolder) {
      serving = adapterFolder === null ? null : basename(adapterFolder);
      if (serving !== null && !known.includes(serving))
        log(`${options.url} has no model ${serving}; ${own()} goes on reading`);
    },
    // What a server elsewhere keeps is not ours to drop.
    forget: async () => undefined,
    stats: async (): Promise<EngineStats> => ({
      runtime: 'remote',
      device: 'remote',
      threads: 0,
      weights: 'remote',
      base,
      adapter: serving,
      kvBytes: 0,
      kvBytesLimit: 0,
      cachedPrefixes: 0,
      ...counts,
      restarts: 0,
      rssBytes: 0,
      choice: `questions and passages are sent to ${options.url}`,
    }),
  };
}

/** The likeliest of these; the first where none is among the likeliest. */
function mostLikely(allowed: readonly number[], position: Position): number {
  let best = allowed[0]!;
  for (const token of allowed) if (logprobAt(position, token) > logprobAt(position, best)) best = token;
  return best;
}
