/**
 * Messages that came while Docent was away. Knows channel histories and ages; must not know how a question is answered.
 */
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import type { SlackCalls } from './calls.ts';
import type { Directory } from './directory.ts';
import { type SlackMessage, timeOfTs, tsOfTime } from './wire.ts';

/** Design §8: what is younger is answered, what is older gets one line. */
export const answerWithinMs = 60 * 60_000;
/** Older than this, even the line would only puzzle people. */
export const excuseWithinMs = 24 * 60 * 60_000;
const pageSize = 200;

export const awayLine =
  'I was away when you wrote this, more than an hour ago. Please ask again if you still want to know.';

export interface CatchUp {
  readonly calls: SlackCalls;
  readonly directory: Directory;
  /** When a Docent was last connected; null = never. */
  readonly lastSeenMs: number | null;
  readonly nowMs: number;
  readonly isKnown: (message: SlackMessage) => Promise<boolean>;
  readonly answer: (message: SlackMessage) => Promise<void>;
  readonly excuse: (message: SlackMessage) => Promise<void>;
  readonly log: Pick<BaseLogger, 'warn'>;
}

/**
 * Goes through the bot's channels and the threads that moved; one that cannot be read is left out. Threads whose first
 * message is older than the time looked at are not seen: Slack lists no newer replies by themselves.
 */
export async function catchUp({
  calls,
  directory,
  lastSeenMs,
  nowMs,
  isKnown,
  answer,
  excuse,
  log,
}: CatchUp): Promise<void> {
  const sinceMs = Math.max(nowMs - excuseWithinMs, Math.min(lastSeenMs ?? nowMs, nowMs - answerWithinMs));
  const oldest = tsOfTime(sinceMs);

  async function* missed(channel: string): AsyncGenerator<SlackMessage> {
    const history = calls.pages<SlackMessage>('conversations.history', 'messages', {
      channel,
      oldest,
      limit: pageSize,
    });
    for await (const message of history) {
      yield { ...message, channel };
      if (!message.reply_count || Number(message.latest_reply ?? 0) < Number(oldest)) continue;
      const parameters = { channel, ts: message.ts, oldest, limit: pageSize };
      for await (const reply of calls.pages<SlackMessage>('conversations.replies', 'messages', parameters))
        if (reply.ts !== message.ts) yield { ...reply, channel };
    }
  }

  for await (const { id } of directory.own())
    try {
      const found: SlackMessage[] = [];
      for await (const message of missed(id)) found.push(message);
      for (const message of found.sort((a, b) => Number(a.ts) - Number(b.ts))) {
        if (message.bot_id || (await isKnown(message))) continue;
        if (nowMs - timeOfTs(message.ts) <= answerWithinMs) await answer(message);
        else await excuse(message);
      }
    } catch (error) {
      log.warn({ channel: id, reason: reasonOf(error) }, 'Slack channel not caught up');
    }
}
