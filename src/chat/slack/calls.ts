/**
 * Calls of Slack's Web API that survive its bad minutes. Knows faults and waiting; must not know what is posted.
 *
 * The client's own repetitions are off: it would also repeat a post that Slack took but answered with 500. Reads and
 * edits are repeated here; whoever posts looks before posting again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  type WebClient,
} from '@slack/web-api';
import type { BaseLogger } from 'pino';
import { DocentError, reasonOf } from '../../errors.ts';

/** Waits between tries, about a minute in all. */
export const defaultRetryDelaysMs: readonly number[] = [300, 1000, 2000, 4000, 8000, 15_000, 30_000];

/** Codes by which Slack says that it, not the caller, has a problem. */
const transientCodes: ReadonlySet<string> = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

/** The token is wrong or withdrawn: an operator can mend it, so nothing that is owed is given up. */
export const tokenCodes: ReadonlySet<string> = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'not_allowed_token_type',
]);

/** The error code of Slack's answer, or null for faults of network and server. */
export const codeOf = (error: unknown): string | null =>
  error instanceof WebAPIPlatformError ? error.data.error : null;

/** The outcome of the call is unknown: it may have been done. */
export const isTransient = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code !== null) return transientCodes.has(code);
  if (error instanceof WebAPIHTTPError) return error.statusCode >= 500 || error.statusCode === 408;
  return error instanceof WebAPIRequestError;
};

export const unreachable = (error: unknown): DocentError =>
  new DocentError('PLATFORM_UNREACHABLE', { platform: 'Slack', reason: reasonOf(error) }, { cause: error });

/** Longer waits than this are not worth holding a request for: the reply is tried again later by its owner. */
const longestRateWaitMs = 5 * 60_000;

export interface SlackCalls {
  /**
   * One call, repeated while Slack has a bad moment: for reads, edits and whatever else may happen twice unseen.
   * @throws DocentError PLATFORM_UNREACHABLE when it stays so; WebAPIPlatformError with Slack's own code
   */
  call<T = Record<string, unknown>>(method: string, parameters?: Record<string, unknown>): Promise<T>;
  /** One attempt, only rate limits are waited out (Slack did nothing then). @throws as it comes; see `isTransient` */
  once<T = Record<string, unknown>>(method: string, parameters?: Record<string, unknown>): Promise<T>;
  /** All items of a method with cursors. */
  pages<T>(method: string, field: string, parameters: Record<string, unknown>): AsyncGenerator<T>;
  /** Ends waits; calls under way finish. */
  close(): void;
}

export function createSlackCalls({
  client,
  log,
  retryDelaysMs = defaultRetryDelaysMs,
}: {
  readonly client: WebClient;
  readonly log: Pick<BaseLogger, 'warn'>;
  readonly retryDelaysMs?: readonly number[];
}): SlackCalls {
  const closed = new AbortController();
  const wait = (ms: number) => sleep(ms, undefined, { signal: closed.signal }).catch(() => undefined);

  const once = async <T>(method: string, parameters: Record<string, unknown> = {}): Promise<T> => {
    for (;;) {
      try {
        return (await client.apiCall(method, parameters)) as T;
      } catch (error) {
        if (!(error instanceof WebAPIRateLimitedError)) throw error;
        const waitMs = error.retryAfter * 1000;
        if (waitMs > longestRateWaitMs || closed.signal.aborted) throw unreachable(error);
        log.warn({ method, waitMs }, 'Slack asks to wait');
        await wait(waitMs);
      }
    }
  };

  const call = async <T>(method: string, parameters: Record<string, unknown> = {}): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await once<T>(method, parameters);
      } catch (error) {
        if (!isTransient(error)) throw error;
        const delayMs = retryDelaysMs[attempt];
        if (delayMs === undefined || closed.signal.aborted) throw unreachable(error);
        log.warn({ method, attempt, reason: reasonOf(error) }, 'Slack call failed, trying again');
        await wait(delayMs);
      }
    }
  };

  return {
    call,
    once,
    async *pages<T>(method: string, field: string, parameters: Record<string, unknown>) {
      let cursor: string | undefined;
      do {
        const page = await call<Record<string, unknown> & { response_metadata?: { next_cursor?: string } }>(method, {
          ...parameters,
          ...(cursor ? { cursor } : {}),
        });
        yield* (page[field] as T[] | undefined) ?? [];
        cursor = page.response_metadata?.next_cursor || undefined;
      } while (cursor);
    },
    close: () => closed.abort(),
  };
}
