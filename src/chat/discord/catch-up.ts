/**
 * Mentions that came while Docent was away. Knows channel histories and ages; must not know how a question is answered.
 */
import type { Client, Collection, Message, TextBasedChannel } from 'discord.js';
import { PermissionFlagsBits } from 'discord.js';
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import { timeOf } from './interaction-surface.ts';

/** Design §8: what is younger is answered, what is older gets one line. */
export const answerWithinMs = 60 * 60_000;
/** Older than this, even the line would only puzzle people. */
export const excuseWithinMs = 24 * 60 * 60_000;
const pageSize = 100;
/** A thousand messages a channel: the newest are what matters, and Discord's limits are shared with the answers. */
const maxPages = 10;

export const awayLine =
  'I was away when you wrote this, more than an hour ago. Please ask again if you still want to know.';

export interface CatchUp {
  readonly client: Client<true>;
  /** When a Docent was last connected; null = never. */
  readonly lastSeenMs: number | null;
  readonly nowMs: number;
  /** Direct message channels to look at: Discord lists none to bots. */
  readonly directChannels: readonly string[];
  readonly isKnown: (message: Message) => Promise<boolean>;
  readonly answer: (message: Message) => Promise<void>;
  readonly excuse: (message: Message) => Promise<void>;
  readonly log: Pick<BaseLogger, 'warn' | 'info'>;
}

/** The newest `maxPages` pages of what was said since then, oldest first. */
async function since(channel: TextBasedChannel, sinceMs: number): Promise<readonly Message[]> {
  const found: Message[] = [];
  let before = {};
  for (let page = 0; page < maxPages; page++) {
    const messages = (await channel.messages.fetch({ ...before, limit: pageSize, cache: false })) as Collection<
      string,
      Message
    >;
    const newestFirst = [...messages.values()].sort((a, b) => (BigInt(a.id) > BigInt(b.id) ? -1 : 1));
    const young = newestFirst.filter(({ id }) => timeOf(id) >= sinceMs);
    found.push(...young);
    if (young.length < pageSize) break;
    before = { before: young.at(-1)!.id };
  }
  return found.reverse();
}

/** Looks through the channels with news; one that cannot be read is left out. */
export async function catchUp({
  client,
  lastSeenMs,
  nowMs,
  directChannels,
  isKnown,
  answer,
  excuse,
  log,
}: CatchUp): Promise<void> {
  const sinceMs = Math.max(nowMs - excuseWithinMs, Math.min(lastSeenMs ?? nowMs, nowMs - answerWithinMs));
  const channels: TextBasedChannel[] = [];
  for (const guild of client.guilds.cache.values())
    for (const channel of guild.channels.cache.values()) {
      if (!channel.isTextBased() || !guild.members.me) continue;
      if (!channel.lastMessageId || timeOf(channel.lastMessageId) < sinceMs) continue;
      const permissions = channel.permissionsFor(guild.members.me);
      if (permissions?.has([PermissionFlagsBits.ViewChannel, PermissionFlagsBits.ReadMessageHistory]))
        channels.push(channel);
    }
  for (const id of directChannels) {
    const channel = await client.channels.fetch(id).catch(() => null);
    if (channel?.isDMBased() && channel.isTextBased()) channels.push(channel);
  }
  for (const channel of channels)
    try {
      for (const message of await since(channel, sinceMs)) {
        if (message.author.bot || message.author.id === client.user.id || (await isKnown(message))) continue;
        if (nowMs - message.createdTimestamp <= answerWithinMs) await answer(message);
        else await excuse(message);
      }
    } catch (error) {
      log.warn({ channel: channel.id, reason: reasonOf(error) }, 'Discord channel not caught up');
    }
}
