/** Who speaks, and where: people and places of Discord's messages and interactions. Must not know what is said. */
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
import type { Person, Place } from '../contract.ts';
import type { Conversations } from './conversations.ts';
import type { Members } from './members.ts';
import { directPlace, guildPlace } from './place.ts';

export type AnyInteraction =
  | AutocompleteInteraction
  | ButtonInteraction
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | ModalSubmitInteraction;

/** Discord types it as optional for forms; ours open in a channel. */
export const channelIdOf = ({ channelId }: AnyInteraction): string => channelId ?? '';

export interface Whereabouts {
  placeOfMessage(message: Message): Promise<Place>;
  /** @param thread key of the conversation, where it is known */
  placeOfInteraction(interaction: AnyInteraction, thread?: string): Promise<Place>;
  /** @param managesGuild null: not told with the event, so it is looked up where there is a server */
  personOf(userId: string, guildId: string | null, managesGuild: boolean | null): Promise<Person>;
  personOfInteraction(interaction: AnyInteraction, place: Place): Promise<Person>;
}

export function createWhereabouts({
  admins,
  members,
  conversations,
}: {
  /** DOCENT_ADMINS; entries of other platforms are ignored. */
  readonly admins: readonly string[];
  readonly members: Members;
  readonly conversations: Conversations;
}): Whereabouts {
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

  return { placeOfMessage, placeOfInteraction, personOf, personOfInteraction };
}
