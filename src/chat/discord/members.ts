/**
 * Who is in which room now, asked from Discord and remembered for a minute. Knows members and permissions; must not know
 * what is shown to them.
 */
import { type Client, DiscordAPIError, type Guild, type GuildMember, PermissionFlagsBits } from 'discord.js';
import { roomsOf, visibilityOf } from './place.ts';

/** Design §8: membership counts for at most a minute after it was asked. */
const maxAgeMs = 60_000;
/** People asked about lately; beyond this the oldest entry goes. */
const maxEntries = 5000;

export interface Members {
  /** External ids of closed channels the person can read now; [] when Discord does not say. */
  closedChannelsOf(guildId: string, userId: string): Promise<readonly string[]>;
  /** The server that a direct message counts for: the one the person last spoke in, else the oldest one shared. */
  homeGuildOf(userId: string): Promise<Guild | null>;
  /** Manages a server (ManageGuild). */
  isManager(guildId: string, userId: string): Promise<boolean>;
  /** The person spoke in this server. */
  seen(guildId: string, userId: string): void;
  /** Permissions of a server or one of its members changed. */
  forget(guildId: string, userId?: string): void;
}

export function createMembers({
  client,
  now = Date.now,
}: {
  readonly client: Client;
  readonly now?: () => number;
}): Members {
  const members = new Map<string, { readonly at: number; readonly member: Promise<GuildMember | null> }>();
  const lastGuild = new Map<string, string>();

  const fetchMember = async (guildId: string, userId: string): Promise<GuildMember | null> => {
    const guild = client.guilds.cache.get(guildId);
    if (!guild) return null;
    try {
      return await guild.members.fetch({ user: userId, force: true, cache: false });
    } catch (error) {
      // Unknown member or user: certain, may be remembered. Anything else is asked again the next time.
      if (!(error instanceof DiscordAPIError && error.status === 404)) members.delete(`${guildId}:${userId}`);
      return null;
    }
  };

  const memberOf = (guildId: string, userId: string): Promise<GuildMember | null> => {
    const key = `${guildId}:${userId}`;
    const known = members.get(key);
    if (known && now() - known.at < maxAgeMs) return known.member;
    members.delete(key);
    const oldest = members.size >= maxEntries ? members.keys().next().value : undefined;
    if (oldest !== undefined) members.delete(oldest);
    const member = fetchMember(guildId, userId);
    members.set(key, { at: now(), member });
    return member;
  };

  const inPrivateThread = async (guild: Guild, threadId: string, userId: string): Promise<boolean> => {
    const channel = guild.channels.cache.get(threadId);
    if (!channel?.isThread()) return false;
    return channel.members.fetch({ member: userId, force: true, cache: false }).then(
      () => true,
      () => false,
    );
  };

  return {
    closedChannelsOf: async (guildId, userId) => {
      const member = await memberOf(guildId, userId);
      if (!member) return [];
      const readable: string[] = [];
      for (const channel of roomsOf(member.guild)) {
        if (visibilityOf(channel) === 'open') continue;
        const permissions = channel.permissionsFor(member);
        if (!permissions.has([PermissionFlagsBits.ViewChannel, PermissionFlagsBits.ReadMessageHistory])) continue;
        // The parent's permissions say nothing about a private thread, except for its moderators.
        const isIn =
          !channel.isThread() ||
          permissions.has(PermissionFlagsBits.ManageThreads) ||
          (await inPrivateThread(member.guild, channel.id, userId));
        if (isIn) readable.push(channel.id);
      }
      return readable;
    },
    homeGuildOf: async (userId) => {
      const last = lastGuild.get(userId);
      const ids = [...client.guilds.cache.keys()].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
      for (const id of last ? [last, ...ids] : ids) {
        const member = await memberOf(id, userId);
        if (member) return member.guild;
      }
      return null;
    },
    isManager: async (guildId, userId) =>
      (await memberOf(guildId, userId))?.permissions.has(PermissionFlagsBits.ManageGuild) ?? false,
    seen: (guildId, userId) => {
      lastGuild.delete(userId);
      lastGuild.set(userId, guildId);
      const oldest = lastGuild.size > maxEntries ? lastGuild.keys().next().value : undefined;
      if (oldest !== undefined) lastGuild.delete(oldest);
    },
    forget: (guildId, userId) => {
      if (userId) members.delete(`${guildId}:${userId}`);
      else for (const key of [...members.keys()]) if (key.startsWith(`${guildId}:`)) members.delete(key);
    },
  };
}
