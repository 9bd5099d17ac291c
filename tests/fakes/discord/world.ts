/**
 * What exists on the fake Discord: people, servers, channels, messages and interactions. Knows shapes of API v10; must not
 * know HTTP or sockets.
 */
import { randomUUID } from 'node:crypto';

export const flag = {
  suppressEmbeds: 4,
  ephemeral: 64,
  loading: 128,
  componentsV2: 32_768,
} as const;

export const permission = {
  viewChannel: 1n << 10n,
  sendMessages: 1n << 11n,
  readHistory: 1n << 16n,
  manageGuild: 1n << 5n,
  administrator: 1n << 3n,
} as const;

/** What @everyone may do in a fresh server. */
const everyoneDefault = permission.viewChannel | permission.sendMessages | permission.readHistory;
const discordEpochMs = 1_420_070_400_000n;

export interface FakeUser {
  readonly id: string;
  readonly username: string;
  readonly bot: boolean;
}

export interface FakeAttachment {
  readonly id: string;
  readonly filename: string;
  readonly size: number;
  readonly content_type: string | null;
  url: string;
  readonly proxy_url: string;
}

export interface FakeMessage {
  readonly id: string;
  readonly channel_id: string;
  readonly guild_id?: string;
  readonly author: FakeUser;
  content: string;
  components: unknown[];
  flags: number;
  attachments: FakeAttachment[];
  readonly mentions: readonly FakeUser[];
  readonly mention_roles: readonly string[];
  readonly timestamp: string;
  edited_timestamp: string | null;
  readonly type: number;
  readonly message_reference?: { readonly message_id: string; readonly channel_id: string; readonly guild_id?: string };
  readonly interaction_metadata?: {
    readonly id: string;
    readonly type: number;
    readonly user: FakeUser;
    readonly authorizing_integration_owners: object;
  };
  readonly webhook_id?: string;
  /** Files that the bot sent with it. */
  files?: readonly { readonly name: string; readonly text: string }[];
  /** Every text that was ever visible here, in order. */
  readonly history: string[];
}

export interface FakeChannel {
  readonly id: string;
  readonly guild_id?: string;
  name: string;
  readonly type: number;
  readonly parent_id: string | null;
  permission_overwrites: { readonly id: string; readonly type: 0 | 1; readonly allow: string; readonly deny: string }[];
  last_message_id: string | null;
  readonly recipients?: readonly FakeUser[];
  /** People in a private thread. */
  readonly members: Set<string>;
  /** Whether the bot may write here. */
  writable: boolean;
  readonly messages: FakeMessage[];
}

export interface FakeGuild {
  readonly id: string;
  readonly name: string;
  readonly roles: { readonly id: string; readonly name: string; permissions: string; readonly botId?: string }[];
  readonly channels: FakeChannel[];
  /** Role ids of each member. */
  readonly members: Map<string, string[]>;
}

export interface FakeInteraction {
  readonly id: string;
  readonly token: string;
  readonly channelId: string;
  readonly user: FakeUser;
  readonly createdMs: number;
  acknowledged: boolean;
  expired: boolean;
  original: FakeMessage | null;
  /** The form that it opened. */
  modal: { readonly custom_id: string } | null;
  /** Completions that it was offered. */
  choices: readonly { readonly name: string; readonly value: string }[] | null;
  readonly data: unknown;
}

export const channelType = { text: 0, direct: 1, publicThread: 11, privateThread: 12 } as const;

export function createWorld(botName = 'docent') {
  let counter = 0n;
  let lastMs = 0n;
  /** Ids grow with time, as Discord's do. */
  const snowflake = (atMs = Date.now()): string => {
    const ms = BigInt(atMs) - discordEpochMs;
    if (ms !== lastMs) counter = 0n;
    lastMs = ms;
    return ((ms << 22n) | (counter++ & 0x3fffffn)).toString();
  };

  const user = (username: string, bot = false): FakeUser => ({ id: snowflake(), username, bot });
  const bot = user(botName, true);
  const application = { id: snowflake(), flags: 0, name: botName };
  const guilds = new Map<string, FakeGuild>();
  const channels = new Map<string, FakeChannel>();
  const users = new Map<string, FakeUser>([[bot.id, bot]]);
  const interactions = new Map<string, FakeInteraction>();
  const files = new Map<string, Uint8Array>();

  const addChannel = (
    channel: Omit<FakeChannel, 'messages' | 'last_message_id' | 'members' | 'writable'>,
  ): FakeChannel => {
    const full: FakeChannel = { ...channel, messages: [], last_message_id: null, members: new Set(), writable: true };
    channels.set(full.id, full);
    if (full.guild_id) guilds.get(full.guild_id)!.channels.push(full);
    return full;
  };

  return {
    bot,
    application,
    guilds,
    channels,
    users,
    interactions,
    files,
    snowflake,
    addUser: (username: string, options: { bot?: boolean } = {}): FakeUser => {
      const added = user(username, options.bot);
      users.set(added.id, added);
      return added;
    },
    addGuild: (name: string): FakeGuild => {
      const id = snowflake();
      const guild: FakeGuild = {
        id,
        name,
        roles: [
          { id, name: '@everyone', permissions: everyoneDefault.toString() },
          {
            id: snowflake(),
            name: botName,
            permissions: (everyoneDefault | permission.sendMessages).toString(),
            botId: bot.id,
          },
        ],
        channels: [],
        members: new Map(),
      };
      guild.members.set(bot.id, [guild.roles[1]!.id]);
      guilds.set(id, guild);
      return guild;
    },
    addRole: (guild: FakeGuild, name: string, permissions: bigint): string => {
      const id = snowflake();
      guild.roles.push({ id, name, permissions: permissions.toString() });
      return id;
    },
    /** `closedTo: 'everyone'` hides it from @everyone; the bot and `allow`ed roles and members still see it. */
    addTextChannel: (
      guild: FakeGuild,
      name: string,
      options: { closed?: boolean; allowUsers?: readonly string[]; allowRoles?: readonly string[] } = {},
    ): FakeChannel => {
      const see = (permission.viewChannel | permission.readHistory | permission.sendMessages).toString();
      return addChannel({
        id: snowflake(),
        guild_id: guild.id,
        name,
        type: channelType.text,
        parent_id: null,
        permission_overwrites: options.closed
          ? [
              { id: guild.id, type: 0, allow: '0', deny: permission.viewChannel.toString() },
              { id: bot.id, type: 1, allow: see, deny: '0' },
              ...(options.allowUsers ?? []).map((id) => ({ id, type: 1 as const, allow: see, deny: '0' })),
              ...(options.allowRoles ?? []).map((id) => ({ id, type: 0 as const, allow: see, deny: '0' })),
            ]
          : [],
      });
    },
    addThread: (
      parent: FakeChannel,
      name: string,
      options: { id?: string; isPrivate?: boolean; members?: readonly string[] } = {},
    ): FakeChannel => {
      const thread = addChannel({
        id: options.id ?? snowflake(),
        guild_id: parent.guild_id,
        name,
        type: options.isPrivate ? channelType.privateThread : channelType.publicThread,
        parent_id: parent.id,
        permission_overwrites: [],
      });
      for (const id of [bot.id, ...(options.members ?? [])]) thread.members.add(id);
      return thread;
    },
    directChannel: (person: FakeUser): FakeChannel =>
      [...channels.values()].find(
        (channel) => channel.type === channelType.direct && channel.recipients?.[0]?.id === person.id,
      ) ??
      addChannel({
        id: snowflake(),
        name: '',
        type: channelType.direct,
        parent_id: null,
        permission_overwrites: [],
        recipients: [person],
      }),
    addMessage: (
      channel: FakeChannel,
      author: FakeUser,
      fields: Partial<Omit<FakeMessage, 'history' | 'channel_id' | 'author'>> & { readonly atMs?: number },
    ): FakeMessage => {
      const { atMs, ...given } = fields;
      const message: FakeMessage = {
        id: snowflake(atMs),
        channel_id: channel.id,
        ...(channel.guild_id ? { guild_id: channel.guild_id } : {}),
        author,
        content: '',
        components: [],
        flags: 0,
        attachments: [],
        mentions: [],
        mention_roles: [],
        timestamp: new Date(atMs ?? Date.now()).toISOString(),
        edited_timestamp: null,
        type: given.message_reference ? 19 : 0,
        history: [],
        ...given,
      };
      channel.messages.push(message);
      channel.messages.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
      channel.last_message_id = channel.messages.at(-1)!.id;
      return message;
    },
    addInteraction: (channel: FakeChannel, person: FakeUser, data: unknown): FakeInteraction => {
      const interaction: FakeInteraction = {
        id: snowflake(),
        token: `token-${randomUUID()}`,
        channelId: channel.id,
        user: person,
        createdMs: Date.now(),
        acknowledged: false,
        expired: false,
        original: null,
        modal: null,
        choices: null,
        data,
      };
      interactions.set(interaction.token, interaction);
      return interaction;
    },
    findMessage: (channelId: string, messageId: string): FakeMessage | null =>
      channels.get(channelId)?.messages.find((message) => message.id === messageId) ?? null,
  };
}

export type World = ReturnType<typeof createWorld>;

/** All text people see in a message, plain or Components V2. */
export function visibleText(message: { readonly content: string; readonly components: readonly unknown[] }): string {
  const parts: string[] = message.content ? [message.content] : [];
  const visit = (component: unknown): void => {
    const { type, content, components } = component as { type?: number; content?: string; components?: unknown[] };
    if (type === 10 && content) parts.push(content);
    for (const child of components ?? []) visit(child);
  };
  for (const component of message.components) visit(component);
  return parts.join('\n');
}
