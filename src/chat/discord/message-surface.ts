/**
 * The reply to a message (mention, direct message, reply to the bot): a channel message that answers it. Knows how such a
 * reply is found again; must not know its content.
 */
import type { APIMessage } from 'discord.js';
import type { Notes } from '../contract.ts';
import { type ChannelMessages, codes, nonceOf } from './channel-messages.ts';
import type { Surface } from './reply.ts';
import { codeOf } from './rest.ts';
import type { MessageTarget } from './targets.ts';

/** Runs work about the same question one after the other. */
export type Lock = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export function createLock(): Lock {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const result = (tails.get(key) ?? Promise.resolve()).then(work);
    const tail = result.catch(() => undefined);
    tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
    }
  };
}

/**
 * Where one message has several replies (three files, or files and a question), nothing on Discord tells them apart.
 * Their nonces are noted with the message ids: '' before posting, so that after a crash at most one of them is in doubt.
 */
const claimsKey = (questionId: string): string => `replies:${questionId}`;

export function createMessageSurface({
  target: stored,
  id,
  boot,
  messages,
  notes,
  lock,
}: {
  readonly target: MessageTarget;
  /** The question's or version's id. */
  readonly id: string;
  readonly boot: string;
  readonly messages: ChannelMessages;
  readonly notes: Notes;
  readonly lock: Lock;
}): Surface {
  let target = stored;
  /** Counts the posts: a reply that somebody deleted is posted again under a fresh nonce. */
  let generation = 0;
  // Another process heard the question: it may have posted.
  let inDoubt = target.boot !== boot;
  const { channelId, messageId } = target;

  const nonce = () => nonceOf(generation === 0 ? id : `${id}:${generation}`);
  const find = (isOther: (messageId: string) => boolean = () => false): Promise<APIMessage | null> =>
    messages.findOwn(
      channelId,
      messageId,
      (message) => message.message_reference?.message_id === messageId && !isOther(message.id),
    );

  const postAlone = async (render: Parameters<Surface['show']>[0]): Promise<string> => {
    const found = inDoubt ? await find() : null;
    if (found) {
      await messages.edit(channelId, found.id, render());
      return found.id;
    }
    return (await messages.post(channelId, render(), { nonce: nonce(), replyTo: messageId, find })).id;
  };

  const postAmongSeveral = (render: Parameters<Surface['show']>[0]): Promise<string> =>
    lock(messageId, async () => {
      const key = claimsKey(messageId);
      const claims = JSON.parse((await notes.get(key)) ?? '{}') as Record<string, string>;
      const claim = claims[nonce()];
      const others = new Set(Object.entries(claims).flatMap(([name, at]) => (name === nonce() || !at ? [] : [at])));
      const findMine = () => find((candidate) => others.has(candidate));
      const existing = claim === undefined ? null : claim || (await findMine())?.id || null;
      if (existing) {
        await messages.edit(channelId, existing, render());
        await notes.set(key, JSON.stringify({ ...claims, [nonce()]: existing }));
        return existing;
      }
      await notes.set(key, JSON.stringify({ ...claims, [nonce()]: '' }));
      const { id: posted } = await messages.post(channelId, render(), {
        nonce: nonce(),
        replyTo: messageId,
        find: findMine,
      });
      await notes.set(key, JSON.stringify({ ...claims, [nonce()]: posted }));
      return posted;
    });

  return {
    get target() {
      return target;
    },
    thread: target.thread,
    heading: () => '',
    show: async (render) => {
      if (target.replyId) {
        try {
          return await messages.edit(channelId, target.replyId, render());
        } catch (error) {
          if (codeOf(error) !== codes.unknownMessage) throw error;
          // Somebody deleted it; the answer is still owed.
          generation++;
          inDoubt = false;
        }
      }
      target = { ...target, replyId: await (target.several ? postAmongSeveral : postAlone)(render) };
    },
  };
}
