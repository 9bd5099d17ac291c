import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeDiscord, startFakeDiscord, visibleText } from '../../../tests/fakes/discord/index.ts';
import { type FakeSlack, startFakeSlack } from '../../../tests/fakes/slack/index.ts';
import { loadConfig } from '../../config.ts';
import { runSetup } from './setup.ts';

describe('setup', () => {
  let slack: FakeSlack;
  let discord: FakeDiscord;
  beforeAll(async () => {
    slack = await startFakeSlack();
    discord = await startFakeDiscord();
  });
  afterAll(async () => {
    await slack.close();
    await discord.stop();
  });

  const run = async (platform: 'slack' | 'discord', answers: string[], before = '') => {
    const folder = mkdtempSync(join(tmpdir(), 'docent-setup-'));
    const envPath = join(folder, '.env');
    if (before) writeFileSync(envPath, before);
    const { SLACK_API_URL } = slack.environment;
    const config = loadConfig({ SLACK_API_URL, DISCORD_API_URL: discord.apiUrl, DOCENT_HOME: folder }, folder);
    const said: string[] = [];
    await runSetup(platform, {
      config,
      envPath,
      io: { say: (line) => void said.push(line), ask: async () => answers.shift() ?? '' },
    });
    return { said: said.join('\n'), env: readFileSync(envPath, 'utf8'), mode: statSync(envPath).mode & 0o777 };
  };

  it('asks again until Slack takes the token, and keeps what .env held', async () => {
    const before = '# mine\nDOCENT_PORT=4000\n#SLACK_BOT_TOKEN=\n';
    const { said, env, mode } = await run('slack', ['nonsense', 'xoxb-bad', 'xoxb-fake', 'xapp-fake'], before);
    expect(said).toContain('it begins with xoxb-');
    expect(said).toContain('invalid_auth');
    expect(said).toContain('Acme');
    expect(env).toBe('# mine\nDOCENT_PORT=4000\nSLACK_BOT_TOKEN=xoxb-fake\nSLACK_APP_TOKEN=xapp-fake\n');
    expect(mode).toBe(0o600);
  });

  it('offers Slack’s create link with the whole manifest', async () => {
    const { said } = await run('slack', ['xoxb-fake', 'xapp-fake']);
    expect(decodeURIComponent(said)).toContain('app_mentions:read');
  });

  it('writes Discord’s token and application id, and shows the invite link', async () => {
    const { said, env } = await run('discord', ['bad', discord.token]);
    expect(said).toContain('401');
    const id = /DISCORD_APPLICATION_ID=(\d+)/.exec(env)![1]!;
    expect(env).toContain(`DISCORD_TOKEN=${discord.token}`);
    expect(said).toContain(`client_id=${id}`);
    expect(said).toContain('no hello posted');
  });

  it('names the scope that the app lacks', async () => {
    const { scopes } = slack.state;
    slack.state.scopes = scopes.filter((scope) => scope !== 'files:read');
    const left = run('slack', ['xoxb-fake']);
    await expect(left).rejects.toMatchObject({ code: 'USAGE' });
    slack.state.scopes = scopes;
    const answers = ['xoxb-fake', 'xapp-fake'];
    expect((await run('slack', answers)).said).toContain('with every scope');
  });

  it('says hello where it is told to, and says why where it cannot', async () => {
    slack.addChannel('CGENERAL');
    const tokens = ['xoxb-fake', 'xapp-fake'];
    expect((await run('slack', [...tokens, 'CGENERAL'])).said).toContain('✓ hello posted to CGENERAL');
    expect(slack.said('CGENERAL').map(({ text }) => text)).toEqual([expect.stringMatching(/Hello, I am Docent/)]);
    const { said, env } = await run('slack', [...tokens, 'CNOWHERE']);
    expect(said).toMatch(/✗ no hello posted: .*channel_not_found/);
    expect(said).toContain('Next: ');
    expect(env).toContain('SLACK_APP_TOKEN=xapp-fake');

    const guild = discord.world.addGuild('Acme');
    const general = discord.world.addTextChannel(guild, 'general');
    expect((await run('discord', [discord.token, general.id])).said).toContain('✓ hello posted');
    expect(discord.shown(general).map(visibleText)).toEqual([expect.stringMatching(/Hello, I am Docent/)]);
    expect((await run('discord', [discord.token, '123'])).said).toMatch(/✗ no hello posted: Discord says/);
  });

  it('changes nothing when it is left early', async () => {
    await expect(run('slack', ['xoxb-fake'])).rejects.toMatchObject({ code: 'USAGE' });
  });
});
