/**
 * The one visible message of a question in Slack: posted once, afterwards edited. Knows posting and looking before
 * posting; must not know what the message says.
 *
 * Slack has no idempotency key. Every message carries the reply's id as metadata; when the outcome of a post is not
 * known (an error after Slack may have taken it, or another process heard the question) the thread is read first.
 */
import type { BaseLogger } from 'pino';
import { DocentError, reasonOf } from '../../errors.ts';
import type { Reply, ReplyAction, ReplyContent, ReplyTarget } from '../contract.ts';
import type { AgentSessions } from './agent.ts';
import { codeOf, isTransient, type SlackCalls, tokenCodes, unreachable } from './calls.ts';
import { createPrivateReplies } from './private-reply.ts';
import { escapeText, type Payload, renderProgress, renderReply } from './render.ts';
import { type MessageTarget, targetSchema } from './targets.ts';
import { type SlackMessage, tsOfTime } from './wire.ts';

const metadataType = 'docent_reply';
/** chat.update takes about 50 edits a minute. */
const editGapMs = 1_200;
/** A message of its own is looked for among those of a day. */
const dayMs = 24 * 60 * 60_000;
/** Replies of this process that may still be edited. */
const maxRemembered = 10_000;

/** The channel does not take a message of ours any more. @see https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const mayNotWrite: ReadonlySet<string> = new Set([
  'not_in_channel',
  'is_archived',
  'restricted_action',
  'restricted_action_thread_locked',
  'restricted_action_read_only_channel',
  'restricted_action_non_threadable_channel',
  'restricted_action_thread_only_channel',
  'channel_not_found',
  'thread_not_found',
  'cannot_reply_to_message',
]);
const isMissing: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/** The message that is answered was deleted: nobody waits for the reply. */
class QuestionGone extends Error {}

interface Shown {
  readonly text: string;
  readonly actions: readonly ReplyAction[];
}

export interface Replies {
  open(target: ReplyTarget, id: string): Reply;
}

export function createReplies({
  calls,
  boot,
  botUserId,
  sessions,
  log,
  gapMs = editGapMs,
}: {
  readonly calls: SlackCalls;
  readonly boot: string;
  readonly botUserId: () => string;
  readonly sessions: AgentSessions;
  readonly log: Pick<BaseLogger, 'warn'>;
  readonly gapMs?: number;
}): Replies {
  /** Reply id → ts. Several Reply objects of one id are one message. */
  const posted = new Map<string, string>();
  const doubtful = new Set<string>();
  const queues = new Map<string, Promise<unknown>>();
  const ofOne = createPrivateReplies({ calls, log });

  /** One at a time for each id. */
  const inOrder = <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const result = (queues.get(id) ?? Promise.resolve()).then(work);
    const settled = result.catch(() => undefined).finally(() => queues.get(id) === settled && queues.delete(id));
    queues.set(id, settled);
    return result;
  };

  const rememberPost = (id: string, ts: string): void => {
    posted.set(id, ts);
    doubtful.delete(id);
    const oldest = posted.size > maxRemembered ? posted.keys().next().value : undefined;
    if (oldest !== undefined) posted.delete(oldest);
  };

  const content = (id: string, { text, blocks }: Payload) => ({
    text,
    blocks,
    metadata: { event_type: metadataType, event_payload: { id } },
    unfurl_links: false,
    unfurl_media: false,
  });

  /** Some places refuse the newer blocks: the plain text says the same. */
  const withPlainFallback = async <T>(payload: Payload, send: (payload: Payload) => Promise<T>): Promise<T> => {
    try {
      return await send(payload);
    } catch (error) {
      if (!/invalid_blocks|unsupported_block/.test(codeOf(error) ?? '')) throw error;
      return await send({ text: payload.text, blocks: [] });
    }
  };

  const findIn = async (messages: AsyncIterable<SlackMessage>, id: string): Promise<string | null> => {
    for await (const { user, ts, metadata } of messages)
      if (user === botUserId() && metadata?.event_type === metadataType && metadata.event_payload?.id === id) return ts;
    return null;
  };

  const find = async ({ channel, thread }: MessageTarget, id: string): Promise<string | null> => {
    const common = { channel, include_all_metadata: true, limit: 200 };
    const since = (oldest: string) =>
      findIn(calls.pages('conversations.history', 'messages', { ...common, oldest }), id);
    if (!thread) return since(tsOfTime(Date.now() - dayMs));
    try {
      return await findIn(calls.pages('conversations.replies', 'messages', { ...common, ts: thread }), id);
    } catch (error) {
      if (codeOf(error) !== 'thread_not_found') throw error;
      const orphan = await since(thread);
      if (orphan) await calls.call('chat.delete', { channel, ts: orphan });
      throw new QuestionGone();
    }
  };

  const post = async (target: MessageTarget, id: string, payload: Payload): Promise<string> => {
    doubtful.add(id);
    try {
      const { ts, message } = await withPlainFallback(payload, (one) =>
        calls.once<{ ts: string; message?: { thread_ts?: string } }>('chat.postMessage', {
          channel: target.channel,
          ...(target.thread ? { thread_ts: target.thread } : {}),
          ...content(id, one),
        }),
      );
      // Where the thread is gone Slack posts into the channel, for all to wonder. @see slack-go/slack#1571
      if (target.thread && message && !message.thread_ts) {
        await calls.call('chat.delete', { channel: target.channel, ts });
        throw new QuestionGone();
      }
      return ts;
    } catch (error) {
      // Slack refused it, so it does not stand there.
      if (!isTransient(error)) doubtful.delete(id);
      throw error;
    }
  };

  const edit = (target: MessageTarget, id: string, ts: string, payload: Payload) =>
    withPlainFallback(payload, (one) =>
      calls.call('chat.update', { channel: target.channel, ts, ...content(id, one) }),
    );

  const show = async (target: MessageTarget, id: string, payload: Payload): Promise<string> => {
    let ts = posted.get(id) ?? target.replyTs ?? null;
    if (!ts && (target.boot !== boot || doubtful.has(id))) ts = await find(target, id);
    if (ts) {
      try {
        await edit(target, id, ts, payload);
        rememberPost(id, ts);
        return ts;
      } catch (error) {
        const code = codeOf(error) ?? '';
        if (!isMissing.has(code)) throw error;
        posted.delete(id);
        // One message a question: the one that cannot be edited goes before another is posted.
        if (code !== 'message_not_found')
          await calls.call('chat.delete', { channel: target.channel, ts }).catch(() => undefined);
      }
    }
    const fresh = await post(target, id, payload);
    rememberPost(id, fresh);
    return fresh;
  };

  const tellInPrivate = async (target: MessageTarget, id: string): Promise<void> => {
    const text = `I may not write in <#${target.channel}>, so I cannot answer you there. ${escapeText('Invite me with “/invite”, then ask again.')}`;
    await calls.call('chat.postMessage', { channel: target.user, ...content(`${id}:private`, { text, blocks: [] }) });
  };

  const messageReply = (stored: MessageTarget, id: string): Reply => {
    let target = stored;
    let finished = false;
    let shownAt = 0;
    let waiting: Shown | null = null;
    let timer: NodeJS.Timeout | null = null;

    const showProgress = ({ text, actions }: Shown): Promise<void> =>
      inOrder(id, async () => {
        if (finished) return;
        target = { ...target, replyTs: await show(target, id, renderProgress(text, actions)) };
        shownAt = Date.now();
      }).catch((error) => log.warn({ reason: reasonOf(error) }, 'Slack progress not shown'));

    return {
      get target() {
        return target;
      },
      async progress(text, actions = []) {
        if (finished) return;
        if (actions.some(({ kind }) => kind === 'stop')) sessions.busy(target);
        if (shownAt === 0 && !timer) return showProgress({ text, actions });
        // Only the newest text counts; it waits until Slack takes another edit.
        waiting = { text, actions };
        timer ??= setTimeout(
          () => {
            timer = null;
            if (waiting !== null) void showProgress(waiting);
            waiting = null;
          },
          Math.max(0, shownAt + gapMs - Date.now()),
        );
      },
      async finish(final: ReplyContent) {
        finished = true;
        sessions.idle(target, { isSure: stored.boot === boot });
        if (timer) clearTimeout(timer);
        timer = null;
        try {
          await inOrder(id, async () => {
            target = { ...target, replyTs: await show(target, id, renderReply(final)) };
          });
        } catch (error) {
          if (error instanceof QuestionGone) return;
          const code = codeOf(error);
          if (code === null) throw isTransient(error) ? unreachable(error) : error;
          if (isTransient(error) || tokenCodes.has(code)) throw unreachable(error);
          if (!mayNotWrite.has(code)) throw error;
          log.warn({ channel: target.channel, code }, 'Slack does not take a reply in this channel');
          await tellInPrivate(target, id).catch((failure: unknown) =>
            log.warn({ reason: reasonOf(failure) }, 'nor a direct message'),
          );
          const details = { action: 'write in this channel', who: 'an admin to invite the app' };
          throw new DocentError('NOT_ALLOWED', details, { cause: error });
        }
      },
    };
  };

  return {
    open(stored, id) {
      const target = targetSchema.parse(stored);
      if (target.kind === 'message') return messageReply(target, id);
      return target.kind === 'command' ? ofOne.toCommand(target) : ofOne.whisper(target);
    },
  };
}
