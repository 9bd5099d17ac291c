/**
 * Where a Discord conversation takes place and who can read along. Knows channels, threads and permissions; must not
 * know messages or documents.
 */
import {
  type AnyThreadChannel,
  ChannelType,
  type Guild,
  type GuildBasedChannel,
  type GuildChannel,
  PermissionFlagsBits,
} from 'discord.js';
import type { Place } from '../contract.ts';

/** Reading along needs both: a channel whose history is hidden shows newcomers nothing of what was said before. */
const reading = [PermissionFlagsBits.ViewChannel, PermissionFlagsBits.ReadMessageHistory] as const;

type ReadableChannel = GuildChannel | AnyThreadChannel;

const isReadable = (channel: GuildBasedChannel): channel is ReadableChannel & GuildBasedChannel =>
  channel.isTextBased();

/**
 * open: every member of the server can read it. A thread is as open as its channel, unless it is private.
 * Anything that cannot be decided is closed.
 */
export function visibilityOf(channel: GuildBasedChannel): 'open' | 'closed' {
  if (channel.isThread()) {
    if (channel.type === ChannelType.PrivateThread) return 'closed';
    return channel.parent ? visibilityOf(channel.parent) : 'closed';
  }
  return channel.permissionsFor(channel.guild.roles.everyone)?.has(reading) ? 'open' : 'closed';
}

/**
 * The channel that documents and conversations belong to: a public thread counts as its channel, a private thread is a
 * room of its own.
 */
export function homeOf(channel: GuildBasedChannel): GuildBasedChannel {
  return channel.isThread() && channel.type !== ChannelType.PrivateThread && channel.parent ? channel.parent : channel;
}

export const workspaceOf = (guild: Guild): Place['workspace'] => ({ externalId: guild.id, name: guild.name });

export const channelOf = (channel: GuildBasedChannel): Place['channel'] => {
  const home = homeOf(channel);
  return { externalId: home.id, name: home.name, visibility: visibilityOf(home) };
};

export const guildPlace = (channel: GuildBasedChannel, thread: string): Place => ({
  platform: 'discord',
  workspace: workspaceOf(channel.guild),
  channel: channelOf(channel),
  thread,
  // Whoever can read a channel is a member of the server; Discord has no guests of single channels.
  restricted: false,
});

/**
 * A direct message. `guild` is the server that the person shares with the bot, whose open channels they may read;
 * without one only this conversation's own documents count.
 */
export const directPlace = (channelId: string, guild: Guild | null, thread: string): Place => ({
  platform: 'discord',
  workspace: guild ? workspaceOf(guild) : { externalId: 'direct', name: 'Direct messages' },
  channel: { externalId: channelId, name: 'direct message', visibility: 'direct' },
  thread,
  restricted: guild === null,
});

/** Channels of a server that messages can stand in, each once (threads only where they are rooms of their own). */
export const roomsOf = (guild: Guild): readonly (ReadableChannel & GuildBasedChannel)[] =>
  [...guild.channels.cache.values()].filter(
    (channel) => isReadable(channel) && homeOf(channel).id === channel.id,
  ) as (ReadableChannel & GuildBasedChannel)[];
