/**
 * Slack as a chat platform: one workspace by its token, or those that installed the app themselves. Composes how events
 * arrive and the workspaces that they are for; knows `chat/contract.ts` and nothing of answers or documents.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceiverEvent } from '@slack/bolt';
import { LogLevel, type Logger as SlackLogger } from '@slack/logger';
import type { WebClientOptions } from '@slack/web-api';
import type { BaseLogger } from 'pino';
import type { Config } from '../../config.ts';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';
import type { ChatAdapter, ChatHandlers, Notes, Reply, ReplyTarget } from '../contract.ts';
import { codeOf, tokenCodes, unreachable } from './calls.ts';
import type { SlackDoor } from './door.ts';
import { createHttpReceiver } from './http.ts';
import type { SlackInstallation, SlackInstallations } from './installations.ts';
import { createInstaller } from './installer.ts';
import type { SlackReceiver } from './receiver.ts';
import { createSession, type SlackSession, tokenInvalid } from './session.ts';
import { createSocketReceiver } from './socket.ts';
import { teamOf } from './targets.ts';

/** A request that hangs is given up; Slack answers within seconds. */
const requestTimeoutMs = 30_000;
/** How often “I am here” is noted, for catching up after a crash. */
const seenEveryMs = 60_000;
/** Waits between tries to connect for the first time; each try has its own repetitions of calls. */
const startDelaysMs: readonly number[] = [5_000, 15_000, 60_000];

type Settings = Pick<
  Config,
  | 'SLACK_BOT_TOKEN'
  | 'SLACK_APP_TOKEN'
  | 'SLACK_SIGNING_SECRET'
  | 'SLACK_CLIENT_ID'
  | 'SLACK_CLIENT_SECRET'
  | 'SLACK_API_URL'
  | 'DOCENT_MAX_UPLOAD_MB'
  | 'DOCENT_ADMINS'
>;

export interface SlackAdapterOptions {
  readonly config: Settings;
  readonly notes: Notes;
  /** Where Slack's requests come in: for HTTP mode (without an app-level token), and for installing. */
  readonly door?: SlackDoor;
  /** Needed with SLACK_CLIENT_ID. */
  readonly installations?: SlackInstallations;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** Waits between tries of one call, and of connecting; shorter in tests. */
  readonly retryDelaysMs?: readonly number[];
  readonly reconnectDelaysMs?: readonly number[];
  readonly editGapMs?: number;
  readonly twinWaitMs?: number;
  readonly fileSettleMs?: number;
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

/**
 * The workspace whose app an event is for. In channels that organisations share, `team_id` and `team` may be those of
 * whoever wrote or pressed; the message under a button knows where it comes from.
 * @see https://docs.slack.dev/apis/events-api#callback-field
 */
function teamOfEvent(body: Record<string, unknown>): string | null {
  const {
    authorizations,
    message,
    team_id: teamId,
    team,
  } = body as {
    authorizations?: readonly { readonly team_id?: string }[];
    message?: { readonly team?: string };
    team_id?: string;
    team?: { readonly id?: string };
  };
  return authorizations?.[0]?.team_id ?? message?.team ?? teamId ?? team?.id ?? null;
}

const notSet = (name: string): DocentError =>
  new DocentError('TOKEN_INVALID', { platform: 'Slack', name, reason: 'it is not set', guide: 'slack' });

/** For a workspace that removed the app: nobody can be told, so nothing is owed. */
const replyToNobody = (target: ReplyTarget): Reply => ({
  target,
  progress: async () => undefined,
  finish: async () => undefined,
});

/**
 * @example
 * const slack = createSlackAdapter({ config, notes, log });
 * await slack.start(handlers);
 */
export function createSlackAdapter(options: SlackAdapterOptions): ChatAdapter {
  const { config, notes, door, installations, log } = options;
  const boot = randomUUID();
  const logger = quietLogger(log);
  const clientOptions: WebClientOptions = {
    ...(config.SLACK_API_URL ? { slackApiUrl: config.SLACK_API_URL } : {}),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: requestTimeoutMs,
    logger,
  };
  const startDelays = options.reconnectDelaysMs ?? startDelaysMs;
  const stopping = new AbortController();
  let handlers: ChatHandlers | null = null;

  const makeSession = (token: string, tokenName: string, seenKey: string, onLeft: () => Promise<void>): SlackSession =>
    createSession({
      token,
      tokenName,
      seenKey,
      onLeft,
      notes,
      boot,
      admins: config.DOCENT_ADMINS,
      maxFileBytes: config.DOCENT_MAX_UPLOAD_MB * 2 ** 20,
      apiUrl: config.SLACK_API_URL,
      clientOptions: { ...clientOptions },
      logger,
      log,
      retryDelaysMs: options.retryDelaysMs,
      editGapMs: options.editGapMs,
      twinWaitMs: options.twinWaitMs,
      fileSettleMs: options.fileSettleMs,
    });
  /** The workspace of SLACK_BOT_TOKEN. */
  const own = config.SLACK_BOT_TOKEN
    ? makeSession(config.SLACK_BOT_TOKEN, 'SLACK_BOT_TOKEN', 'slack:seen', async () => undefined)
    : null;
  const installed = new Map<string, SlackSession>();

  const all = (): readonly SlackSession[] => [...(own ? [own] : []), ...installed.values()];
  const connected = () => all().flatMap((session) => session.presence() ?? []);
  const sessionOf = (team: string | null): SlackSession | null => {
    const ofTeam = team === null ? undefined : installed.get(team);
    if (ofTeam) return ofTeam;
    // Alone it hears everything: people of shared channels press buttons under their own workspace.
    if (own) return own;
    return team === null && installed.size === 1 ? [...installed.values()][0]! : null;
  };

  const take = async (event: ReceiverEvent): Promise<void> => {
    const team = teamOfEvent(event.body);
    const session = sessionOf(team);
    if (session) return session.take(event);
    // Acknowledged: Slack would send it again for nothing.
    log.warn({ team }, 'an event of a workspace that Docent is not installed in');
  };

  let lookingBack: Promise<void> = Promise.resolve();
  const lookBack = (sessions: readonly SlackSession[]): void => {
    for (const session of sessions)
      lookingBack = lookingBack
        .then(() => (stopping.signal.aborted || !handlers ? undefined : session.lookBack(handlers)))
        .catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'Slack not caught up'));
  };

  const http =
    door && config.SLACK_SIGNING_SECRET && !config.SLACK_APP_TOKEN
      ? createHttpReceiver({
          signingSecret: config.SLACK_SIGNING_SECRET,
          take,
          log,
          onConnected: () => lookBack(all()),
        })
      : null;
  let receiver: SlackReceiver | null = null;
  const makeReceiver = (): SlackReceiver =>
    http ??
    createSocketReceiver({
      appToken: config.SLACK_APP_TOKEN,
      take,
      clientOptions: { ...clientOptions },
      logger,
      log,
      reconnectDelaysMs: options.reconnectDelaysMs,
      onConnected: () => lookBack(all()),
    });

  const listenToSlack = async (): Promise<void> => {
    if (receiver?.isConnected()) return;
    const made = makeReceiver();
    try {
      await made.start();
    } catch (error) {
      if (tokenCodes.has(codeOf(error) ?? '')) throw tokenInvalid('SLACK_APP_TOKEN', error);
      if (codeOf(error) === 'missing_scope')
        throw new DocentError('SCOPE_MISSING', { platform: 'Slack', scope: 'connections:write (app-level token)' });
      throw unreachable(error);
    }
    receiver = made;
    if (stopping.signal.aborted) await made.stop();
  };

  /** A Slack that was away is asked again until it is there, or says that it will not have us. */
  const keepTrying = async (attemptOnce: () => Promise<void>): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      const delayMs = startDelays[Math.min(attempt, startDelays.length - 1)]!;
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await attemptOnce();
        log.info({}, 'Slack connected');
        return;
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, 'Slack is not connected');
        if (!isDocentError(error, 'PLATFORM_UNREACHABLE')) return;
      }
    }
  };

  const add = ({ teamId, token }: SlackInstallation): SlackSession => {
    installed.get(teamId)?.stop();
    const session = makeSession(token, `the token of ${teamId}`, `slack:seen:${teamId}`, async () => {
      installed.delete(teamId);
      session.stop();
      await installations?.remove(teamId);
    });
    installed.set(teamId, session);
    return session;
  };

  /** One workspace that does not answer must not keep the others waiting. */
  const joinInstalled = async (session: SlackSession, heard: ChatHandlers): Promise<void> => {
    try {
      await session.connect(heard);
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'a Slack workspace is not connected');
      if (isDocentError(error, 'PLATFORM_UNREACHABLE'))
        void keepTrying(() => session.connect(heard).then(() => lookBack([session])));
    }
  };

  const installer =
    installations && door && config.SLACK_CLIENT_ID && config.SLACK_CLIENT_SECRET
      ? createInstaller({
          clientId: config.SLACK_CLIENT_ID,
          clientSecret: config.SLACK_CLIENT_SECRET,
          apiUrl: config.SLACK_API_URL,
          clientOptions: { ...clientOptions },
          logger,
          log,
          onInstalled: async (installation) => {
            await installations.save(installation);
            const session = add(installation);
            if (!handlers) return;
            await joinInstalled(session, handlers);
            lookBack([session]);
            log.info({ team: installation.teamName }, 'Slack workspace installed');
          },
        })
      : null;

  const connect = async (heard: ChatHandlers): Promise<void> => {
    await own?.connect(heard);
    await Promise.all([...installed.values()].map((session) => joinInstalled(session, heard)));
    await listenToSlack();
  };

  const noteSeen = async (): Promise<void> => {
    if (receiver?.isConnected()) await Promise.all(all().map((session) => session.noteSeen()));
  };
  const seenTimer = setInterval(() => void noteSeen(), seenEveryMs);
  seenTimer.unref();

  const presenceOf = (team: string) => sessionOf(team)?.presence() ?? null;

  return {
    platform: 'slack',
    async start(given) {
      handlers = given;
      if (!config.SLACK_APP_TOKEN && !http) throw notSet('SLACK_APP_TOKEN');
      if (config.SLACK_CLIENT_ID && !config.SLACK_CLIENT_SECRET) throw notSet('SLACK_CLIENT_SECRET');
      for (const installation of (await installations?.list()) ?? []) add(installation);
      door?.open((request, response) => {
        if (installer?.isFor(request.url ?? '')) installer.requests(request, response);
        else if (http) http.requests(request, response);
        else response.writeHead(404).end();
      });
      try {
        await connect(given);
      } catch (error) {
        if (isDocentError(error, 'PLATFORM_UNREACHABLE')) void keepTrying(() => connect(given));
        throw error;
      }
    },
    async stop() {
      if (stopping.signal.aborted) return;
      await noteSeen();
      stopping.abort();
      for (const session of all()) session.stop();
      clearInterval(seenTimer);
      door?.open(null);
      await receiver?.stop();
    },
    open: (target, id) => sessionOf(teamOf(target))?.replies.open(target, id) ?? replyToNobody(target),
    // A thread takes any number of messages, and a command's address five.
    aside: (target) => target,
    earlierFiles: async ({ channel, workspace }) =>
      presenceOf(workspace.externalId)?.files.earlier(channel.externalId) ?? [],
    closedChannelsOf: async (workspaceId, personId) =>
      presenceOf(workspaceId)?.directory.closedChannelsOf(personId) ?? [],
    describe() {
      const over = config.SLACK_APP_TOKEN ? '' : ', over HTTP';
      const here = connected().map(({ directory, botName }) => `${directory.workspace.name} as @${botName}`);
      if (here.length > 0) return `Slack: connected to ${here.join(', ')}${over}`;
      return receiver?.isConnected()
        ? `Slack: no workspace yet; install it at /slack/install${over}`
        : 'Slack: not connected yet';
    },
  };
}
