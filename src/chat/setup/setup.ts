/**
 * `docent setup slack|discord`: the link that makes the app, each token checked as it is pasted, `.env` written, and the
 * next click named. Talks to the platform's HTTP interface only; nothing is started.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { DocentError, reasonOf } from '../../errors.ts';
import { packageRoot } from '../../registry/catalog.ts';
import { botScopes } from '../slack/permissions.ts';
import { writeSettings } from './env-file.ts';

/** What setup needs of a terminal. */
export interface SetupIo {
  say(line: string): void;
  /** One line of input, trimmed; '' at the end of input. */
  ask(prompt: string): Promise<string>;
  /** Shows a page in the person's browser, where there is one. */
  open?(link: string): void;
}

interface SetupOptions {
  readonly config: Config;
  readonly io: SetupIo;
  readonly envPath: string;
}

const timeoutMs = 10_000;

async function call(
  platform: string,
  url: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const { status, headers } = response;
    return { status, headers, body: (await response.json().catch(() => ({}))) as Record<string, unknown> };
  } catch (error) {
    throw new DocentError('PLATFORM_UNREACHABLE', { platform, reason: reasonOf(error) }, { cause: error });
  }
}

/** Asks until the check passes. @throws DocentError USAGE at the end of input, PLATFORM_UNREACHABLE. */
async function askChecked<T>(
  io: SetupIo,
  prompt: string,
  check: (value: string) => Promise<T>,
): Promise<{ readonly value: string; readonly checked: T }> {
  for (;;) {
    const value = await io.ask(prompt);
    if (value === '') throw new DocentError('USAGE', { reason: 'setup was left before it was done' });
    try {
      return { value, checked: await check(value) };
    } catch (error) {
      if (!(error instanceof DocentError) || error.code === 'PLATFORM_UNREACHABLE') throw error;
      io.say(`✗ ${error.line}`);
    }
  }
}

const hello = 'Hello, I am Docent. Share a document here, then ask me about it.';

/** Shows that the bot can speak, where the operator wants it to. A hello that fails stops nothing. */
async function sayHello(io: SetupIo, prompt: string, post: (target: string) => Promise<void>): Promise<void> {
  const target = await io.ask(prompt);
  if (target === '') return io.say('– no hello posted');
  await post(target).then(
    () => io.say(`✓ hello posted to ${target}`),
    (error: unknown) => io.say(`✗ no hello posted: ${reasonOf(error)}`),
  );
}

/** https://api.slack.com/reference/manifests#creating_apps: the manifest travels in the link. */
const slackCreateLink = (): string => {
  const manifest = readFileSync(join(packageRoot, 'deploy', 'slack-manifest.yaml'), 'utf8');
  return `https://api.slack.com/apps?new_app=1&manifest_yaml=${encodeURIComponent(manifest)}`;
};

async function setupSlack({ config, io, envPath }: SetupOptions): Promise<void> {
  const api = (config.SLACK_API_URL || 'https://slack.com/api/').replace(/\/?$/, '/');
  const request = async (method: string, token: string, parameters: Record<string, string> = {}) => {
    const { body, headers } = await call('Slack', `${api}${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams(parameters),
    });
    const scopes = headers.get('x-oauth-scopes')?.split(/,\s*/) ?? null;
    return { body, scopes, error: body.ok === true ? null : String(body.error ?? 'no answer') };
  };
  const checked = async (name: string, method: string, token: string) => {
    const { body, scopes, error: reason } = await request(method, token);
    if (reason) throw new DocentError('TOKEN_INVALID', { platform: 'Slack', name, reason, guide: 'slack' });
    return { body, scopes };
  };
  const prefixed = (name: string, prefix: string, value: string) => {
    if (!value.startsWith(prefix))
      throw new DocentError('TOKEN_INVALID', {
        platform: 'Slack',
        name,
        reason: `it begins with ${prefix}`,
        guide: 'slack',
      });
  };

  io.say('1. Open this link, choose your workspace, and press Create:');
  io.say(`   ${slackCreateLink()}`);
  io.open?.(slackCreateLink());
  io.say('2. Press “Install to Workspace”, then copy the Bot User OAuth Token from “OAuth & Permissions”.');
  const bot = await askChecked(io, 'Bot token (xoxb-…): ', async (value) => {
    prefixed('SLACK_BOT_TOKEN', 'xoxb-', value);
    const self = await checked('SLACK_BOT_TOKEN', 'auth.test', value);
    const missing = Object.keys(botScopes).filter((scope) => self.scopes && !self.scopes.includes(scope));
    if (missing.length > 0) throw new DocentError('SCOPE_MISSING', { platform: 'Slack', scope: missing.join(', ') });
    return self;
  });
  io.say(`✓ ${String(bot.checked.body.team)}, as @${String(bot.checked.body.user)}, with every scope it needs`);
  io.say('3. Under “Basic Information”, “App-Level Tokens”: generate one with the scope connections:write.');
  const app = await askChecked(io, 'App token (xapp-…): ', (value) => {
    prefixed('SLACK_APP_TOKEN', 'xapp-', value);
    return checked('SLACK_APP_TOKEN', 'apps.connections.open', value);
  });
  io.say('✓ socket mode works');
  writeSettings(envPath, { SLACK_BOT_TOKEN: bot.value, SLACK_APP_TOKEN: app.value });
  io.say(`✓ written to ${envPath} (only your account can read it)`);
  await sayHello(io, 'Slack: your member id, or a channel’s id where the app is (Enter to skip): ', async (target) => {
    // A member id opens the direct message with that person.
    const channel = target.replace(/^#/, '');
    const { error } = await request('chat.postMessage', bot.value, { channel, text: hello });
    if (error) throw new Error(`Slack says ${error}`);
  });
  io.say('Next: `npm start`, then in a channel: /invite @Docent, and share a file.');
}

/** View channels, send messages, send in threads, embed links, attach files, read history: no more. */
const discordPermissions = (1n << 10n) | (1n << 11n) | (1n << 38n) | (1n << 14n) | (1n << 15n) | (1n << 16n);

/** Scopes `bot` and `applications.commands`: https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow */
export const discordInvite = (applicationId: string): string =>
  `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot%20applications.commands&permissions=${discordPermissions}`;

async function setupDiscord({ config, io, envPath }: SetupOptions): Promise<void> {
  const api = (config.DISCORD_API_URL || 'https://discord.com/api').replace(/\/$/, '');
  io.say('1. Open https://discord.com/developers/applications, press “New Application”, and name it Docent.');
  io.say('2. Under “Bot”, press “Reset Token” and copy it.');
  const token = await askChecked(io, 'Bot token: ', async (value) => {
    const { status, body } = await call('Discord', `${api}/v10/applications/@me`, {
      headers: { authorization: `Bot ${value}` },
    });
    if (status !== 200 || typeof body.id !== 'string')
      throw new DocentError('TOKEN_INVALID', {
        platform: 'Discord',
        name: 'DISCORD_TOKEN',
        reason: String(body.message ?? status),
        guide: 'discord',
      });
    return { id: body.id, name: String(body.name ?? 'your application') };
  });
  io.say(`✓ ${token.checked.name}`);
  writeSettings(envPath, { DISCORD_TOKEN: token.value, DISCORD_APPLICATION_ID: token.checked.id });
  io.say(`✓ written to ${envPath} (only your account can read it)`);
  io.say('3. Invite it to your server with this link (it asks for the least it needs):');
  io.say(`   ${discordInvite(token.checked.id)}`);
  io.open?.(discordInvite(token.checked.id));
  const prompt = 'Once it is there: the id of a channel for its hello (Enter to skip): ';
  await sayHello(io, prompt, async (channel) => {
    const { status, body } = await call('Discord', `${api}/v10/channels/${encodeURIComponent(channel)}/messages`, {
      method: 'POST',
      headers: { authorization: `Bot ${token.value}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content: hello, allowed_mentions: { parse: [] } }),
    });
    if (status !== 200) throw new Error(`Discord says ${String(body.message ?? status)}`);
  });
  io.say('Next: `npm start`, then type /ask in a channel.');
}

/** @throws DocentError USAGE, PLATFORM_UNREACHABLE. */
export const runSetup = (platform: 'slack' | 'discord', options: SetupOptions): Promise<void> =>
  platform === 'slack' ? setupSlack(options) : setupDiscord(options);
