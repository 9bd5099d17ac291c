/**
 * Who and where: what Slack says about channels and people, remembered for a minute. Knows visibility and roles; must not
 * know messages or documents.
 */
import type { Person, Place } from '../contract.ts';
import { codeOf, type SlackCalls } from './calls.ts';
import type { SlackConversation, SlackUser } from './wire.ts';

/** Design §8: membership counts for at most a minute after it was asked. */
const maxAgeMs = 60_000;
/** Who is a guest changes rarely, and asking takes a page for every thousand people. */
const guestsAgeMs = 10 * 60_000;
const maxEntries = 5_000;
const pageSize = 1_000;

/** Values asked for once per key and period; a failed question is forgotten at once. */
function remember<T>(ageMs: number, now: () => number) {
  const entries = new Map<string, { readonly at: number; readonly value: Promise<T> }>();
  return {
    get(key: string, ask: () => Promise<T>): Promise<T> {
      const known = entries.get(key);
      if (known && now() - known.at < ageMs) return known.value;
      entries.delete(key);
      const oldest = entries.size >= maxEntries ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      const value = ask();
      entries.set(key, { at: now(), value });
      value.catch(() => entries.delete(key));
      return value;
    },
    forget: (key?: string): void => void (key === undefined ? entries.clear() : entries.delete(key)),
  };
}

/** Shared with another organisation; workspaces of one Enterprise Grid organisation count as the same. */
export const isShared = (channel: SlackConversation): boolean =>
  channel.is_ext_shared === true ||
  channel.is_pending_ext_shared === true ||
  (channel.is_shared === true && channel.is_org_shared !== true);

/** open: every full member of the workspace can read it. A group message is a private channel by another name. */
export function visibilityOf(channel: SlackConversation): Place['channel']['visibility'] {
  if (channel.is_im) return 'direct';
  return channel.is_mpim || channel.is_private || isShared(channel) ? 'closed' : 'open';
}

export interface Directory {
  readonly workspace: Place['workspace'];
  /** A channel that Slack does not show us counts as closed, with strangers in it. @throws PLATFORM_UNREACHABLE */
  place(channelId: string, thread: string): Promise<Place>;
  person(userId: string): Promise<Person>;
  nameOf(userId: string): Promise<string>;
  /** Closed channels (shared with the bot) that the person is in now; [] when Slack does not say. */
  closedChannelsOf(userId: string): Promise<readonly string[]>;
  /** Conversations that the bot is in. */
  own(): AsyncGenerator<SlackConversation>;
  channelOf(channel: SlackConversation): Place['channel'];
  /** Something about this channel changed. */
  forgetChannel(channelId: string): void;
  /** This person joined or left a channel. */
  forgetMembership(channelId: string, userId: string): void;
}

export function createDirectory({
  calls,
  team,
  admins,
  now = Date.now,
}: {
  readonly calls: SlackCalls;
  readonly team: Place['workspace'];
  /** DOCENT_ADMINS; entries of other platforms are ignored. */
  readonly admins: readonly string[];
  readonly now?: () => number;
}): Directory {
  const channels = remember<SlackConversation | null>(maxAgeMs, now);
  const users = remember<SlackUser | null>(maxAgeMs, now);
  const memberships = remember<readonly string[]>(maxAgeMs, now);
  const guestChannels = remember<boolean>(maxAgeMs, now);
  const guestLists = remember<ReadonlySet<string>>(guestsAgeMs, now);

  const conversation = (id: string) =>
    channels.get(id, async () => {
      try {
        const { channel } = await calls.call<{ channel: SlackConversation }>('conversations.info', { channel: id });
        return channel;
      } catch (error) {
        if (codeOf(error) === null) throw error;
        return null;
      }
    });

  const user = (id: string) =>
    users.get(id, async () => {
      try {
        return (await calls.call<{ user: SlackUser }>('users.info', { user: id })).user;
      } catch (error) {
        if (codeOf(error) === null) throw error;
        return null;
      }
    });

  /** Somebody unknown is treated as an outsider. */
  const isOutsider = (one: SlackUser | null): boolean =>
    !one ||
    one.is_restricted === true ||
    one.is_ultra_restricted === true ||
    one.is_stranger === true ||
    (one.team_id !== undefined && one.team_id !== team.externalId && team.externalId.startsWith('T'));

  const guests = () =>
    guestLists.get('', async () => {
      const found = new Set<string>();
      for await (const one of calls.pages<SlackUser>('users.list', 'members', { limit: pageSize }))
        if (!one.deleted && !one.is_bot && one.id !== 'USLACKBOT' && isOutsider(one)) found.add(one.id);
      return found;
    });

  /** Whether a guest or somebody of another organisation can read along. */
  const hasOutsiders = (channel: SlackConversation): Promise<boolean> =>
    guestChannels.get(channel.id, async () => {
      if (isShared(channel)) return true;
      if (channel.is_im) return isOutsider(channel.user ? await user(channel.user) : null);
      try {
        const outsiders = await guests();
        if (outsiders.size === 0) return false;
        const parameters = { channel: channel.id, limit: pageSize };
        for await (const member of calls.pages<string>('conversations.members', 'members', parameters))
          if (outsiders.has(member)) return true;
        return false;
      } catch (error) {
        if (codeOf(error) === null) throw error;
        return true; // not allowed to look: assume the worst
      }
    });

  const channelOf = (channel: SlackConversation): Place['channel'] => ({
    externalId: channel.id,
    name: channel.is_im ? 'direct message' : (channel.name ?? channel.id),
    visibility: visibilityOf(channel),
  });

  return {
    workspace: team,
    channelOf,
    async place(channelId, thread) {
      const channel = await conversation(channelId);
      const common = { platform: 'slack', workspace: team, thread } as const;
      if (!channel)
        return {
          ...common,
          channel: { externalId: channelId, name: channelId, visibility: 'closed' },
          restricted: true,
        };
      return { ...common, channel: channelOf(channel), restricted: await hasOutsiders(channel) };
    },
    async person(userId) {
      const one = await user(userId);
      const isListed = admins.includes(`slack:${userId}`);
      return { id: userId, isAdmin: isListed || one?.is_admin === true || one?.is_owner === true };
    },
    async nameOf(userId) {
      const one = await user(userId);
      return one?.profile?.display_name || one?.profile?.real_name || one?.name || userId;
    },
    closedChannelsOf: (userId) =>
      memberships
        .get(userId, async () => {
          const closed: string[] = [];
          const parameters = { user: userId, types: 'public_channel,private_channel,mpim', limit: 200 };
          for await (const one of calls.pages<SlackConversation>('users.conversations', 'channels', parameters))
            if (visibilityOf(one) === 'closed') closed.push(one.id);
          return closed;
        })
        .catch(() => []),
    own: () =>
      calls.pages<SlackConversation>('users.conversations', 'channels', {
        types: 'public_channel,private_channel,mpim,im',
        exclude_archived: true,
        limit: 200,
      }),
    forgetChannel(channelId) {
      channels.forget(channelId);
      guestChannels.forget(channelId);
      memberships.forget();
    },
    forgetMembership(channelId, userId) {
      memberships.forget(userId);
      guestChannels.forget(channelId);
      // They may be a guest whom the list does not have yet.
      users.forget(userId);
      guestLists.forget();
    },
  };
}
