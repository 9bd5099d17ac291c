/**
 * What changes on Discord by itself: deleted messages and files, channels that open, close or are renamed, people who come
 * and go. Knows gateway events; must not know documents.
 */
import {
  type Client,
  Events,
  GatewayDispatchEvents,
  type GatewayGuildMemberRemoveDispatchData,
  type GatewayMessageDeleteBulkDispatchData,
  type GatewayMessageDeleteDispatchData,
  type GatewayMessageUpdateDispatchData,
  type Guild,
  PermissionFlagsBits,
} from 'discord.js';
import type { ChatHandlers, Notes, Place } from '../contract.ts';
import { fileKey } from './files.ts';
import { snowflakeAt } from './interaction-surface.ts';
import type { Members } from './members.ts';
import { channelOf, guildPlace, homeOf, roomsOf, workspaceOf } from './place.ts';
import { messageKey } from './spoken.ts';
import type { PostTarget } from './targets.ts';

interface UploadNote {
  readonly workspace: Place['workspace'];
  readonly keys: readonly string[];
}

/** Which files a message brought: its deletion arrives with nothing but its id. */
const noteKey = (messageId: string): string => `files:${messageId}`;

export async function noteUploads(notes: Notes, messageId: string, note: UploadNote): Promise<void> {
  const stored = await notes.get(noteKey(messageId));
  const known = stored ? (JSON.parse(stored) as UploadNote).keys : [];
  await notes.set(noteKey(messageId), JSON.stringify({ ...note, keys: [...new Set([...known, ...note.keys])] }));
}

/** Tells the visibility of every room, for instance after a start: it may have changed meanwhile. */
export async function announceRooms(guild: Guild, handlers: ChatHandlers): Promise<void> {
  for (const channel of roomsOf(guild))
    await handlers.channelChanged({
      platform: 'discord',
      workspace: workspaceOf(guild),
      channel: channelOf(channel),
    });
}

export function followChanges({
  client,
  boot,
  handlers,
  notes,
  members,
  readsPlainMessages,
  run,
}: {
  readonly client: Client<true>;
  readonly boot: string;
  readonly handlers: ChatHandlers;
  readonly notes: Notes;
  readonly members: Members;
  readonly readsPlainMessages: () => boolean;
  /** Runs work behind an event and logs what goes wrong. */
  readonly run: (work: () => Promise<void>) => void;
}): void {
  const removeFiles = async (messageId: string, isGone: (key: string) => boolean): Promise<void> => {
    const stored = await notes.get(noteKey(messageId));
    if (!stored) return;
    const note = JSON.parse(stored) as UploadNote;
    const left: string[] = [];
    for (const key of note.keys)
      if (isGone(key)) await handlers.fileDeleted({ platform: 'discord', workspace: note.workspace }, key);
      else left.push(key);
    await notes.set(noteKey(messageId), left.length > 0 ? JSON.stringify({ ...note, keys: left }) : null);
  };

  // The library reports only messages and members that it still remembers; the raw events come for all.
  const gateway = client.ws as unknown as {
    on(event: string, listener: (data: unknown) => void): void;
  };
  gateway.on(GatewayDispatchEvents.MessageDelete, (data) => {
    const { id } = data as GatewayMessageDeleteDispatchData;
    run(() => removeFiles(id, () => true));
  });
  gateway.on(GatewayDispatchEvents.MessageDeleteBulk, (data) => {
    const { ids } = data as GatewayMessageDeleteBulkDispatchData;
    run(async () => {
      for (const id of ids) await removeFiles(id, () => true);
    });
  });
  gateway.on(GatewayDispatchEvents.MessageUpdate, (data) => {
    const { id, content, attachments, mentions, guild_id: guildId } = data as GatewayMessageUpdateDispatchData;
    // Without the intent Discord blanks the attachments of messages that don't name the bot.
    const isComplete = readsPlainMessages() || !guildId || mentions?.some((user) => user.id === client.user.id);
    if (!attachments || !isComplete) return;
    const present = new Set([messageKey(id), ...attachments.map((attachment) => fileKey(attachment.id))]);
    run(() => removeFiles(id, (key) => !present.has(key)));
    run(async () => {
      const stored = await notes.get(noteKey(id));
      const wasTaught = stored && (JSON.parse(stored) as UploadNote).keys.includes(messageKey(id));
      if (wasTaught && content !== undefined) await handlers.messageEdited(messageKey(id), content);
    });
  });

  // Not told while a server is merely away.
  client.on(Events.GuildDelete, (guild) =>
    run(() => handlers.workspaceLeft({ platform: 'discord', workspace: workspaceOf(guild) })),
  );
  client.on(Events.GuildCreate, (guild) =>
    run(async () => {
      await handlers.workspacesPresent('discord', [guild.id], false);
      const channel = guild.systemChannel;
      const { me } = guild.members;
      if (!channel || !me || !channel.permissionsFor(me).has(PermissionFlagsBits.SendMessages)) return;
      const target: PostTarget = {
        platform: 'discord',
        kind: 'post',
        boot,
        guildId: guild.id,
        channelId: channel.id,
        userId: guild.ownerId,
        thread: channel.id,
        after: snowflakeAt(guild.joinedTimestamp),
      };
      await handlers.joined({
        key: `discord:joined:${guild.id}:${guild.joinedTimestamp}`,
        why: 'joined',
        place: guildPlace(channel, channel.id),
        target,
      });
    }),
  );
  client.on(Events.ChannelUpdate, (_before, channel) => {
    if (channel.isDMBased()) return;
    members.forget(channel.guildId);
    run(() =>
      handlers.channelChanged({
        platform: 'discord',
        workspace: workspaceOf(channel.guild),
        channel: channelOf(channel),
      }),
    );
  });
  client.on(Events.ChannelDelete, (channel) => {
    if (channel.isDMBased()) return;
    run(() =>
      handlers.channelChanged({
        platform: 'discord',
        workspace: workspaceOf(channel.guild),
        channel: { ...channelOf(channel), visibility: 'closed' },
      }),
    );
  });
  client.on(Events.ThreadUpdate, (_before, thread) => {
    if (homeOf(thread).id !== thread.id) return;
    run(() =>
      handlers.channelChanged({
        platform: 'discord',
        workspace: workspaceOf(thread.guild),
        channel: channelOf(thread),
      }),
    );
  });
  client.on(Events.GuildRoleUpdate, (before, role) => {
    members.forget(role.guild.id);
    const changed = before.permissions.bitfield ^ role.permissions.bitfield;
    const reading =
      PermissionFlagsBits.ViewChannel | PermissionFlagsBits.ReadMessageHistory | PermissionFlagsBits.Administrator;
    if (role.id === role.guild.id && changed & reading) run(() => announceRooms(role.guild, handlers));
  });
  client.on(Events.GuildRoleDelete, (role) => members.forget(role.guild.id));
  for (const event of [GatewayDispatchEvents.GuildMemberUpdate, GatewayDispatchEvents.GuildMemberRemove])
    gateway.on(event, (data) => {
      const { guild_id: guildId, user } = data as GatewayGuildMemberRemoveDispatchData;
      members.forget(guildId, user.id);
    });
  client.on(Events.ThreadMembersUpdate, (_added, _removed, thread) => members.forget(thread.guildId));
}
