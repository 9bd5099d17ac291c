/**
 * One gateway connection: the client with the least intents, logged in and ready. Knows intents and close codes; must not
 * know messages.
 */
import {
  Client,
  type ClientOptions,
  DiscordAPIError,
  DiscordjsError,
  DiscordjsErrorCodes,
  Events,
  GatewayCloseCodes,
  GatewayIntentBits,
  Options,
  Partials,
} from 'discord.js';
import type { BaseLogger } from 'pino';
import { DocentError, reasonOf } from '../../errors.ts';

/** Messages kept per channel: enough to drop what Discord sends twice. */
const messagesKept = 50;
/** Bound on becoming ready; Discord's own waits (hello, guilds) are shorter. */
const readyTimeoutMs = 90_000;

export interface ConnectOptions {
  readonly token: string;
  /** Other addresses of API and file hosts, or ''. */
  readonly api: string;
  readonly cdn: string;
  /** Ask for the privileged Message Content intent. */
  readonly messageContent: boolean;
  /** Listeners are added here, before the first event can arrive. */
  readonly prepare: (client: Client<true>) => void;
  readonly log: Pick<BaseLogger, 'info' | 'warn'>;
}

export interface Connected {
  readonly client: Client<true>;
  readonly messageContent: boolean;
}

const optionsFor = ({ api, cdn, messageContent }: ConnectOptions): ClientOptions => ({
  // As many as Discord asks for, all in this process: one up to 2,500 servers.
  shards: 'auto',
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.DirectMessages,
    ...(messageContent ? [GatewayIntentBits.MessageContent] : []),
  ],
  // Direct messages arrive in channels never seen before.
  partials: [Partials.Channel],
  allowedMentions: { parse: [], repliedUser: false },
  makeCache: Options.cacheWithLimits({ ...Options.DefaultMakeCacheSettings, MessageManager: messagesKept }),
  rest: {
    ...(api ? { api: api.replace(/\/+$/, '') } : {}),
    ...(cdn ? { cdn: cdn.replace(/\/+$/, '') } : {}),
  },
});

class ClosedError extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`the gateway closed with ${code}`);
    this.code = code;
  }
}

const attempt = async (options: ConnectOptions): Promise<Client<true>> => {
  const client = new Client(optionsFor(options));
  // Without a listener an 'error' event would end the process.
  client.on(Events.Error, (error) => options.log.warn({ reason: reasonOf(error) }, 'Discord client error'));
  options.prepare(client as Client<true>);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the gateway did not become ready')), readyTimeoutMs);
      client.once(Events.ClientReady, () => resolve());
      client.once(Events.ShardDisconnect, ({ code }) => reject(new ClosedError(code)));
      client.login(options.token).catch(reject);
    });
    return client as Client<true>;
  } catch (error) {
    await client.destroy().catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

const asDocentError = (error: unknown): DocentError => {
  const refused =
    (error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid) ||
    (error instanceof DiscordAPIError && error.status === 401) ||
    (error instanceof ClosedError && error.code === GatewayCloseCodes.AuthenticationFailed);
  return refused
    ? new DocentError(
        'TOKEN_INVALID',
        { platform: 'Discord', name: 'DISCORD_TOKEN', reason: 'unauthorized', guide: 'discord' },
        { cause: error },
      )
    : new DocentError('PLATFORM_UNREACHABLE', { platform: 'Discord', reason: reasonOf(error) }, { cause: error });
};

/**
 * Connects once and waits until the servers are known. Where the Message Content intent is asked for but not granted
 * (close code 4014), connects without it and says so in one line.
 * @throws DocentError TOKEN_INVALID, PLATFORM_UNREACHABLE
 */
export async function connect(options: ConnectOptions): Promise<Connected> {
  try {
    return { client: await attempt(options), messageContent: options.messageContent };
  } catch (error) {
    const disallowed = error instanceof ClosedError && error.code === GatewayCloseCodes.DisallowedIntents;
    if (!disallowed || !options.messageContent) throw asDocentError(error);
    options.log.warn(
      {},
      'Discord does not grant the Message Content intent: only mentions, direct messages and commands are read. ' +
        'Turn it on under Bot in the developer portal, or unset DOCENT_DISCORD_MESSAGE_CONTENT.',
    );
    return connect({ ...options, messageContent: false });
  }
}
