/**
 * A Discord for tests: REST v10, Gateway and file host on one local port, spoken to by the real client. It keeps every
 * message that people would see, plays people, and misbehaves on request.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFaults } from './faults.ts';
import { channelJson, createGateway, type Gateway, guildJson, memberJson, messageJson, roleJson } from './gateway.ts';
import { createRest } from './rest.ts';
import {
  createWorld,
  type FakeAttachment,
  type FakeChannel,
  type FakeGuild,
  type FakeInteraction,
  type FakeMessage,
  type FakeUser,
  flag,
  permission,
  visibleText,
} from './world.ts';

export type { FakeChannel, FakeGuild, FakeInteraction, FakeMessage, FakeUser };
export { flag, permission, visibleText };

export interface FakeFile {
  readonly name: string;
  readonly bytes: Uint8Array | string;
  readonly contentType?: string;
  /** Size that Discord states, when it is to differ. */
  readonly size?: number;
}

export interface SayOptions {
  readonly files?: readonly FakeFile[];
  readonly replyTo?: FakeMessage;
  /** When it was written; in the past for messages missed. */
  readonly atMs?: number;
  /** false: the gateway does not tell (the bot is not connected, or misses it). */
  readonly tell?: boolean;
  readonly webhook?: boolean;
  /** A reply that does not notify the author replied to: no mention of them. */
  readonly silentReply?: boolean;
}

export interface FakeDiscordOptions {
  readonly token?: string;
  /** The application has the Message Content intent. */
  readonly messageContent?: boolean;
  readonly port?: number;
}

export async function startFakeDiscord({
  token = 'fake-token',
  messageContent = false,
  port = 0,
}: FakeDiscordOptions = {}) {
  const world = createWorld();
  // GATEWAY_MESSAGE_CONTENT_LIMITED
  if (messageContent) world.application.flags |= 1 << 19;
  const faults = createFaults();
  let nonceLifetimeMs = 5 * 60_000;
  let gateway: Gateway;
  let baseUrl = '';
  const rest = createRest({
    world,
    gateway: () => gateway,
    faults,
    token: () => token,
    baseUrl: () => baseUrl,
    nonceLifetimeMs: () => nonceLifetimeMs,
  });
  const server = createServer((request, response) => {
    rest.handle(request, response).catch((error: unknown) => {
      response.writeHead(599).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  gateway = createGateway({
    server,
    world,
    token: () => token,
    url: () => baseUrl.replace(/^http/, 'ws'),
    grantsMessageContent: () => (world.application.flags & (1 << 19)) !== 0,
  });

  const attach = (channelId: string, file: FakeFile): FakeAttachment => {
    const bytes = typeof file.bytes === 'string' ? new TextEncoder().encode(file.bytes) : file.bytes;
    const id = world.snowflake();
    const path = `/attachments/${channelId}/${id}/${encodeURIComponent(file.name)}`;
    world.files.set(path, bytes);
    const url = `${baseUrl}${path}?ex=1`;
    return {
      id,
      filename: file.name,
      size: file.size ?? bytes.byteLength,
      content_type: file.contentType ?? null,
      url,
      proxy_url: url,
    };
  };

  const say = (channel: FakeChannel, author: FakeUser, text: string, options: SayOptions = {}): FakeMessage => {
    const named = [...text.matchAll(/<@!?(\d+)>/g)].map((match) => world.users.get(match[1]!)).filter((user) => !!user);
    const repliedTo = options.replyTo && !options.silentReply ? [options.replyTo.author] : [];
    const message = world.addMessage(channel, author, {
      content: text,
      atMs: options.atMs,
      attachments: (options.files ?? []).map((file) => attach(channel.id, file)),
      mentions: [...new Map([...named, ...repliedTo].map((user) => [user.id, user])).values()],
      mention_roles: [...text.matchAll(/<@&(\d+)>/g)].map((match) => match[1]!),
      ...(options.replyTo
        ? { message_reference: { message_id: options.replyTo.id, channel_id: options.replyTo.channel_id } }
        : {}),
      ...(options.webhook ? { webhook_id: '77' } : {}),
    });
    if (options.tell !== false) gateway.dispatchMessage('MESSAGE_CREATE', message);
    return message;
  };

  const interactionJson = (interaction: FakeInteraction, type: number, extra: object): Record<string, unknown> => {
    const channel = world.channels.get(interaction.channelId)!;
    const guild = channel.guild_id ? world.guilds.get(channel.guild_id) : undefined;
    const permissions = (guild?.members.get(interaction.user.id) ?? [])
      .concat(guild ? [guild.id] : [])
      .reduce((sum, id) => sum | BigInt(guild!.roles.find((role) => role.id === id)?.permissions ?? 0), 0n);
    const user = { ...interaction.user, discriminator: '0', global_name: null, avatar: null };
    return {
      id: interaction.id,
      application_id: world.application.id,
      type,
      token: interaction.token,
      version: 1,
      channel_id: channel.id,
      channel: channelJson(channel),
      locale: 'en-US',
      entitlements: [],
      authorizing_integration_owners: {},
      context: guild ? 0 : 1,
      app_permissions: '0',
      attachment_size_limit: 10_485_760,
      ...(guild
        ? {
            guild_id: guild.id,
            guild_locale: 'en-US',
            member: { ...memberJson(world, guild, interaction.user.id), user, permissions: permissions.toString() },
          }
        : { user }),
      ...extra,
    };
  };

  const send = (interaction: FakeInteraction, times = 1): void => {
    for (let i = 0; i < times; i++) gateway.dispatch('INTERACTION_CREATE', interaction.data);
  };

  return {
    world,
    gateway,
    calls: rest.calls,
    commands: rest.commands,
    expireLink: rest.expireLink,
    holdFiles: rest.holdFiles,
    redirect: rest.redirect,
    misbehave: faults.misbehave,
    stopAt: faults.stopAt,
    apiUrl: `${baseUrl}/api`,
    cdnUrl: baseUrl,
    token,
    environment: { DISCORD_TOKEN: token, DISCORD_API_URL: `${baseUrl}/api`, DISCORD_CDN_URL: baseUrl },
    mention: `<@${world.bot.id}>`,
    attach,
    say,
    /** Somebody joins a server. */
    join: (guild: FakeGuild, name: string, roles: readonly string[] = []): FakeUser => {
      const user = world.addUser(name);
      guild.members.set(user.id, [...roles]);
      return user;
    },
    /** A slash command; `file` for an attachment option. `times` delivers it more than once. */
    command: (
      channel: FakeChannel,
      user: FakeUser,
      name: string,
      options: Readonly<Record<string, string | boolean | FakeFile>> = {},
      { times = 1, tell = true }: { times?: number; tell?: boolean } = {},
    ): FakeInteraction => {
      const attachments: Record<string, FakeAttachment> = {};
      const list = Object.entries(options).map(([option, value]) => {
        if (typeof value === 'string') return { type: 3, name: option, value };
        if (typeof value === 'boolean') return { type: 5, name: option, value };
        const attachment = attach(channel.id, value);
        attachments[attachment.id] = attachment;
        return { type: 11, name: option, value: attachment.id };
      });
      const bare = world.addInteraction(channel, user, null);
      const interaction: FakeInteraction = Object.assign(bare, {
        data: interactionJson(bare, 2, {
          data: {
            id: '1',
            name,
            type: 1,
            options: list,
            ...(Object.keys(attachments).length ? { resolved: { attachments } } : {}),
          },
        }),
      });
      if (tell) send(interaction, times);
      return interaction;
    },
    /** Presses a button of a message. */
    press: (message: FakeMessage, user: FakeUser, customId: string): FakeInteraction => {
      const channel = world.channels.get(message.channel_id)!;
      const bare = world.addInteraction(channel, user, null);
      const interaction: FakeInteraction = Object.assign(bare, {
        data: interactionJson(bare, 3, {
          message: messageJson(world, message, true),
          data: { custom_id: customId, component_type: 2 },
        }),
      });
      send(interaction);
      return interaction;
    },
    /** Chooses an entry of a message's menu. Discord sends the message whole, whatever the intents. */
    menu: (message: FakeMessage, user: FakeUser, name: string): FakeInteraction => {
      const bare = world.addInteraction(world.channels.get(message.channel_id)!, user, null);
      const interaction: FakeInteraction = Object.assign(bare, {
        data: interactionJson(bare, 2, {
          data: {
            id: '2',
            name,
            type: 3,
            target_id: message.id,
            resolved: { messages: { [message.id]: messageJson(world, message, true) } },
          },
        }),
      });
      send(interaction);
      return interaction;
    },
    /** Types an option that is completed. */
    type: (channel: FakeChannel, user: FakeUser, name: string, option: string, value: string): FakeInteraction => {
      const bare = world.addInteraction(channel, user, null);
      const interaction: FakeInteraction = Object.assign(bare, {
        data: interactionJson(bare, 4, {
          data: { id: '1', name, type: 1, options: [{ type: 3, name: option, value, focused: true }] },
        }),
      });
      send(interaction);
      return interaction;
    },
    /** A person changes their message. */
    edit: (message: FakeMessage, content: string): void => {
      message.content = content;
      message.edited_timestamp = new Date().toISOString();
      gateway.dispatchMessage('MESSAGE_UPDATE', message);
    },
    /** Sends the form that this interaction opened. */
    submit: (
      opened: FakeInteraction,
      values: Readonly<Record<string, string | readonly FakeFile[]>>,
    ): FakeInteraction => {
      const channel = world.channels.get(opened.channelId)!;
      const bare = world.addInteraction(channel, opened.user, null);
      const attachments: Record<string, FakeAttachment> = {};
      const asComponent = (value: string | readonly FakeFile[]) => {
        if (typeof value === 'string') return { type: 4, value };
        const list = value.map((file) => attach(channel.id, file));
        for (const one of list) attachments[one.id] = one;
        return { type: 19, values: list.map(({ id }) => id) };
      };
      const components = Object.entries(values).map(([custom_id, value], at) => ({
        type: 18,
        id: at * 2 + 1,
        component: { id: at * 2 + 2, custom_id, ...asComponent(value) },
      }));
      const interaction: FakeInteraction = Object.assign(bare, {
        data: interactionJson(bare, 5, {
          data: { custom_id: opened.modal!.custom_id, components, resolved: { attachments } },
        }),
      });
      send(interaction);
      return interaction;
    },
    deliverAgain: (event: FakeMessage | FakeInteraction): void => {
      if ('token' in event) send(event);
      else gateway.dispatchMessage('MESSAGE_CREATE', event);
    },
    /** The bot is invited into a server that it did not know. */
    invite: (guild: FakeGuild): void => gateway.dispatch('GUILD_CREATE', guildJson(world, guild)),
    /** The bot is removed from a server. */
    leave: (guild: FakeGuild): void => {
      world.guilds.delete(guild.id);
      gateway.dispatch('GUILD_DELETE', { id: guild.id });
    },
    deleteMessage: (message: FakeMessage): void => {
      const channel = world.channels.get(message.channel_id)!;
      channel.messages.splice(channel.messages.indexOf(message), 1);
      gateway.dispatch('MESSAGE_DELETE', { id: message.id, channel_id: channel.id, guild_id: channel.guild_id });
    },
    updateChannel: (
      channel: FakeChannel,
      change: Partial<Pick<FakeChannel, 'name' | 'permission_overwrites'>>,
    ): void => {
      Object.assign(channel, change);
      gateway.dispatch('CHANNEL_UPDATE', channelJson(channel));
    },
    updateRole: (guild: FakeGuild, roleId: string, permissions: bigint): void => {
      const role = guild.roles.find((candidate) => candidate.id === roleId)!;
      role.permissions = permissions.toString();
      gateway.dispatch('GUILD_ROLE_UPDATE', { guild_id: guild.id, role: roleJson(role) });
    },
    createThread: (
      parent: FakeChannel,
      name: string,
      options: Parameters<typeof world.addThread>[2] = {},
    ): FakeChannel => {
      const thread = world.addThread(parent, name, options);
      gateway.dispatch('THREAD_CREATE', { ...channelJson(thread), newly_created: true });
      return thread;
    },
    /** Nonces are unique only for a few minutes. */
    forgetNonces: (): void => {
      nonceLifetimeMs = 0;
    },
    /** What the bot shows in a channel, without replies that still say "is thinking". */
    shown: (channel: FakeChannel): readonly FakeMessage[] =>
      channel.messages.filter((message) => message.author.id === world.bot.id && !(message.flags & flag.loading)),
    stop: async (): Promise<void> => {
      gateway.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type FakeDiscord = Awaited<ReturnType<typeof startFakeDiscord>>;
