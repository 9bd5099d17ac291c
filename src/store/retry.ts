/**
 * Telling a database that is away from a statement that is wrong, and waiting for the first. Knows the error codes of
 * PostgreSQL, Node's sockets, pg and Prisma; knows nothing of what is being done.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Node's socket errors; ENOENT is a Unix socket whose server is not there. */
const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * SQLSTATE: class 08 connection exceptions; 57P01–57P03 shutdown, crash and start-up; 57P05 idle session ended;
 * 53300 too many connections. https://www.postgresql.org/docs/14/errcodes-appendix.html
 */
const isSqlState = (code: string): boolean => /^08...$/.test(code) || /^57P0[1235]$/.test(code) || code === '53300';

/**
 * Prisma: P1001/P1002 unreachable, P1008 timed out, P1017 closed by the server, P2024 no connection from the pool, P2037
 * too many connections. https://www.prisma.io/docs/orm/reference/error-reference
 */
const prismaCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/** Kinds of Prisma's driver adapters: @prisma/driver-adapter-utils, MappedError. */
const adapterKinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);

/** pg throws these without a code. */
const messages =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Connection ended unexpectedly|Client was closed and is not queryable|terminating connection|the database system is (starting up|shutting down|in recovery)/i;

/** Whether the database is away, as opposed to a statement that it refused. Looks through `cause` and Prisma's `meta`. */
export function isConnectionLoss(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 6) return false;
  const { code, originalCode, kind, message, cause, meta, errors } = error as Record<string, unknown>;
  for (const each of [code, originalCode]) {
    if (typeof each === 'string' && (socketCodes.has(each) || prismaCodes.has(each) || isSqlState(each))) return true;
  }
  if (typeof kind === 'string' && adapterKinds.has(kind)) return true;
  if (typeof message === 'string' && messages.test(message)) return true;
  if (Array.isArray(errors) && errors.some((each) => isConnectionLoss(each, depth + 1))) return true; // AggregateError
  if (isConnectionLoss(cause, depth + 1)) return true;
  return isConnectionLoss((meta as Record<string, unknown> | undefined)?.driverAdapterError, depth + 1);
}

export interface RetryOptions {
  readonly signal?: AbortSignal;
  /** Give up after this long and throw the last error; for ever when missing. */
  readonly deadlineMs?: number;
  /** Called once, at the first loss: the moment to tell people that the database is away. */
  readonly onWaiting?: () => void | Promise<void>;
}

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Runs `action`, again and again while the database is away; other errors pass at once.
 * The action may run twice although the first run was committed (the answer to COMMIT can be lost), so it must be
 * idempotent: insert with a key of its own and `ON CONFLICT`, update to a value and not by one.
 *
 * @example
 * const question = await withRetry(() => store.prisma.question.upsert(…), {
 *   deadlineMs: 60_000,
 *   onWaiting: () => reply.progress('My database is away; I go on as soon as it is back.'),
 * });
 */
export async function withRetry<T>(action: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, deadlineMs = Number.POSITIVE_INFINITY, onWaiting } = options;
  const deadline = Date.now() + deadlineMs;
  for (let pauseMs = firstPauseMs, told = false; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    signal?.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      if (!isConnectionLoss(error) || Date.now() + pauseMs > deadline) throw error;
    }
    if (!told) {
      told = true;
      await onWaiting?.();
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
