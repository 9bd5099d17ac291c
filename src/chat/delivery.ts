/**
 * Bringing one reply to its person, whatever happens in between: progress at once, the content when it is there, a
 * polite line when it is not. Knows replies and errors, not questions or documents.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DocentError, isDocentError } from '../errors.ts';
import { isConnectionLoss } from '../store/retry.ts';
import type { Reply, ReplyAction, ReplyContent } from './contract.ts';

/** A platform that is away for longer gets its answers after the next start. */
const longestTryMs = 15 * 60_000;
const firstPauseMs = 500;
const longestPauseMs = 30_000;

export const errorContent = (error: DocentError): ReplyContent => ({
  text: error.line,
  sources: [],
  answerId: null,
  tone: 'error',
});

export const infoContent = (text: string): ReplyContent => ({ text, sources: [], answerId: null, tone: 'info' });

/** What a person may read of any failure: known errors say what to do, others give a reference into the log. */
export const presentable = (error: unknown, reference: string): DocentError =>
  isDocentError(error) ? error : new DocentError('INTERNAL', { reference: reference.slice(0, 13) });

/** Progress is a courtesy: when it cannot be shown the answer still comes. */
export async function showProgress(
  reply: Reply,
  text: string,
  log: Logger,
  actions: readonly ReplyAction[] = [],
): Promise<void> {
  await reply
    .progress(text, actions)
    .catch((error: unknown) => log.warn({ err: error }, 'progress could not be shown'));
}

/** Tries until the platform has taken it. @returns false when it was given up; a later start tries again. */
export async function finish(reply: Reply, content: ReplyContent, log: Logger): Promise<boolean> {
  const deadline = Date.now() + longestTryMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      await reply.finish(content);
      return true;
    } catch (error) {
      // The message or channel is gone, or we may not post there: nobody is waiting any more.
      const lasting = isDocentError(error) && error.code !== 'PLATFORM_UNREACHABLE';
      if (lasting || Date.now() + pauseMs > deadline) {
        log.error({ err: error }, 'reply could not be delivered');
        return lasting;
      }
      log.warn({ err: error }, 'reply is tried again');
      await sleep(pauseMs);
    }
  }
}

/** From here on a person wonders whether anybody is still there. */
const patienceMs = 10_000;
export const takesLonger = 'This takes longer than usual. I am still on it.';

/** Waits for `work`, telling the person once when it takes long. */
export async function tellWhenSlow<T>(work: Promise<T>, tell: () => Promise<void>): Promise<T> {
  const timer = setTimeout(() => void tell(), patienceMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

export const databaseAway = 'My database is away just now. I go on as soon as it is back.';

/** Runs `action` until the database is there, telling the person once. */
export async function whenDatabaseIsBack<T>(action: () => Promise<T>, tell: () => Promise<void>): Promise<T> {
  for (let pauseMs = firstPauseMs, told = false; ; pauseMs = Math.min(pauseMs * 2, 4_000)) {
    try {
      return await action();
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      if (!told) await tell();
      told = true;
      await sleep(pauseMs);
    }
  }
}
