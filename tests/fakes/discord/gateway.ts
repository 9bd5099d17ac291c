/**
 * The fake Gateway: HELLO, IDENTIFY, READY, GUILD_CREATE, heartbeats, RESUME, INVALID_SESSION, close codes. Knows sockets
 * and sessions; must not know REST.
 * @see https://discord.com/developers/docs/events/gateway
 */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FakeChannel, FakeGuild, FakeMessage, World } from './world.ts';

const op = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  resume: 6,
  reconnect: 7,
  invalidSession: 9,
  hello: 10,
  heartbeatAck: 11,
};
const intent = { guilds: 1, guildMessages: 1 << 9, directMessages: 1 << 12, messageContent: 1 << 15 };
/** Long enough never to matter to a test, short enough to be seen in a slow one. */
const heartbeatMs = 5000;

interface Session {
  readonly id: string;
  readonly intents: number;
  sequence: number;
  readonly sent: { readonly s: number; readonly t: string; readonly d: unknown }[];
  socket: WebSocket | null;
}

export const channelJson = (channel: FakeChannel): Record<string, unknown> => ({
  id: channel.id,
  type: channel.type,
  name: channel.name,
  ...(channel.guild_id ? { guild_id: channel.guild_id } : {}),
  ...(channel.recipients ? { recipients: channel.recipients.map((user) => ({ ...user, discriminator: '0' })) } : {}),
  parent_id: channel.parent_id,
  permission_overwrites: channel.permission_overwrites,
  last_message_id: channel.last_message_id,
  position: 0,
  ...(channel.type === 11 || channel.type === 12
    ? {
        owner_id: [...channel.members][0],
        message_count: channel.messages.length,
        member_count: channel.members.size,
        thread_metadata: {
          archived: false,
          auto_archive_duration: 1440,
          archive_timestamp: new Date().toISOString(),
          locked: false,
        },
        member: {
          id: channel.id,
          user_id: [...channel.members][0],
          join_timestamp: new Date().toISOString(),
          flags: 0,
        },
      }
    : {}),
});

export const memberJson = (world: World, guild: FakeGuild, userId: string): Record<string, unknown> => ({
  user: { ...world.users.get(userId), discriminator: '0', global_name: null, avatar: null },
  roles: guild.members.get(userId) ?? [],
  joined_at: new Date(0).toISOString(),
  deaf: false,
  mute: false,
  flags: 0,
  nick: null,
});

export const roleJson = (role: FakeGuild['roles'][number]): Record<string, unknown> => ({
  id: role.id,
  name: role.name,
  permissions: role.permissions,
  color: 0,
  hoist: false,
  managed: !!role.botId,
  mentionable: false,
  position: 0,
  flags: 0,
  ...(role.botId ? { tags: { bot_id: role.botId } } : {}),
});

export const guildJson = (world: World, guild: FakeGuild): Record<string, unknown> => ({
  id: guild.id,
  name: guild.name,
  owner_id: '1',
  system_channel_id: guild.channels.find((channel) => channel.type === 0)?.id ?? null,
  roles: guild.roles.map(roleJson),
  channels: guild.channels.filter((channel) => channel.type === 0).map(channelJson),
  threads: guild.channels.filter((channel) => channel.type === 11 || channel.type === 12).map(channelJson),
  members: [memberJson(world, guild, world.bot.id)],
  member_count: guild.members.size,
  emojis: [],
  stickers: [],
  features: [],
  voice_states: [],
  presences: [],
  stage_instances: [],
  guild_scheduled_events: [],
  soundboard_sounds: [],
  joined_at: new Date(0).toISOString(),
  large: false,
  unavailable: false,
  premium_tier: 0,
  preferred_locale: 'en-US',
  nsfw_level: 0,
  verification_level: 0,
  default_message_notifications: 0,
  explicit_content_filter: 0,
  mfa_level: 0,
  system_channel_flags: 0,
});

/** A message as this reader gets it: without the intent only mentions, direct and own messages carry their content. */
export function messageJson(world: World, message: FakeMessage, canReadAll: boolean): Record<string, unknown> {
  const { history: _history, files: _files, ...plain } = message;
  const carries =
    canReadAll ||
    !message.guild_id ||
    message.author.id === world.bot.id ||
    message.mentions.some((user) => user.id === world.bot.id);
  const replied = message.message_reference
    ? world.findMessage(message.message_reference.channel_id, message.message_reference.message_id)
    : null;
  const guild = message.guild_id ? world.guilds.get(message.guild_id) : undefined;
  const member = guild?.members.has(message.author.id) ? memberJson(world, guild, message.author.id) : undefined;
  if (member) delete member.user;
  return {
    ...plain,
    author: { ...message.author, discriminator: '0', global_name: null, avatar: null },
    mentions: message.mentions.map((user) => ({ ...user, discriminator: '0' })),
    tts: false,
    pinned: false,
    mention_everyone: false,
    embeds: [],
    ...(carries ? {} : { content: '', components: [], attachments: [] }),
    ...(member ? { member } : {}),
    ...(message.message_reference
      ? {
          referenced_message: replied
            ? messageJson(world, { ...replied, message_reference: undefined }, canReadAll)
            : null,
        }
      : {}),
  };
}

export interface GatewayOptions {
  readonly server: Server;
  readonly world: World;
  readonly token: () => string;
  readonly url: () => string;
  /** Privileged intents the application has. */
  readonly grantsMessageContent: () => boolean;
}

export function createGateway({ server, world, token, url, grantsMessageContent }: GatewayOptions) {
  const sockets = new WebSocketServer({ server });
  const sessions = new Map<string, Session>();
  let refusesResume = false;
  let lastIdentify: { readonly intents: number } | null = null;
  let identifies = 0;
  let resumes = 0;

  const write = (session: Session, t: string, d: unknown): void => {
    const event = { s: ++session.sequence, t, d };
    session.sent.push(event);
    session.socket?.send(JSON.stringify({ op: op.dispatch, ...event }));
  };

  const canReadAll = (session: Session): boolean => (session.intents & intent.messageContent) !== 0;

  const identify = (socket: WebSocket, data: { token: string; intents: number }): Session | null => {
    lastIdentify = { intents: data.intents };
    identifies++;
    if (data.token !== token()) {
      socket.close(4004, 'Authentication failed.');
      return null;
    }
    if (data.intents & intent.messageContent && !grantsMessageContent()) {
      socket.close(4014, 'Disallowed intent(s).');
      return null;
    }
    const session: Session = { id: randomUUID(), intents: data.intents, sequence: 0, sent: [], socket };
    sessions.set(session.id, session);
    write(session, 'READY', {
      v: 10,
      user: { ...world.bot, discriminator: '0', global_name: null, avatar: null, verified: true },
      guilds: [...world.guilds.keys()].map((id) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: url(),
      application: { id: world.application.id, flags: world.application.flags },
    });
    for (const guild of world.guilds.values()) write(session, 'GUILD_CREATE', guildJson(world, guild));
    return session;
  };

  const resume = (socket: WebSocket, data: { session_id: string; seq: number }): Session | null => {
    const session = sessions.get(data.session_id);
    if (!session || refusesResume) {
      refusesResume = false;
      sessions.delete(data.session_id);
      socket.send(JSON.stringify({ op: op.invalidSession, d: false }));
      return null;
    }
    resumes++;
    session.socket = socket;
    for (const event of session.sent.filter(({ s }) => s > data.seq))
      socket.send(JSON.stringify({ op: op.dispatch, ...event }));
    write(session, 'RESUMED', {});
    return session;
  };

  sockets.on('connection', (socket) => {
    let session: Session | null = null;
    socket.send(JSON.stringify({ op: op.hello, d: { heartbeat_interval: heartbeatMs } }));
    socket.on('message', (raw) => {
      const { op: code, d } = JSON.parse(String(raw)) as { op: number; d: never };
      if (code === op.heartbeat) socket.send(JSON.stringify({ op: op.heartbeatAck }));
      else if (code === op.identify) session = identify(socket, d);
      else if (code === op.resume) session = resume(socket, d);
    });
    socket.on('close', () => {
      if (session?.socket === socket) session.socket = null;
    });
  });

  return {
    /** Sends an event to every session that asked for it; a session without a socket gets it when it resumes. */
    dispatch: (t: string, d: unknown): void => {
      for (const session of sessions.values()) write(session, t, d);
    },
    dispatchMessage: (t: 'MESSAGE_CREATE' | 'MESSAGE_UPDATE', message: FakeMessage): void => {
      const needed = message.guild_id ? intent.guildMessages : intent.directMessages;
      for (const session of sessions.values())
        if (session.intents & needed)
          write(session, t, {
            ...messageJson(world, message, canReadAll(session)),
            ...(message.guild_id ? {} : { channel_type: 1 }),
          });
    },
    readsAll: (): boolean => [...sessions.values()].some(canReadAll),
    /** Ends the connections; `resumable` false also forgets the sessions. */
    disconnect: ({ code = 4000, resumable = true }: { code?: number; resumable?: boolean } = {}): void => {
      if (!resumable) refusesResume = true;
      for (const session of sessions.values()) session.socket?.close(code);
    },
    connected: (): boolean => [...sessions.values()].some((session) => session.socket?.readyState === 1),
    lastIdentify: () => lastIdentify,
    counts: () => ({ identifies, resumes }),
    close: (): void => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

export type Gateway = ReturnType<typeof createGateway>;
