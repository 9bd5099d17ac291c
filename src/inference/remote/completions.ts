/**
 * `POST /v1/completions` of another server, with token ids in and log-probabilities out. Knows HTTP and two dialects;
 * must not know what is generated or why.
 * @see https://platform.openai.com/docs/api-reference/completions
 * @see https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
 * @see https://docs.vllm.ai/en/stable/serving/openai_compatible_server
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DocentError, reasonOf } from '../../errors.ts';

/** Alternatives asked for at every position; llama.cpp gives as many as are asked for, vLLM 20 unless told otherwise. */
const alternatives = 20;
/** A server that loads a model, or has too much to do, is asked again. */
const retryDelaysMs: readonly number[] = [200, 1000, 3000];
const isBusy = (status: number): boolean => status === 429 || status === 502 || status === 503;

export interface Position {
  readonly token: number;
  /** Natural logarithm. */
  readonly logprob: number;
  /** The likeliest tokens here, the chosen one among them. */
  readonly top: ReadonlyMap<number, number>;
}

export interface Completion {
  readonly positions: readonly Position[];
  /** The model ended by itself; the token that ends is not among the positions. */
  readonly ended: boolean;
}

export interface Completions {
  /** Greedy. @throws DocentError REMOTE_ENGINE_FAILED, CONTEXT_TOO_LONG, CANCELLED */
  complete(request: {
    readonly model: string;
    readonly prompt: readonly number[];
    readonly maxTokens: number;
    readonly signal: AbortSignal | undefined;
  }): Promise<Completion>;
  /** Names that can be asked for; null where the server does not say. */
  models(): Promise<readonly string[] | null>;
}

const entry = z.object({ id: z.number().int(), logprob: z.number() });
/** llama.cpp, with ids. */
const withIds = z.object({ content: z.array(entry.extend({ top_logprobs: z.array(entry) })) });
/** OpenAI's older form, which vLLM speaks: tokens as text, here `token_id:123`. */
const asText = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
});
const answerSchema = z.object({
  choices: z.array(z.object({ finish_reason: z.string().nullable(), logprobs: z.union([withIds, asText]) })).min(1),
});
const modelsSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

const idOf = (text: string): number => {
  const [, id] = /^token_id:(\d+)$/.exec(text) ?? [];
  if (id === undefined) throw new Error('it does not name tokens by their ids');
  return Number(id);
};

function positionsOf(logprobs: z.infer<typeof withIds> | z.infer<typeof asText>): readonly Position[] {
  if ('content' in logprobs)
    return logprobs.content.map(({ id, logprob, top_logprobs: top }) => ({
      token: id,
      logprob,
      top: new Map([...top.map((one) => [one.id, one.logprob] as const), [id, logprob]]),
    }));
  return logprobs.tokens.map((text, at) => {
    const token = idOf(text);
    const logprob = logprobs.token_logprobs[at] ?? 0;
    const top = Object.entries(logprobs.top_logprobs[at] ?? {}).map(([name, value]) => [idOf(name), value] as const);
    return { token, logprob, top: new Map([...top, [token, logprob]]) };
  });
}

export function createCompletions({
  url,
  apiKey,
  timeoutMs = 120_000,
}: {
  /** With `/v1`. */
  readonly url: string;
  /** '' = none. */
  readonly apiKey: string;
  readonly timeoutMs?: number;
}): Completions {
  const headers = { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) };
  const failed = (reason: string, cause?: unknown): DocentError =>
    new DocentError('REMOTE_ENGINE_FAILED', { url, reason }, { cause });

  const request = async (path: string, body: unknown, signal: AbortSignal | undefined): Promise<Response> => {
    const limit = AbortSignal.timeout(timeoutMs);
    for (let attempt = 0; ; attempt++) {
      const delayMs = retryDelaysMs[attempt];
      try {
        const response = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: signal ? AbortSignal.any([signal, limit]) : limit,
          // Not to a host that nobody agreed to.
          redirect: 'error',
        });
        if (!isBusy(response.status) || delayMs === undefined) return response;
        await response.body?.cancel();
      } catch (error) {
        if (signal?.aborted) throw new DocentError('CANCELLED');
        if (delayMs === undefined || limit.aborted) throw failed(reasonOf(error), error);
      }
      await sleep(delayMs);
    }
  };

  return {
    async complete({ model, prompt, maxTokens, signal }) {
      const response = await request(
        '/completions',
        {
          model,
          prompt,
          max_tokens: maxTokens,
          temperature: 0,
          logprobs: alternatives,
          // vLLM writes tokens as text otherwise; llama.cpp keeps what it has read of a prompt.
          return_tokens_as_token_ids: true,
          cache_prompt: true,
        },
        signal,
      );
      const text = await response.text();
      if (response.status === 400 && /context|too long|maximum/i.test(text))
        throw new DocentError('CONTEXT_TOO_LONG', { tokens: prompt.length, limit: 'of the remote engine' });
      if (!response.ok) throw failed(`HTTP ${response.status} ${text.slice(0, 200)}`);
      try {
        const [choice] = answerSchema.parse(JSON.parse(text)).choices;
        return { positions: positionsOf(choice!.logprobs), ended: choice!.finish_reason === 'stop' };
      } catch (error) {
        throw failed(`its answer holds no log-probabilities by token id (${reasonOf(error).slice(0, 200)})`, error);
      }
    },
    async models() {
      const response = await request('/models', undefined, undefined);
      if (!response.ok) return null;
      const parsed = modelsSchema.safeParse(await response.json().catch(() => null));
      return parsed.success ? parsed.data.data.map(({ id }) => id) : null;
    },
  };
}
