/**
 * Posting, editing and finding the bot's own messages in a channel. Knows REST routes and idempotency; must not know
 * questions.
 */
import { createHash } from 'node:crypto';
import { type APIMessage, ComponentType, DiscordAPIError, MessageFlags, Routes } from 'discord.js';
import type { Payload } from './render.ts';
import { type Calls, codeOf } from './rest.ts';

/** Discord returns at most this many messages at once. */
const pageSize = 100;
/** A reply stands soon after its question; in the busiest channel a thousand messages are still minutes. */
const maxPages = 10;

/** JSON error codes. @see https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
export const codes = {
  unknownChannel: 10_003,
  unknownMessage: 10_008,
  unknownWebhook: 10_015,
  unknownInteraction: 10_062,
  alreadyAcknowledged: 40_060,
  missingAccess: 50_001,
  cannotMessageUser: 50_007,
  missingPermissions: 50_013,
  invalidWebhookToken: 50_027,
  invalidBody: 50_035,
  threadArchived: 50_083,
  cannotReplyWithoutHistory: 160_002,
} as const;

/** The message that a reply names was deleted. @see https://discord.com/developers/docs/resources/message#message-reference-structure */
export const isReferenceGone = (error: unknown): boolean =>
  error instanceof DiscordAPIError &&
  codeOf(error) === codes.invalidBody &&
  'errors' in error.rawError &&
  Object.hasOwn(error.rawError.errors as object, 'message_reference');

/** At most 25 characters; the same id gives the same nonce in every process. */
export const nonceOf = (id: string): string => createHash('sha256').update(id).digest('base64url').slice(0, 24);

export interface ChannelMessages {
  /**
   * Posts once: `enforce_nonce` makes Discord return the message of a repeated call (for a few minutes), and after a
   * doubtful failure `find` is asked before trying again. Fails (see `isReferenceGone`) where `replyTo` was deleted: an
   * answer without its question would puzzle people.
   */
  post(
    channelId: string,
    payload: Payload,
    options: { readonly nonce: string; readonly replyTo?: string; readonly find: () => Promise<APIMessage | null> },
  ): Promise<APIMessage>;
  edit(channelId: string, messageId: string, payload: Payload): Promise<void>;
  get(channelId: string, messageId: string): Promise<APIMessage | null>;
  /** The bot's first message after `after` that `matches`; null when there is none or the history is not readable. */
  findOwn(channelId: string, after: string, matches: (message: APIMessage) => boolean): Promise<APIMessage | null>;
}

/** Body of an edit that is also right for a message that became Components V2 earlier: the flag cannot be taken back. */
const asComponents = ({ content, components, ...rest }: Omit<Payload, 'files'>): Omit<Payload, 'files'> => ({
  ...rest,
  content: null,
  components: [{ type: ComponentType.TextDisplay, content: content ?? '…' }, ...components],
  flags: MessageFlags.IsComponentsV2,
});

export function createChannelMessages({
  calls,
  selfId,
}: {
  readonly calls: Calls;
  readonly selfId: () => string;
}): ChannelMessages {
  const post: ChannelMessages['post'] = async (channelId, payload, { nonce, replyTo, find }) => {
    const { content, files, ...rest } = payload;
    const send = (reference: boolean) =>
      calls.callOnce<APIMessage>(
        {
          method: 'POST',
          route: Routes.channelMessages(channelId),
          body: {
            ...rest,
            ...(content === null ? {} : { content }),
            nonce,
            enforce_nonce: true,
            ...(reference && replyTo
              ? { message_reference: { message_id: replyTo, channel_id: channelId, fail_if_not_exists: true } }
              : {}),
          },
          files,
        },
        find,
      );
    try {
      return await send(true);
    } catch (error) {
      if (codeOf(error) !== codes.cannotReplyWithoutHistory) throw error;
      return send(false);
    }
  };

  const edit: ChannelMessages['edit'] = async (channelId, messageId, payload) => {
    const route = Routes.channelMessage(channelId, messageId);
    const { files, ...body } = payload;
    try {
      await calls.call({ method: 'PATCH', route, body, files });
    } catch (error) {
      if (codeOf(error) !== codes.invalidBody || payload.content === null) throw error;
      await calls.call({ method: 'PATCH', route, body: asComponents(body), files });
    }
  };

  return {
    post,
    edit,
    get: (channelId, messageId) =>
      calls
        .call<APIMessage>({ method: 'GET', route: Routes.channelMessage(channelId, messageId) })
        .catch((error: unknown) => {
          if (codeOf(error) !== null) return null;
          throw error;
        }),
    findOwn: async (channelId, after, matches) => {
      let cursor = after;
      for (let page = 0; page < maxPages; page++) {
        const messages = await calls
          .call<APIMessage[]>({
            method: 'GET',
            route: Routes.channelMessages(channelId),
            query: { after: cursor, limit: String(pageSize) },
          })
          .catch((error: unknown) => {
            if (codeOf(error) !== null) return [];
            throw error;
          });
        // Discord sends the newest first.
        const found = messages.toReversed().find((message) => message.author.id === selfId() && matches(message));
        if (found) return found;
        if (messages.length < pageSize) return null;
        cursor = messages[0]!.id;
      }
      return null;
    },
  };
}
