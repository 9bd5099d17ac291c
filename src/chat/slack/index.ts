/**
 * Slack as a chat platform. Composes connection, incoming messages and replies; knows `chat/contract.ts` and nothing of
 * answers or documents.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { App } from '@slack/bolt';
import { LogLevel, type Logger as SlackLogger } from '@slack/logger';
import { WebClient, type WebClientOptions } from '@slack/web-api';
import type { BaseLogger } from 'pino';
import type { Config } from '../../config.ts';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';
import type { ChatAdapter, ChatHandlers, Notes } from '../contract.ts';
import { createAgentSessions } from './agent.ts';
import { codeOf, createSlackCalls, tokenCodes, unreachable } from './calls.ts';
import { awayLine, catchUp } from './catch-up.ts';
import { createDirectory, type Directory } from './directory.ts';
import type { SlackDoor } from './door.ts';
import { listen } from './events.ts';
import { createFiles, type Files } from './files.ts';
import { createHttpReceiver } from './http.ts';
import { createInbound, type Inbound } from './inbound.ts';
import { agentScope, botScopes } from './permissions.ts';
import type { SlackReceiver } from './receiver.ts';
import { createReplies } from './reply.ts';
import { createSocketReceiver } from './socket.ts';
import type { SlackMessage } from './wire.ts';

/** A request that hangs is given up; Slack answers within seconds. */
const requestTimeoutMs = 30_000;
/** How often “I am here” is noted, for catching up after a crash. */
const seenEveryMs = 60_000;
const seenKey = 'slack:seen';

type Settings = Pick<
  Config,
  | 'SLACK_BOT_TOKEN'
  | 'SLACK_APP_TOKEN'
  | 'SLACK_SIGNING_SECRET'
  | 'SLACK_API_URL'
  | 'DOCENT_MAX_UPLOAD_MB'
  | 'DOCENT_ADMINS'
>;

export interface SlackAdapterOptions {
  readonly config: Settings;
  readonly notes: Notes;
  /** Where Slack's requests come in, for HTTP mode: without an app-level token. */
  readonly door?: SlackDoor;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** Waits between tries of one call, and of connecting; shorter in tests. */
  readonly retryDelaysMs?: readonly number[];
  readonly reconnectDelaysMs?: readonly number[];
  readonly editGapMs?: number;
  readonly twinWaitMs?: number;
}

interface Session {
  readonly files: Files;
  readonly directory: Directory;
  readonly inbound: Inbound;
  readonly receiver: SlackReceiver;
  readonly botName: string;
}

/** Bolt logs whole payloads at its lower levels: only warnings and errors pass, cut short. */
const quietLogger = (log: Pick<BaseLogger, 'warn' | 'error'>): SlackLogger => ({
  debug: () => undefined,
  info: () => undefined,
  warn: (...said) => log.warn({ reason: String(said[0]).slice(0, 200) }, 'Slack client'),
  error: (...said) => log.error({ reason: String(said[0]).slice(0, 200) }, 'Slack client'),
  setLevel: () => undefined,
  getLevel: () => LogLevel.WARN,
  setName: () => undefined,
});

/** Waits between tries to connect for the first time; each try has its own repetitions of calls. */
const startDelaysMs: readonly number[] = [5_000, 15_000, 60_000];

const tokenInvalid = (name: string, error: unknown): DocentError =>
  new DocentError(
    'TOKEN_INVALID',
    { platform: 'Slack', name, reason: codeOf(error), guide: 'slack' },
    { cause: error },
  );

/**
 * @example
 * const slack = createSlackAdapter({ config, notes, log });
 * await slack.start(handlers);
 */
export function createSlackAdapter(options: SlackAdapterOptions): ChatAdapter {
  const { config, notes, log } = options;
  const boot = randomUUID();
  const logger = quietLogger(log);
  const clientOptions: WebClientOptions = {
    ...(config.SLACK_API_URL ? { slackApiUrl: config.SLACK_API_URL } : {}),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: requestTimeoutMs,
    logger,
  };
  const client = new WebClient(config.SLACK_BOT_TOKEN, clientOptions);
  const calls = createSlackCalls({ client, log, retryDelaysMs: options.retryDelaysMs });
  /** Asks who we are; given up at the stop, while replies under way go on. */
  const introduction = createSlackCalls({ client, log, retryDelaysMs: options.retryDelaysMs });
  let botUserId = '';
  let isAgent = false;
  const sessions = createAgentSessions({ calls, isAgent: () => isAgent, log });
  const replies = createReplies({ calls, boot, botUserId: () => botUserId, sessions, log, gapMs: options.editGapMs });
  const startDelays = options.reconnectDelaysMs ?? startDelaysMs;
  const stopping = new AbortController();
  let session: Session | null = null;
  let lookingBack: Promise<void> = Promise.resolve();

  /** Who we are here, and whether the app may do what it needs. */
  const identify = async () => {
    try {
      const self = await introduction.call<{
        user_id: string;
        user: string;
        bot_id: string;
        team_id: string;
        team: string;
        response_metadata?: { scopes?: readonly string[] };
      }>('auth.test');
      const granted = self.response_metadata?.scopes;
      const missing = granted ? Object.keys(botScopes).filter((scope) => !granted.includes(scope)) : [];
      if (missing.length > 0) throw new DocentError('SCOPE_MISSING', { platform: 'Slack', scope: missing.join(', ') });
      isAgent = granted?.includes(agentScope) ?? false;
      return self;
    } catch (error) {
      if (tokenCodes.has(codeOf(error) ?? '')) throw tokenInvalid('SLACK_BOT_TOKEN', error);
      throw isDocentError(error) ? error : unreachable(error);
    }
  };

  const noteSeen = async (): Promise<void> => {
    if (session?.receiver.isConnected()) await notes.set(seenKey, String(Date.now())).catch(() => undefined);
  };
  const seenTimer = setInterval(() => void noteSeen(), seenEveryMs);
  seenTimer.unref();

  const excuse = async (message: SlackMessage, inbound: Inbound): Promise<void> => {
    if (!inbound.isCall(message)) return;
    const incoming = await inbound.message(message, async () => false);
    if (!incoming) return;
    // As if another process had heard it: the thread is read before the line is posted.
    const reply = replies.open({ ...incoming.target, boot: 'earlier' }, `${incoming.key}:away`);
    await reply.finish({ text: awayLine, sources: [], answerId: null, tone: 'info' });
  };

  const lookBack = async ({ directory, inbound }: Session, handlers: ChatHandlers): Promise<void> => {
    const lastSeen = await notes.get(seenKey);
    const nowMs = Date.now();
    await notes.set(seenKey, String(nowMs));
    // Channels may have been renamed or made private meanwhile.
    const { workspace } = directory;
    await handlers.workspacesPresent('slack', [workspace.externalId], false);
    for await (const channel of directory.own())
      await handlers.channelChanged({ platform: 'slack', workspace, channel: directory.channelOf(channel) });
    await catchUp({
      calls,
      directory,
      lastSeenMs: lastSeen ? Number(lastSeen) : null,
      nowMs,
      isKnown: (message) => handlers.isKnown(inbound.key(message)),
      answer: async (message) => {
        const incoming = await inbound.message(message, (place) => handlers.isOwnThread(place));
        if (incoming) await handlers.message(incoming);
      },
      excuse: (message) => excuse(message, inbound),
      log,
    });
  };

  const connect = async (handlers: ChatHandlers): Promise<void> => {
    const self = await identify();
    botUserId = self.user_id;
    const team = { externalId: self.team_id, name: self.team };
    const directory = createDirectory({ calls, team, admins: config.DOCENT_ADMINS });
    const files = createFiles({
      calls,
      token: config.SLACK_BOT_TOKEN,
      apiUrl: config.SLACK_API_URL,
      team: team.externalId,
      maxBytes: config.DOCENT_MAX_UPLOAD_MB * 2 ** 20,
    });
    const onConnected = () => {
      lookingBack = lookingBack
        .then(() => (stopping.signal.aborted ? undefined : lookBack(current, handlers)))
        .catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'Slack not caught up'));
    };
    const receiver =
      options.door && !config.SLACK_APP_TOKEN
        ? createHttpReceiver({ signingSecret: config.SLACK_SIGNING_SECRET, door: options.door, log, onConnected })
        : createSocketReceiver({
            appToken: config.SLACK_APP_TOKEN,
            clientOptions: { ...clientOptions },
            logger,
            log,
            reconnectDelaysMs: options.reconnectDelaysMs,
            onConnected,
          });
    const current: Session = {
      directory,
      files,
      receiver,
      botName: self.user,
      inbound: createInbound({ directory, files, botUserId, boot }),
    };
    const app = new App({
      token: config.SLACK_BOT_TOKEN,
      botId: self.bot_id,
      botUserId,
      tokenVerificationEnabled: false,
      receiver,
      clientOptions,
      logger,
      convoStore: false,
    });
    listen(app, {
      sessions,
      calls,
      directory,
      inbound: current.inbound,
      handlers,
      twinWaitMs: options.twinWaitMs,
      log,
    });
    try {
      await app.start();
    } catch (error) {
      if (tokenCodes.has(codeOf(error) ?? '')) throw tokenInvalid('SLACK_APP_TOKEN', error);
      if (codeOf(error) === 'missing_scope')
        throw new DocentError('SCOPE_MISSING', { platform: 'Slack', scope: 'connections:write (app-level token)' });
      throw unreachable(error);
    }
    if (stopping.signal.aborted) {
      await receiver.stop();
      return;
    }
    session = current;
  };

  /** A Slack that was away at the start is asked again until it is there, or says that it will not have us. */
  const keepTrying = async (handlers: ChatHandlers): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      const delayMs = startDelays[Math.min(attempt, startDelays.length - 1)]!;
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await connect(handlers);
        log.info({}, 'Slack connected');
        return;
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, 'Slack is not connected');
        if (!isDocentError(error, 'PLATFORM_UNREACHABLE')) return;
      }
    }
  };

  return {
    platform: 'slack',
    async start(handlers) {
      if (!config.SLACK_APP_TOKEN && !(options.door && config.SLACK_SIGNING_SECRET))
        throw new DocentError('TOKEN_INVALID', {
          platform: 'Slack',
          name: 'SLACK_APP_TOKEN',
          reason: 'it is not set',
          guide: 'slack',
        });
      try {
        await connect(handlers);
      } catch (error) {
        if (isDocentError(error, 'PLATFORM_UNREACHABLE')) void keepTrying(handlers);
        throw error;
      }
    },
    async stop() {
      if (stopping.signal.aborted) return;
      await noteSeen();
      stopping.abort();
      introduction.close();
      clearInterval(seenTimer);
      await session?.receiver.stop();
    },
    open: (target, id) => replies.open(target, id),
    // A thread takes any number of messages, and a command's address five.
    aside: (target) => target,
    earlierFiles: async ({ channel }) => session?.files.earlier(channel.externalId) ?? [],
    closedChannelsOf: async (_workspaceId, personId) => session?.directory.closedChannelsOf(personId) ?? [],
    describe: () =>
      session
        ? `Slack: connected to ${session.directory.workspace.name} as @${session.botName}${config.SLACK_APP_TOKEN ? '' : ', over HTTP'}`
        : 'Slack: not connected yet',
  };
}
