/**
 * Docent in one workspace: its token, who it is there, its listeners and its replies. Knows one workspace; must not know
 * how events arrive, nor that there are others.
 */
import { App, type ReceiverEvent } from '@slack/bolt';
import type { Logger as SlackLogger } from '@slack/logger';
import { WebClient, type WebClientOptions } from '@slack/web-api';
import type { BaseLogger } from 'pino';
import { DocentError, isDocentError } from '../../errors.ts';
import type { ChatHandlers, Notes } from '../contract.ts';
import { createAgentSessions } from './agent.ts';
import { codeOf, createSlackCalls, tokenCodes, unreachable } from './calls.ts';
import { awayLine, catchUp } from './catch-up.ts';
import { createDirectory, type Directory } from './directory.ts';
import { listen } from './events.ts';
import { createFiles, type Files } from './files.ts';
import { createInbound, type Inbound } from './inbound.ts';
import { agentScope, botScopes } from './permissions.ts';
import { createReplies, type Replies } from './reply.ts';
import type { SlackMessage } from './wire.ts';

export interface SessionOptions {
  readonly token: string;
  /** What an error calls the token. */
  readonly tokenName: string;
  readonly notes: Notes;
  /** Under which it is noted when this workspace was last heard. */
  readonly seenKey: string;
  readonly boot: string;
  readonly admins: readonly string[];
  readonly maxFileBytes: number;
  /** '' = Slack's own. */
  readonly apiUrl: string;
  readonly clientOptions: WebClientOptions;
  readonly logger: SlackLogger;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  readonly retryDelaysMs: readonly number[] | undefined;
  readonly editGapMs: number | undefined;
  readonly twinWaitMs: number | undefined;
  readonly fileSettleMs: number | undefined;
  /** The workspace removed the app. */
  readonly onLeft: () => Promise<void>;
}

/** What is known once Slack has said who we are. */
interface Presence {
  readonly app: App;
  readonly directory: Directory;
  readonly files: Files;
  readonly inbound: Inbound;
  readonly botName: string;
}

export interface SlackSession {
  readonly replies: Replies;
  /** null until `connect` succeeded. */
  presence(): Omit<Presence, 'app' | 'inbound'> | null;
  /** @throws DocentError TOKEN_INVALID, SCOPE_MISSING, PLATFORM_UNREACHABLE */
  connect(handlers: ChatHandlers): Promise<void>;
  /** Rejects when it was not taken. */
  take(event: ReceiverEvent): Promise<void>;
  /** What changed and was asked while nobody listened. */
  lookBack(handlers: ChatHandlers): Promise<void>;
  noteSeen(): Promise<void>;
  /** Gives up introductions under way; replies go on. */
  stop(): void;
}

export function createSession(options: SessionOptions): SlackSession {
  const { token, notes, boot, log, seenKey, clientOptions, logger } = options;
  const client = new WebClient(token, clientOptions);
  const calls = createSlackCalls({ client, log, retryDelaysMs: options.retryDelaysMs });
  /** Asks who we are; given up at the stop, while replies under way go on. */
  const introduction = createSlackCalls({ client, log, retryDelaysMs: options.retryDelaysMs });
  let botUserId = '';
  let isAgent = false;
  let present: Presence | null = null;
  const sessions = createAgentSessions({ calls, isAgent: () => isAgent, log });
  const replies = createReplies({ calls, boot, botUserId: () => botUserId, sessions, log, gapMs: options.editGapMs });

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
      if (tokenCodes.has(codeOf(error) ?? '')) throw tokenInvalid(options.tokenName, error);
      throw isDocentError(error) ? error : unreachable(error);
    }
  };

  const excuse = async (message: SlackMessage, inbound: Inbound): Promise<void> => {
    if (!inbound.isCall(message)) return;
    const incoming = await inbound.message(message, async () => false);
    if (!incoming) return;
    // As if another process had heard it: the thread is read before the line is posted.
    const reply = replies.open({ ...incoming.target, boot: 'earlier' }, `${incoming.key}:away`);
    await reply.finish({ text: awayLine, sources: [], answerId: null, tone: 'info' });
  };

  return {
    replies,
    presence: () => present,

    async connect(handlers) {
      const self = await identify();
      botUserId = self.user_id;
      const team = { externalId: self.team_id, name: self.team };
      const directory = createDirectory({ calls, team, admins: options.admins });
      const files = createFiles({
        calls,
        token,
        apiUrl: options.apiUrl,
        team: team.externalId,
        maxBytes: options.maxFileBytes,
      });
      const inbound = createInbound({ directory, files, botUserId, boot });
      const app = new App({
        token,
        botId: self.bot_id,
        botUserId,
        tokenVerificationEnabled: false,
        // Events are brought by `take`, whichever way they came.
        receiver: { init: () => undefined, start: async () => undefined, stop: async () => undefined },
        clientOptions,
        logger,
        convoStore: false,
      });
      const { twinWaitMs, fileSettleMs, onLeft } = options;
      listen(app, { sessions, calls, directory, inbound, files, handlers, twinWaitMs, fileSettleMs, onLeft, log });
      present = { app, directory, files, inbound, botName: self.user };
    },

    async take(event) {
      if (!present) throw new DocentError('PLATFORM_UNREACHABLE', { platform: 'Slack', reason: 'not connected yet' });
      await present.app.processEvent(event);
    },

    async lookBack(handlers) {
      if (!present) return;
      const { directory, inbound } = present;
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
    },

    async noteSeen() {
      if (present) await notes.set(seenKey, String(Date.now())).catch(() => undefined);
    },
    stop: () => introduction.close(),
  };
}

export const tokenInvalid = (name: string, error: unknown): DocentError =>
  new DocentError(
    'TOKEN_INVALID',
    { platform: 'Slack', name, reason: codeOf(error), guide: 'slack' },
    { cause: error },
  );
