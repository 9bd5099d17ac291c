/** What a message says, its key, and where it stands. Knows Discord's markup. */
import type { Message } from 'discord.js';

export const messageKey = (id: string): string => `discord:${id}`;

export const messageLink = (guildId: string | null, channelId: string, messageId: string): string =>
  `https://discord.com/channels/${guildId ?? '@me'}/${channelId}/${messageId}`;

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
