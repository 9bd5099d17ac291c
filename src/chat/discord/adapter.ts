/**
 * Discord as a chat platform. Composes connection, incoming messages and replies; knows `chat/contract.ts` and nothing of
 * answers or documents.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type APIMessage,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type Client,
  Events,
  InteractionResponseType,
  type Message,
  MessageFlags,
  Routes,
} from 'discord.js';
import type { BaseLogger } from 'pino';
import type { Config } from '../../config.ts';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';
import type { ChatAdapter, ChatHandlers, Notes } from '../contract.ts';
import { awayLine, catchUp } from './catch-up.ts';
import { codes, createChannelMessages, nonceOf } from './channel-messages.ts';
import { commandTable, registerCommands } from './commands.ts';
import { connect } from './connect.ts';
import { type Conversations, createConversations } from './conversations.ts';
import { createFiles } from './files.ts';
import { createInbound, type Inbound, messageKey } from './inbound.ts';
import { type Acknowledgement, createInteractionSurface } from './interaction-surface.ts';
import { createMembers, type Members } from './members.ts';
import { createLock, createMessageSurface } from './message-surface.ts';
import { parseVote, renderProgress } from './render.ts';
import { createReply } from './reply.ts';
import { codeOf, createCalls } from './rest.ts';
import { parseTarget } from './targets.ts';
import { withLastResort } from './undeliverable.ts';
import { announceRooms, followChanges, noteUploads } from './upkeep.ts';

/**
 * Discord waits 3 s for the deferral. The question is recorded first, so that nothing promised is lost; a slow database
 * gets this long, then the promise goes ahead of the record.
 */
const recordFirstMs = 1500;
/** Waits between connection attempts while Discord cannot be reached; the last one repeats. */
const reconnectDelaysMs = [1000, 2000, 5000, 15_000, 30_000, 60_000] as const;
/** How often "I am here" is noted, for catching up after a crash. */
const seenEveryMs = 60_000;
/** Deferrals remembered; they matter for seconds. */
const maxAcknowledgements = 1000;
/** Direct message channels looked at when catching up. */
const maxDirectChannels = 100;

const seenKey = 'discord:seen';
const directKey = 'discord:direct';

type Settings = Pick<
  Config,
  | 'DISCORD_TOKEN'
  | 'DISCORD_API_URL'
  | 'DISCORD_CDN_URL'
  | 'DOCENT_DISCORD_MESSAGE_CONTENT'
  | 'DOCENT_MAX_UPLOAD_MB'
  | 'DOCENT_ADMINS'
>;

interface Session {
  readonly client: Client<true>;
  readonly members: Members;
  readonly inbound: Inbound;
}

export interface DiscordAdapterOptions {
  readonly config: Settings;
  readonly notes: Notes;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** Waits between tries of one call; shorter in tests. */
  readonly retryDelaysMs?: readonly number[];
  readonly editGapMs?: number;
}

/**
 * @example
 * const discord = createDiscordAdapter({ config, notes, log });
 * await discord.start(handlers);
 */
export function createDiscordAdapter({
  config,
  notes,
  log,
  retryDelaysMs,
  editGapMs,
}: DiscordAdapterOptions): ChatAdapter {
  const boot = randomUUID();
  const api = config.DISCORD_API_URL;
  const calls = createCalls({ api, token: config.DISCORD_TOKEN, log, retryDelaysMs });
  const lock = createLock();
  const files = createFiles({
    calls,
    cdnUrl: config.DISCORD_CDN_URL,
    maxBytes: config.DOCENT_MAX_UPLOAD_MB * 2 ** 20,
  });
  const acknowledgements = new Map<string, Promise<Acknowledgement>>();
  const stopping = new AbortController();
  let session: Session | null = null;
  let selfId = '';
  let readsPlainMessages = false;
  let connecting: Promise<void> | null = null;

  const messages = createChannelMessages({ calls, selfId: () => selfId });
  const conversations: Conversations = createConversations({
    selfId: () => selfId,
    // Not knowing the thread costs a follow-up its context, never the answer.
    getMessage: (channelId, messageId) => messages.get(channelId, messageId).catch(() => null),
    getBefore: (channelId, messageId) =>
      calls
        .call<APIMessage[]>({
          method: 'GET',
          route: Routes.channelMessages(channelId),
          query: { before: messageId, limit: '10' },
        })
        .catch(() => []),
  });

  /** Work behind an event. Contract handlers never throw; what is caught here is a fault of this adapter. */
  const run = (work: () => Promise<void>): void => {
    if (stopping.signal.aborted) return;
    void work().catch((error) => log.error({ reason: reasonOf(error) }, 'Discord event not handled'));
  };

  const rememberDirect = (channelId: string): Promise<void> =>
    lock(directKey, async () => {
      const known = JSON.parse((await notes.get(directKey)) ?? '[]') as string[];
      if (known.at(-1) === channelId) return;
      const next = [...known.filter((id) => id !== channelId), channelId].slice(-maxDirectChannels);
      await notes.set(directKey, JSON.stringify(next));
    });

  const takeMessage = async (message: Message, inbound: Inbound, handlers: ChatHandlers): Promise<void> => {
    const incoming = await inbound.message(message, {
      readsPlainMessages,
      isOwnThread: (place) => handlers.isOwnThread(place),
    });
    if (!incoming) return;
    if (incoming.files.length > 0)
      await noteUploads(notes, message.id, {
        workspace: incoming.place.workspace,
        keys: incoming.files.map((file) => file.key),
      });
    if (!message.guildId) await rememberDirect(message.channelId);
    await handlers.message(incoming);
  };

  const acknowledge = async (
    interaction: ChatInputCommandInteraction | ButtonInteraction,
    data: object,
    type: InteractionResponseType,
  ): Promise<Acknowledgement> => {
    try {
      const response = await calls.call<{ resource?: { message?: { id: string } } }>({
        method: 'POST',
        route: Routes.interactionCallback(interaction.id, interaction.token),
        query: { with_response: 'true' },
        body: { type, data },
        auth: false,
      });
      return { ok: true, messageId: response?.resource?.message?.id ?? null };
    } catch (error) {
      // Delivered twice: the first copy has answered.
      if (codeOf(error) === codes.alreadyAcknowledged) return { ok: true, messageId: null };
      log.warn({ interaction: interaction.id, reason: reasonOf(error) }, 'Discord interaction not acknowledged');
      return { ok: false, messageId: null };
    }
  };

  const takeCommand = async (
    interaction: ChatInputCommandInteraction,
    inbound: Inbound,
    handlers: ChatHandlers,
  ): Promise<void> => {
    // The reply may be begun before the deferral is through; it waits for this.
    let settle: (ack: Acknowledgement) => void = () => undefined;
    if (!acknowledgements.has(interaction.id)) {
      acknowledgements.set(interaction.id, new Promise((resolve) => (settle = resolve)));
      const oldest = acknowledgements.size > maxAcknowledgements ? acknowledgements.keys().next().value : undefined;
      if (oldest !== undefined) acknowledgements.delete(oldest);
    }
    const spec = commandTable[interaction.commandName];
    const recorded =
      spec?.meaning === 'ask'
        ? inbound.ask(interaction).then((message) => handlers.message(message))
        : inbound.command(interaction).then((command) => handlers.command(command));
    await Promise.race([recorded.catch(() => undefined), sleep(recordFirstMs)]);
    settle(
      await acknowledge(
        interaction,
        { flags: (spec?.ephemeral ?? true) ? MessageFlags.Ephemeral : 0 },
        InteractionResponseType.DeferredChannelMessageWithSource,
      ),
    );
    try {
      await recorded;
    } catch (error) {
      const { line } = new DocentError('INTERNAL', { reference: interaction.id });
      await calls.call({
        method: 'PATCH',
        route: Routes.webhookMessage(interaction.applicationId, interaction.token, '@original'),
        body: renderProgress(`⚠️ ${line}`),
        auth: false,
      });
      throw error;
    }
  };

  const takeVote = async (interaction: ButtonInteraction, inbound: Inbound, handlers: ChatHandlers): Promise<void> => {
    const vote = parseVote(interaction.customId);
    if (!vote) return;
    const thanks = acknowledge(
      interaction,
      { content: 'Thank you, noted.', flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } },
      InteractionResponseType.ChannelMessageWithSource,
    );
    const voter = await inbound.voter(interaction, vote.thread);
    await handlers.feedback({ answerId: vote.answerId, vote: vote.vote, ...voter });
    await thanks;
  };

  const excuse = async (message: Message, inbound: Inbound): Promise<void> => {
    if (!inbound.isCall(message)) return;
    const find = () =>
      messages.findOwn(
        message.channelId,
        message.id,
        (candidate) => candidate.message_reference?.message_id === message.id,
      );
    if (await find()) return;
    await messages.post(message.channelId, renderProgress(awayLine), {
      nonce: nonceOf(`away:${message.id}`),
      replyTo: message.id,
      find,
    });
  };

  const noteSeen = (): void => {
    if (session?.client.isReady()) run(() => notes.set(seenKey, String(Date.now())));
  };

  const lookBack = async ({ client, inbound }: Session, handlers: ChatHandlers): Promise<void> => {
    const lastSeen = await notes.get(seenKey);
    const nowMs = Date.now();
    await notes.set(seenKey, String(nowMs));
    await catchUp({
      client,
      lastSeenMs: lastSeen ? Number(lastSeen) : null,
      nowMs,
      directChannels: JSON.parse((await notes.get(directKey)) ?? '[]') as string[],
      isKnown: (message) => handlers.isKnown(messageKey(message.id)),
      answer: (message) => takeMessage(message, inbound, handlers),
      excuse: (message) => excuse(message, inbound),
      log,
    });
    for (const guild of client.guilds.cache.values()) await announceRooms(guild, handlers);
  };

  const openSession = async (handlers: ChatHandlers, onLost: () => void): Promise<void> => {
    let next: Session | null = null;
    const prepare = (client: Client<true>): void => {
      const members = createMembers({ client });
      const inbound = createInbound({
        selfId: () => client.user.id,
        applicationId: () => client.application.id,
        boot,
        admins: config.DOCENT_ADMINS,
        files,
        members,
        conversations,
      });
      const current: Session = { client, members, inbound };
      next = current;
      client.once(Events.ClientReady, () => {
        selfId = client.user.id;
      });
      client.on(Events.MessageCreate, (message) => run(() => takeMessage(message, inbound, handlers)));
      client.on(Events.InteractionCreate, (interaction) => {
        if (interaction.isChatInputCommand()) run(() => takeCommand(interaction, inbound, handlers));
        else if (interaction.isButton()) run(() => takeVote(interaction, inbound, handlers));
      });
      followChanges({ client, handlers, notes, members, readsPlainMessages: () => readsPlainMessages, run });
      // A fresh gateway session, unlike a resumed one, has not replayed what was missed.
      client.on(Events.ShardReady, () => {
        const begin = () => run(() => lookBack(current, handlers));
        if ((client as Client).isReady()) begin();
        else (client as Client).once(Events.ClientReady, begin);
      });
    };
    const connected = await connect({
      token: config.DISCORD_TOKEN,
      api,
      cdn: config.DISCORD_CDN_URL,
      messageContent: config.DOCENT_DISCORD_MESSAGE_CONTENT,
      prepare,
      log,
    });
    if (stopping.signal.aborted) return void (await connected.client.destroy());
    readsPlainMessages = connected.messageContent;
    session = next;
    connected.client.on(Events.ShardDisconnect, ({ code }) => {
      log.warn({ code }, 'Discord closed the connection');
      onLost();
    });
    run(async () => {
      const applicationId = connected.client.application.id;
      if (await registerCommands({ calls, notes, applicationId })) log.info({}, 'Discord commands registered');
    });
  };

  /** Connects and stays connected: the client itself resumes; this takes over where it gives up. */
  const stayConnected = async (handlers: ChatHandlers, onFirst: (error: DocentError | null) => void): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      try {
        let lose: () => void = () => undefined;
        const lost = new Promise<void>((resolve) => (lose = resolve));
        stopping.signal.addEventListener('abort', () => lose(), { once: true });
        await openSession(handlers, lose);
        onFirst(null);
        attempt = 0;
        await lost;
        await session?.client.destroy().catch(() => undefined);
        session = null;
      } catch (error) {
        const known = isDocentError(error)
          ? error
          : new DocentError('PLATFORM_UNREACHABLE', { platform: 'Discord', reason: reasonOf(error) }, { cause: error });
        onFirst(known);
        log.warn({ code: known.code, reason: known.message }, 'Discord is not connected');
        if (known.code === 'TOKEN_INVALID') return;
      }
      const delayMs = reconnectDelaysMs[Math.min(attempt, reconnectDelaysMs.length - 1)]!;
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  let seenTimer: NodeJS.Timeout | null = null;

  return {
    platform: 'discord',
    /**
     * Resolves once connected. With PLATFORM_UNREACHABLE it has thrown but keeps trying until `stop`; a refused token is
     * final.
     */
    start: (handlers) =>
      new Promise<void>((resolve, reject) => {
        seenTimer = setInterval(noteSeen, seenEveryMs);
        seenTimer.unref();
        connecting = stayConnected(handlers, (error) => (error ? reject(error) : resolve()));
      }),
    stop: async () => {
      if (stopping.signal.aborted) return;
      if (seenTimer) clearInterval(seenTimer);
      if (session) await notes.set(seenKey, String(Date.now())).catch(() => undefined);
      stopping.abort();
      await session?.client.destroy().catch(() => undefined);
      await connecting?.catch(() => undefined);
      calls.close();
    },
    open: (stored, id) => {
      const target = parseTarget(stored);
      const surface =
        target.kind === 'message'
          ? createMessageSurface({ target, id, boot, messages, notes, lock })
          : createInteractionSurface({
              target,
              id,
              boot,
              calls,
              messages,
              acknowledged: acknowledgements.get(target.interactionId),
            });
      return withLastResort(createReply(surface, { log, gapMs: editGapMs }), {
        calls,
        userId: target.userId,
        channelId: target.channelId,
        id,
        log,
      });
    },
    closedChannelsOf: async (workspaceId, personId) => session?.members.closedChannelsOf(workspaceId, personId) ?? [],
    describe: () => {
      if (!session?.client.isReady()) return 'Discord: not connected yet';
      const servers = session.client.guilds.cache.size;
      const reach = readsPlainMessages ? ', reading plain messages too' : '';
      return `Discord: connected to ${servers} server${servers === 1 ? '' : 's'} as @${session.client.user.username}${reach}`;
    },
  };
}
