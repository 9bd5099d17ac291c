/**
 * Which conversation a message belongs to: the key that follow-ups share. Knows reply chains, threads and direct
 * messages; must not know questions or answers.
 *
 * A conversation is named after what began it: a message, an interaction, or a thread. Answers carry the key in their
 * feedback buttons, so that one look at the replied-to message is usually enough, also after a restart.
 */
import type { APIMessage } from 'discord.js';
import { parseVote } from './render.ts';

/** A chain without buttons (errors, help) is walked at most so far; two calls a step. */
const maxSteps = 5;
/** In direct messages people rarely use “reply”: what comes within this time goes on with the same conversation. */
const directPauseMs = 30 * 60_000;
const maxRemembered = 5000;

export interface Conversations {
  /** The key of the conversation that this message stands in (any message, own or not). */
  rootOf(channelId: string, messageId: string): Promise<string>;
  /** Key for a message in a thread: a thread under an answer goes on with that answer's conversation. */
  ofThread(parentId: string | null, threadId: string): Promise<string>;
  /** Key for a direct message that is no reply. */
  ofDirect(channelId: string, messageId: string, at: number): Promise<string>;
  /** Whether this message is the bot's own. */
  isOwn(channelId: string, messageId: string): Promise<boolean>;
}

const customIdsOf = (components: readonly unknown[] | null | undefined): readonly string[] =>
  (components ?? []).flatMap((component) => {
    const { custom_id: id, components: children } = component as { custom_id?: string; components?: unknown[] };
    return [...(id ? [id] : []), ...customIdsOf(children)];
  });

const markedThread = (message: APIMessage): string | null => {
  for (const id of customIdsOf(message.components)) {
    const vote = parseVote(id);
    if (vote) return vote.thread;
  }
  return null;
};

export function createConversations({
  getMessage,
  getBefore,
  selfId,
}: {
  /** The message, or null when it is gone or not readable. */
  readonly getMessage: (channelId: string, messageId: string) => Promise<APIMessage | null>;
  /** Some messages before this one, the newest first. */
  readonly getBefore: (channelId: string, messageId: string) => Promise<readonly APIMessage[]>;
  readonly selfId: () => string;
}): Conversations {
  const known = new Map<string, string>();
  const lastDirect = new Map<string, { readonly thread: string; readonly at: number }>();

  const remember = <V>(map: Map<string, V>, key: string, value: V): V => {
    map.delete(key);
    map.set(key, value);
    const oldest = map.size > maxRemembered ? map.keys().next().value : undefined;
    if (oldest !== undefined) map.delete(oldest);
    return value;
  };

  const isSelf = (message: APIMessage): boolean => message.author.id === selfId();

  const walk = async (channelId: string, messageId: string, steps: number): Promise<string> => {
    const remembered = known.get(messageId);
    if (remembered) return remembered;
    const message = await getMessage(channelId, messageId);
    if (!message) return messageId;
    const parent = message.message_reference?.message_id;
    if (!isSelf(message)) {
      if (!parent || steps === 0) return messageId;
      const replied = message.referenced_message ?? (await getMessage(channelId, parent));
      return replied && isSelf(replied) ? walk(channelId, parent, steps - 1) : messageId;
    }
    const key = markedThread(message) ?? message.interaction_metadata?.id;
    if (key) return key;
    return parent && steps > 0 ? walk(channelId, parent, steps - 1) : messageId;
  };

  const rootOf: Conversations['rootOf'] = async (channelId, messageId) =>
    remember(known, messageId, await walk(channelId, messageId, maxSteps));

  return {
    rootOf,
    ofThread: async (parentId, threadId) => {
      const remembered = known.get(threadId);
      if (remembered) return remembered;
      // A thread has the id of the message it was started from.
      const starter = parentId ? await getMessage(parentId, threadId) : null;
      return remember(known, threadId, starter && isSelf(starter) ? await rootOf(parentId!, threadId) : threadId);
    },
    ofDirect: async (channelId, messageId, at) => {
      const last = lastDirect.get(channelId);
      if (last && at - last.at < directPauseMs) return remember(lastDirect, channelId, { ...last, at }).thread;
      const earlier = last ? [] : await getBefore(channelId, messageId);
      const own = earlier.find((message) => isSelf(message) && at - Date.parse(message.timestamp) < directPauseMs);
      const thread = own ? await rootOf(channelId, own.id) : messageId;
      return remember(lastDirect, channelId, { thread, at }).thread;
    },
    isOwn: async (channelId, messageId) => {
      const message = await getMessage(channelId, messageId);
      return message !== null && isSelf(message);
    },
  };
}
