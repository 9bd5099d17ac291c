/**
 * Turns Discord's messages into the contract's. Knows Discord's structures; must not know what is answered or how.
 */
import { type Message, MessageType, PermissionFlagsBits } from 'discord.js';
import type { IncomingMessage, Place } from '../contract.ts';
import { type Files, isMedia } from './files.ts';
import type { Members } from './members.ts';
import { messageKey, messageLink, spokenText } from './spoken.ts';
import type { MessageTarget } from './targets.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface Inbound {
  /** null: not for the bot (own, bots', webhooks', system messages, or talk among people). */
  message(message: Message, options: InboundOptions): Promise<IncomingMessage | null>;
  /** Whether this message names the bot or answers one of its messages, as far as the message itself tells. */
  isCall(message: Message): boolean;
}

export interface InboundOptions {
  /** The Message Content intent is granted: plain messages carry their text and files. */
  readonly readsPlainMessages: boolean;
  readonly isOwnThread: (place: Place) => Promise<boolean>;
}

export function createInbound({
  selfId,
  boot,
  files,
  members,
  whereabouts,
}: {
  readonly selfId: () => string;
  readonly boot: string;
  readonly files: Files;
  readonly members: Members;
  readonly whereabouts: Whereabouts;
}): Inbound {
  const { placeOfMessage, personOf } = whereabouts;

  const isCall = (message: Message): boolean =>
    !message.guildId ||
    message.mentions.users.has(selfId()) ||
    message.mentions.roles.some((role) => role.tags?.botId === selfId()) ||
    message.mentions.repliedUser?.id === selfId();

  return {
    isCall,
    message: async (message, { readsPlainMessages, isOwnThread }) => {
      if (message.author.bot || message.webhookId || message.system || message.author.id === selfId()) return null;
      if (message.type !== MessageType.Default && message.type !== MessageType.Reply) return null;
      if (message.inGuild()) members.seen(message.guildId, message.author.id);

      const addressed = isCall(message);
      if (!addressed && !readsPlainMessages) return null;
      const attachments = [...message.attachments.values()].filter((attachment) => addressed || !isMedia(attachment));
      const place = await placeOfMessage(message);
      if (!addressed && attachments.length === 0 && !(await isOwnThread(place))) return null;

      const text = spokenText(message, selfId());
      const link = messageLink(message.guildId, message.channelId, message.id);
      const target: MessageTarget = {
        platform: 'discord',
        kind: 'message',
        boot,
        guildId: message.guildId,
        channelId: message.channelId,
        userId: message.author.id,
        thread: place.thread,
        messageId: message.id,
        // Files are answered with their result, and later with what was learned from them.
        several: attachments.length > 0,
      };
      return {
        key: messageKey(message.id),
        place,
        person: await personOf(
          message.author.id,
          place.restricted ? null : place.workspace.externalId,
          message.member?.permissions.has(PermissionFlagsBits.ManageGuild) ?? null,
        ),
        text,
        files: attachments.map((attachment) => files.fileOf(attachment, link)),
        addressed,
        target,
      };
    },
  };
}
