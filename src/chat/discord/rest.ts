/**
 * Calls to Discord's REST API that survive its bad minutes. Knows HTTP faults and waiting; must not know what is posted.
 *
 * The client library already waits out rate limits (429). It also repeats after a 5xx, but at once and blindly; here its
 * retries are off, and whoever posts decides what to look at before posting again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DiscordAPIError,
  HTTPError,
  type RawFile,
  REST,
  type RESTOptions,
  type RequestMethod,
  type RouteLike,
} from 'discord.js';
import type { BaseLogger } from 'pino';
import { DocentError, reasonOf } from '../../errors.ts';

/** Waits between tries, about two minutes in all: outages of Discord are usually shorter, and people wait no longer. */
export const defaultRetryDelaysMs: readonly number[] = [300, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000];

export interface Call {
  readonly method: `${RequestMethod}`;
  readonly route: RouteLike;
  readonly body?: unknown;
  readonly files?: readonly RawFile[];
  readonly query?: Readonly<Record<string, string>>;
  /** false for interaction callbacks and webhooks: their token is in the address. */
  readonly auth?: boolean;
}

export interface Calls {
  /** One call, repeated as it is after transient faults: for reads, edits and whatever else may happen twice unseen. */
  call<T>(call: Call): Promise<T>;
  /** The same, but `before` is asked ahead of every repetition; what it finds is returned instead of calling again. */
  callOnce<T>(call: Call, before: () => Promise<T | null>): Promise<T>;
  /** Ends waiting retries; calls under way finish. */
  close(): void;
}

/** The error code of Discord's JSON, or null. @see https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
export const codeOf = (error: unknown): number | null =>
  error instanceof DiscordAPIError ? Number(error.code) || null : null;

export const statusOf = (error: unknown): number | null =>
  error instanceof DiscordAPIError || error instanceof HTTPError ? error.status : null;

/** Discord had a bad moment, or the network: the same call may work later. */
export const isTransient = (error: unknown): boolean => {
  const status = statusOf(error);
  return status === null ? !(error instanceof DocentError) : status >= 500 || status === 408;
};

export function createCalls({
  api,
  token,
  log,
  retryDelaysMs = defaultRetryDelaysMs,
}: {
  /** Base address without the version, or '' for Discord's own. */
  readonly api: string;
  readonly token: string;
  readonly log: Pick<BaseLogger, 'warn'>;
  readonly retryDelaysMs?: readonly number[];
}): Calls {
  const rest = new REST({
    version: '10',
    retries: 0,
    // Its own undici uses the process's dispatcher; where that is of another version (Slack's client brings one), files fail.
    makeRequest: (url, init) => fetch(url, init as RequestInit) as ReturnType<RESTOptions['makeRequest']>,
    ...(api ? { api: api.replace(/\/+$/, '') } : {}),
  });
  const closed = new AbortController();

  const once = <T>({ method, route, body, files, query, auth = true }: Call): Promise<T> => {
    // The library forgets a token after one 401, which proxies also send in their bad moments.
    if (auth) rest.setToken(token);
    return rest.request({
      method: method as RequestMethod,
      fullRoute: route,
      auth,
      ...(body === undefined ? {} : { body }),
      ...(files?.length ? { files: [...files] } : {}),
      ...(query ? { query: new URLSearchParams(query) } : {}),
    }) as Promise<T>;
  };

  const callOnce = async <T>(call: Call, before: () => Promise<T | null>): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      try {
        if (attempt > 0) {
          const found = await before();
          if (found !== null) return found;
        }
        return await once<T>(call);
      } catch (error) {
        const delayMs = retryDelaysMs[attempt];
        if (!isTransient(error)) throw error;
        if (delayMs === undefined || closed.signal.aborted)
          throw new DocentError(
            'PLATFORM_UNREACHABLE',
            { platform: 'Discord', reason: reasonOf(error) },
            { cause: error },
          );
        log.warn(
          { method: call.method, status: statusOf(error), attempt, reason: reasonOf(error) },
          'Discord call failed, trying again',
        );
        await sleep(delayMs, undefined, { signal: closed.signal }).catch(() => undefined);
      }
    }
  };

  return {
    call: <T>(call: Call) => callOnce<T>(call, async () => null),
    callOnce,
    close: () => {
      closed.abort();
      rest.clearHandlerSweeper();
      rest.clearHashSweeper();
    },
  };
}
