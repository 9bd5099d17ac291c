/**
 * Turns Discord's messages and interactions into the contract's. Knows Discord's structures; must not know what is
 * answered or how.
 */
import {
  type AutocompleteInteraction,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type Message,
  type MessageContextMenuCommandInteraction,
  MessageType,
  type ModalSubmitInteraction,
  PermissionFlagsBits,
} from 'discord.js';
import type { IncomingCommand, IncomingFile, IncomingMessage, IncomingTeaching, Person, Place } from '../contract.ts';
import { commandTable, privateOption } from './commands.ts';
import type { Conversations } from './conversations.ts';
import { type Files, isMedia } from './files.ts';
import type { Members } from './members.ts';
import { directPlace, guildPlace } from './place.ts';
import type { InteractionTarget, MessageTarget } from './targets.ts';

export const messageKey = (id: string): string => `discord:${id}`;

type AnyInteraction =
  | AutocompleteInteraction
  | ButtonInteraction
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | ModalSubmitInteraction;

/** Only forms that no message opened have no channel, and we have none. */
const channelIdOf = ({ channelId }: AnyInteraction): string => channelId ?? '';

const messageLink = (guildId: string | null, channelId: string, messageId: string): string =>
  `https://discord.com/channels/${guildId ?? '@me'}/${channelId}/${messageId}`;

/** Whether only the person who called the command sees its reply. */
export const isPrivate = (interaction: ChatInputCommandInteraction): boolean =>
  (commandTable[interaction.commandName]?.ephemeral ?? true) || interaction.options.getBoolean(privateOption) === true;

export interface Inbound {
  /** null: not for the bot (own, bots', webhooks', system messages, or talk among people). */
  message(message: Message, options: InboundOptions): Promise<IncomingMessage | null>;
  ask(interaction: ChatInputCommandInteraction): Promise<IncomingMessage>;
  command(interaction: ChatInputCommandInteraction): Promise<IncomingCommand>;
  /** “Ask Docent about this”: the message is the question of the one who chose it. */
  askAbout(interaction: MessageContextMenuCommandInteraction): Promise<IncomingMessage>;
  /** “Teach this to Docent”. */
  teach(interaction: MessageContextMenuCommandInteraction): Promise<IncomingTeaching>;
  /** Who types a command, and where. */
  typist(interaction: AutocompleteInteraction): Promise<{ readonly place: Place; readonly person: Person }>;
  /** Who pressed a button or sent a form, where, and where the reply to it goes. */
  presser(
    interaction: ButtonInteraction | ModalSubmitInteraction,
    onlyThem: boolean,
    thread?: string,
  ): Promise<Pick<IncomingMessage, 'key' | 'person' | 'place' | 'target'>>;
  /** Whether this message names the bot or answers one of its messages, as far as the message itself tells. */
  isCall(message: Message): boolean;
}

export interface InboundOptions {
  /** The Message Content intent is granted: plain messages carry their text and files. */
  readonly readsPlainMessages: boolean;
  readonly isOwnThread: (place: Place) => Promise<boolean>;
}

/** People's words without the bot's name, with other names spelled out instead of ids. */
export function spokenText(message: Message, selfId: string): string {
  const ownRoles = new Set(message.guild?.roles.cache.filter((role) => role.tags?.botId === selfId).keys() ?? []);
  return message.content
    .replace(/<@!?(\d+)>/g, (whole, id: string) => {
      if (id === selfId) return ' ';
      const user = message.mentions.users.get(id);
      return user ? `@${message.mentions.members?.get(id)?.displayName ?? user.displayName}` : whole;
    })
    .replace(/<@&(\d+)>/g, (whole, id: string) => {
      if (ownRoles.has(id)) return ' ';
      const role = message.mentions.roles.get(id);
      return role ? `@${role.name}` : whole;
    })
    .replace(/<#(\d+)>/g, (whole, id: string) => {
      const channel = message.guild?.channels.cache.get(id);
      return channel ? `#${channel.name}` : whole;
    })
    .replace(/[^\S\n]+/g, ' ')
    .trim();
}

export function createInbound({
  selfId,
  applicationId,
  boot,
  admins,
  files,
  members,
  conversations,
}: {
  readonly selfId: () => string;
  readonly applicationId: () => string;
  readonly boot: string;
  /** DOCENT_ADMINS; entries of other platforms are ignored. */
  readonly admins: readonly string[];
  readonly files: Files;
  readonly members: Members;
  readonly conversations: Conversations;
}): Inbound {
  const isListed = (userId: string): boolean => admins.includes(`discord:${userId}`);

  const personOf = async (userId: string, guildId: string | null, managesGuild: boolean | null): Promise<Person> => ({
    id: userId,
    isAdmin: isListed(userId) || (managesGuild ?? (guildId !== null && (await members.isManager(guildId, userId)))),
  });

  const placeOfMessage = async (message: Message): Promise<Place> => {
    const repliedTo = message.type === MessageType.Reply ? message.reference?.messageId : undefined;
    if (message.inGuild()) {
      const { channel } = message;
      if (channel.isThread()) return guildPlace(channel, await conversations.ofThread(channel.parentId, channel.id));
      const thread = repliedTo ? await conversations.rootOf(channel.id, message.id) : message.id;
      return guildPlace(channel, thread);
    }
    const thread = repliedTo
      ? await conversations.rootOf(message.channelId, message.id)
      : await conversations.ofDirect(message.channelId, message.id, message.createdTimestamp);
    return directPlace(message.channelId, await members.homeGuildOf(message.author.id), thread);
  };

  const isCall = (message: Message): boolean =>
    !message.guildId ||
    message.mentions.users.has(selfId()) ||
    message.mentions.roles.some((role) => role.tags?.botId === selfId()) ||
    message.mentions.repliedUser?.id === selfId();

  const interactionTarget = (
    interaction: AnyInteraction,
    thread: string,
    command: string,
    ephemeral: boolean,
  ): InteractionTarget => ({
    platform: 'discord',
    kind: 'interaction',
    boot,
    guildId: interaction.guildId,
    channelId: channelIdOf(interaction),
    userId: interaction.user.id,
    thread,
    applicationId: applicationId(),
    interactionId: interaction.id,
    token: interaction.token,
    command,
    ephemeral,
  });

  const commandTarget = (interaction: ChatInputCommandInteraction, thread: string): InteractionTarget =>
    interactionTarget(interaction, thread, interaction.commandName, isPrivate(interaction));

  const placeOfInteraction = async (interaction: AnyInteraction, fixedThread?: string): Promise<Place> => {
    const guild = interaction.guildId ? interaction.client.guilds.cache.get(interaction.guildId) : undefined;
    const channel = guild?.channels.cache.get(channelIdOf(interaction));
    if (channel) {
      const thread =
        fixedThread ??
        (channel.isThread() ? await conversations.ofThread(channel.parentId, channel.id) : interaction.id);
      return guildPlace(channel, thread);
    }
    if (interaction.guildId)
      // A channel the bot cannot see: nobody knows who reads along, so nothing from elsewhere is shown there.
      return {
        platform: 'discord',
        workspace: { externalId: interaction.guildId, name: guild?.name ?? interaction.guildId },
        channel: { externalId: channelIdOf(interaction), name: channelIdOf(interaction), visibility: 'closed' },
        thread: fixedThread ?? interaction.id,
        restricted: true,
      };
    const thread =
      fixedThread ??
      (await conversations.ofDirect(channelIdOf(interaction), interaction.id, interaction.createdTimestamp));
    return directPlace(channelIdOf(interaction), await members.homeGuildOf(interaction.user.id), thread);
  };

  const personOfInteraction = (interaction: AnyInteraction, place: Place) =>
    personOf(
      interaction.user.id,
      place.channel.visibility === 'direct' && !place.restricted ? place.workspace.externalId : null,
      interaction.memberPermissions?.has(PermissionFlagsBits.ManageGuild) ?? null,
    );

  const optionText = (interaction: ChatInputCommandInteraction): string => {
    const option = commandTable[interaction.commandName]?.options?.find(
      ({ kind }) => kind === 'text' || kind === 'document',
    );
    return option ? (interaction.options.getString(option.name) ?? '').trim() : '';
  };

  const optionFiles = (interaction: ChatInputCommandInteraction): readonly IncomingFile[] => {
    const option = commandTable[interaction.commandName]?.options?.find(({ kind }) => kind === 'file');
    const attachment = option ? interaction.options.getAttachment(option.name) : null;
    // An interaction has no message of its own, but Discord opens the history around any id.
    const link = messageLink(interaction.guildId, channelIdOf(interaction), interaction.id);
    return attachment ? [files.fileOf(attachment, link)] : [];
  };

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
    ask: async (interaction) => {
      const place = await placeOfInteraction(interaction);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        text: optionText(interaction),
        files: [],
        addressed: true,
        target: commandTarget(interaction, place.thread),
      };
    },
    command: async (interaction) => {
      const meaning = commandTable[interaction.commandName]?.meaning ?? 'help';
      const place = await placeOfInteraction(interaction);
      return {
        key: messageKey(interaction.id),
        name: meaning === 'ask' ? 'help' : meaning,
        place,
        person: await personOfInteraction(interaction, place),
        text: optionText(interaction),
        files: optionFiles(interaction),
        target: commandTarget(interaction, place.thread),
      };
    },
    askAbout: async (interaction) => {
      const place = await placeOfInteraction(interaction);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        text: spokenText(interaction.targetMessage, selfId()),
        files: [],
        addressed: true,
        target: interactionTarget(interaction, place.thread, interaction.commandName, false),
      };
    },
    teach: async (interaction) => {
      const message = interaction.targetMessage;
      const place = await placeOfInteraction(interaction);
      const url = messageLink(interaction.guildId, message.channelId, message.id);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        message: {
          key: messageKey(message.id),
          text: spokenText(message, selfId()),
          url,
          at: message.createdAt,
        },
        files: [...message.attachments.values()]
          .filter((attachment) => !isMedia(attachment))
          .map((attachment) => files.fileOf(attachment, url)),
        target: interactionTarget(interaction, place.thread, interaction.commandName, false),
      };
    },
    typist: async (interaction) => {
      const place = await placeOfInteraction(interaction, interaction.id);
      return { place, person: await personOfInteraction(interaction, place) };
    },
    presser: async (interaction, onlyThem, thread) => {
      const place = await placeOfInteraction(interaction, thread);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        target: interactionTarget(interaction, place.thread, 'feedback', onlyThem),
      };
    },
  };
}
