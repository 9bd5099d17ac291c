/** No connection but those in docs/egress.md: recorded in every Node.js process of the running product. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type FakeDiscord, startFakeDiscord, visibleText } from './fakes/discord/index.ts';
import { botUser, type FakeSlack, startFakeSlack } from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { runCommand, startCommand } from './setup/command.ts';
import { type TestStore, testStore } from './setup/database.ts';

interface Recorded {
  readonly host?: string;
  readonly port?: number;
  readonly program?: string;
}

const table = readFileSync(new URL('../docs/egress.md', import.meta.url), 'utf8');
const listed = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) =>
  [...cell!.matchAll(/`([^`]+)`/g)].map(([, host]) => host!),
);
const isListed = (host: string): boolean =>
  listed.some((one) => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one));
const recorder = fileURLToPath(new URL('./setup/record-connections.cjs', import.meta.url));

let place: TestStore;
let folder: string;
let models: string;
let slack: FakeSlack;
let discord: FakeDiscord;

beforeAll(async () => {
  ({ folder: models } = await testBase());
  place = await testStore();
  folder = mkdtempSync(join(tmpdir(), 'docent-egress-'));
  slack = await startFakeSlack();
  discord = await startFakeDiscord();
});
afterAll(async () => {
  await slack?.close();
  await discord?.stop();
  await place?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const record = (name: string) => {
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, '');
  return {
    env: { EGRESS_FILE: file, NODE_OPTIONS: `--require ${recorder}` },
    read: (): readonly Recorded[] =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Recorded),
  };
};
const home = () => ({
  DATABASE_URL: place.database.url,
  DOCENT_HOME: place.config.home,
  DOCENT_DEVICE: 'cpu',
  DOCENT_PORT: '0',
});

test('the table names hosts', () => {
  expect(listed).toEqual(expect.arrayContaining(['slack.com', 'discord.com', '*.discord.gg', 'huggingface.co']));
});

test('uploading, asking and both chats reach the addresses of the settings, and nothing else', async () => {
  const guild = discord.world.addGuild('Acme');
  const general = discord.world.addTextChannel(guild, 'general');
  const ada = discord.join(guild, 'ada');
  const anna = slack.addUser('UANNA');
  const channel = slack.addChannel('CGENERAL', {}, ['UANNA']);
  const { env, read } = record('connected');
  const server = startCommand(['start'], {
    cwd: folder,
    env: {
      ...home(),
      ...env,
      ...slack.environment,
      DISCORD_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
      DISCORD_CDN_URL: discord.cdnUrl,
      DOCENT_MODELS_DIR: models,
    },
  });
  try {
    await server.prints(/Docent is ready[\s\S]*Slack: connected[\s\S]*Discord: connected/);
    const url = /Web chat\s+(\S+)/.exec(server.stdout())![1]!;
    const content = '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n';
    const shared = slack.say(channel, anna, '', { files: [{ name: 'travel.md', content }] });
    const upload = discord.command(general, ada, 'upload', { file: { name: 'travel.md', bytes: content } });
    const said = (ts: string) => slack.said('CGENERAL').filter(({ thread_ts }) => thread_ts === ts);
    await vi.waitFor(
      () => {
        expect(said(shared.ts)[0]?.text).toMatch(/learned/);
        expect(visibleText(upload.original!)).toMatch(/learned/);
      },
      { timeout: 60_000 },
    );
    const question = 'What is the hotel budget per night?';
    const asked = slack.say(channel, anna, `<@${botUser}> ${question}`);
    const interaction = discord.command(general, ada, 'ask', { question });
    await vi.waitFor(
      () => {
        expect(said(asked.ts)[0]?.text).toMatch(/140 euros/);
        expect(visibleText(interaction.original!)).toMatch(/140 euros/);
      },
      { timeout: 60_000 },
    );
    expect((await fetch(`${url.replace(/\/$/, '')}/readyz`)).status).toBe(200);
  } finally {
    server.child.kill('SIGTERM');
    await server.ended();
  }
  const hosts = new Set(read().flatMap(({ host }) => host ?? []));
  expect([...hosts].filter((host) => host !== '127.0.0.1')).toEqual([]);
  expect(read().filter(({ host }) => host).length).toBeGreaterThan(4);
  const programs = new Set(read().flatMap(({ program }) => program ?? []));
  programs.delete('esbuild'); // compiles the sources of this test
  expect([...programs]).toEqual(['node']);
});

test('with the addresses of the real platforms, only listed hosts are asked for', async () => {
  const { env, read } = record('blocked');
  const tokens = { SLACK_BOT_TOKEN: 'xoxb-1-2-x', SLACK_APP_TOKEN: 'xapp-1-A1-2-x', DISCORD_TOKEN: 'MTIz.abc.def' };
  const server = startCommand(['start'], {
    cwd: folder,
    env: { ...home(), ...env, ...tokens, EGRESS_BLOCK: '1', DOCENT_MODELS_DIR: models },
  });
  try {
    const asked = (host: string) => read().some((entry) => entry.host === host);
    await vi.waitFor(() => expect([asked('slack.com'), asked('discord.com')]).toEqual([true, true]), {
      timeout: 60_000,
      interval: 100,
    });
  } finally {
    server.child.kill('SIGTERM');
    await server.ended();
  }
  const pulled = await runCommand(['models', 'pull'], {
    cwd: folder,
    env: {
      ...env,
      EGRESS_BLOCK: '1',
      DOCENT_HOME: join(folder, 'empty'),
      DATABASE_URL: place.database.url,
      DOCENT_PIP: join(folder, 'no-pip'),
    },
  });
  expect(pulled.code).toBe(1);
  expect(pulled.stderr).toMatch(/MODEL_UNAVAILABLE/);
  const hosts = [...new Set(read().flatMap(({ host }) => host ?? []))].filter((host) => host !== '127.0.0.1');
  expect(hosts).toContain('huggingface.co');
  expect(hosts.filter((host) => !isListed(host))).toEqual([]);
});
