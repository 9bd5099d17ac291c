/**
 * Discord as a chat platform. Composes connection, incoming messages and replies; knows `chat/contract.ts` and nothing of
 * answers or documents.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type APIMessage, type Client, Events, Routes } from 'discord.js';
import type { BaseLogger } from 'pino';
import type { Config } from '../../config.ts';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';
import type { ChatAdapter, ChatHandlers, Notes } from '../contract.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { catchUp } from './catch-up.ts';
import { createChannelMessages } from './channel-messages.ts';
import { registerCommands } from './commands.ts';
import { connect } from './connect.ts';
import { type Conversations, createConversations } from './conversations.ts';
import { earlierFiles } from './earlier-files.ts';
import { createEvents, directChannels, type Events as IncomingEvents } from './events.ts';
import { createFiles } from './files.ts';
import { createInbound } from './inbound.ts';
import { createInteractionSurface } from './interaction-surface.ts';
import { createInteractions } from './interactions.ts';
import { createMembers, type Members } from './members.ts';
import { createLock, createMessageSurface } from './message-surface.ts';
import { createPostSurface } from './post-surface.ts';
import { createReply } from './reply.ts';
import { createCalls } from './rest.ts';
import { messageKey } from './spoken.ts';
import { parseTarget } from './targets.ts';
import { withLastResort } from './undeliverable.ts';
import { announceRooms, followChanges } from './upkeep.ts';
import { createUploadIntents } from './upload-intents.ts';
import { createWhereabouts } from './whereabouts.ts';

/** Waits between connection attempts while Discord cannot be reached; the last one repeats. */
const reconnectDelaysMs = [1000, 2000, 5000, 15_000, 30_000, 60_000] as const;
/** How often "I am here" is noted, for catching up after a crash. */
const seenEveryMs = 60_000;

const seenKey = 'seen';

export interface DiscordAdapterOptions {
  readonly config: Pick<
    Config,
    | 'DISCORD_TOKEN'
    | 'DISCORD_API_URL'
    | 'DISCORD_CDN_URL'
    | 'DOCENT_DISCORD_MESSAGE_CONTENT'
    | 'DOCENT_MAX_UPLOAD_MB'
    | 'DOCENT_ADMINS'
  >;
  /** A memory of Discord's own: its keys carry no prefix. */
  readonly notes: Notes;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** Waits between tries of one call; shorter in tests. */
  readonly retryDelaysMs?: readonly number[];
  /** Least time between two edits of one message; shorter in tests. */
  readonly editGapMs?: number;
}

/** What belongs to one connected client. */
interface Session {
  readonly client: Client<true>;
  readonly members: Members;
  readonly events: IncomingEvents;
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
  const acknowledgements = createAcknowledgements({ calls, log });
  const files = createFiles({
    calls,
    cdnUrl: config.DISCORD_CDN_URL,
    maxBytes: config.DOCENT_MAX_UPLOAD_MB * 2 ** 20,
  });
  const stopping = new AbortController();
  let session: Session | null = null;
  let selfId = '';
  let readsPlainMessages = false;
  let connecting: Promise<void> | null = null;
  let seenTimer: NodeJS.Timeout | null = null;

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

  const intents = createUploadIntents({ notes, lock, files });

  const lookBack = async ({ client, events }: Session, handlers: ChatHandlers): Promise<void> => {
    const lastSeen = await notes.get(seenKey);
    const nowMs = Date.now();
    await notes.set(seenKey, String(nowMs));
    await intents.resume(handlers);
    await catchUp({
      client,
      lastSeenMs: lastSeen ? Number(lastSeen) : null,
      nowMs,
      directChannels: await directChannels(notes),
      isKnown: (message) => handlers.isKnown(messageKey(message.id)),
      answer: (message) => events.message(message),
      excuse: (message) => events.excuse(message),
      log,
    });
    await handlers.workspacesPresent('discord', [...client.guilds.cache.keys()], true);
    for (const guild of client.guilds.cache.values()) await announceRooms(guild, handlers);
  };

  const prepare = (client: Client<true>, handlers: ChatHandlers): Session => {
    const members = createMembers({ client });
    const ownId = () => client.user.id;
    const whereabouts = createWhereabouts({ admins: config.DOCENT_ADMINS, members, conversations });
    const inbound = createInbound({ selfId: ownId, boot, files, members, whereabouts });
    const interactions = createInteractions({
      selfId: ownId,
      applicationId: () => client.application.id,
      boot,
      files,
      whereabouts,
    });
    const events = createEvents({
      inbound,
      interactions,
      intents,
      handlers,
      notes,
      lock,
      calls,
      messages,
      acknowledgements,
      readsPlainMessages: () => readsPlainMessages,
    });
    const prepared: Session = { client, members, events };
    client.once(Events.ClientReady, () => {
      selfId = client.user.id;
    });
    client.on(Events.MessageCreate, (message) => run(() => events.message(message)));
    client.on(Events.InteractionCreate, (interaction) => {
      if (interaction.isChatInputCommand()) run(() => events.command(interaction));
      else if (interaction.isButton()) run(() => events.button(interaction));
      else if (interaction.isMessageContextMenuCommand()) run(() => events.menu(interaction));
      else if (interaction.isAutocomplete()) run(() => events.complete(interaction));
      else if (interaction.isModalSubmit()) run(() => events.form(interaction));
    });
    followChanges({ client, boot, handlers, notes, members, readsPlainMessages: () => readsPlainMessages, run });
    // A fresh gateway session, unlike a resumed one, has not replayed what was missed.
    client.on(Events.ShardReady, () => {
      const begin = () => run(() => lookBack(prepared, handlers));
      if ((client as Client).isReady()) begin();
      else (client as Client).once(Events.ClientReady, begin);
    });
    return prepared;
  };

  /** Resolves once connected; `onLost` is told when the client gives up. */
  const openSession = async (handlers: ChatHandlers, onLost: () => void): Promise<void> => {
    let prepared: Session | null = null;
    const { client, messageContent } = await connect({
      token: config.DISCORD_TOKEN,
      api,
      cdn: config.DISCORD_CDN_URL,
      messageContent: config.DOCENT_DISCORD_MESSAGE_CONTENT,
      prepare: (fresh) => {
        prepared = prepare(fresh, handlers);
      },
      log,
    });
    if (stopping.signal.aborted) return void (await client.destroy());
    readsPlainMessages = messageContent;
    session = prepared;
    client.on(Events.ShardDisconnect, ({ code }) => {
      log.warn({ code }, 'Discord closed the connection');
      onLost();
    });
    run(async () => {
      if (await registerCommands({ calls, notes, applicationId: client.application.id }))
        log.info({}, 'Discord commands registered');
    });
  };

  /** Connects and stays connected: the client itself resumes; this takes over where it gives up. */
  const stayConnected = async (handlers: ChatHandlers, onFirst: (error: DocentError | null) => void): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      try {
        let lose: () => void = () => undefined;
        const lost = new Promise<void>((resolve) => {
          lose = resolve;
        });
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

  const noteSeen = (): void => {
    if (session?.client.isReady()) run(() => notes.set(seenKey, String(Date.now())));
  };

  return {
    platform: 'discord',
    /**
     * Resolves once connected. After PLATFORM_UNREACHABLE it keeps trying until `stop`; TOKEN_INVALID is final.
     * @throws DocentError TOKEN_INVALID, PLATFORM_UNREACHABLE
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
    // Whoever opens an interaction's reply later edits what it says.
    aside: (target) => (parseTarget(target).kind === 'interaction' ? null : target),
    open: (stored, id) => {
      const target = parseTarget(stored);
      const surface =
        target.kind === 'message'
          ? createMessageSurface({ target, id, boot, messages, notes, lock })
          : target.kind === 'post'
            ? createPostSurface({ target, id, boot, messages })
            : createInteractionSurface({
                target,
                id,
                boot,
                calls,
                messages,
                acknowledged: acknowledgements.of(target.interactionId),
              });
      return withLastResort(createReply(surface, { log, gapMs: editGapMs }), {
        calls,
        userId: target.userId,
        channelId: target.channelId,
        id,
        log,
      });
    },
    earlierFiles: async ({ workspace, channel }) =>
      readsPlainMessages ? earlierFiles(calls, files, workspace.externalId, channel.externalId) : null,
    closedChannelsOf: async (workspaceId, personId) => session?.members.closedChannelsOf(workspaceId, personId) ?? [],
    describe: () => {
      if (!session?.client.isReady()) return 'Discord: not connected yet';
      const servers = session.client.guilds.cache.size;
      const reach = readsPlainMessages ? ', reading plain messages too' : '';
      return `Discord: connected to ${servers} server${servers === 1 ? '' : 's'} as @${session.client.user.username}${reach}`;
    },
  };
}
