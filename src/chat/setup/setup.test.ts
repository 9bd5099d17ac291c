import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { runSetup } from './setup.ts';

/** The two platforms' answers to the calls of setup, over real HTTP. */
const startPlatform = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      const token = request.headers.authorization ?? '';
      const good = /xoxb-good|xapp-good|Bot good/.test(token);
      response.setHeader('content-type', 'application/json');
      if (request.url?.includes('applications/@me')) {
        response.statusCode = good ? 200 : 401;
        response.end(JSON.stringify(good ? { id: '42', name: 'Docent' } : { message: '401: Unauthorized' }));
      } else
        response.end(
          JSON.stringify(good ? { ok: true, team: 'Acme', user: 'docent' } : { ok: false, error: 'invalid_auth' }),
        );
    });
    server.listen(0, '127.0.0.1', () => resolve(server));
  });

describe('setup', () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = await startPlatform();
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  });
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  const run = async (platform: 'slack' | 'discord', answers: string[], before = '') => {
    const folder = mkdtempSync(join(tmpdir(), 'docent-setup-'));
    const envPath = join(folder, '.env');
    if (before) writeFileSync(envPath, before);
    const config = loadConfig({ SLACK_API_URL: `${url}/`, DISCORD_API_URL: url, DOCENT_HOME: folder }, folder);
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
    const { said, env, mode } = await run('slack', ['nonsense', 'xoxb-bad', 'xoxb-good', 'xapp-good'], before);
    expect(said).toContain('it begins with xoxb-');
    expect(said).toContain('invalid_auth');
    expect(said).toContain('Acme');
    expect(env).toBe('# mine\nDOCENT_PORT=4000\nSLACK_BOT_TOKEN=xoxb-good\nSLACK_APP_TOKEN=xapp-good\n');
    expect(mode).toBe(0o600);
  });

  it('offers Slack’s create link with the whole manifest', async () => {
    const { said } = await run('slack', ['xoxb-good', 'xapp-good']);
    expect(decodeURIComponent(said)).toContain('app_mentions:read');
  });

  it('writes Discord’s token and application id, and shows the invite link', async () => {
    const { said, env } = await run('discord', ['bad', 'good']);
    expect(said).toContain('401');
    expect(env).toContain('DISCORD_APPLICATION_ID=42');
    expect(said).toContain('client_id=42');
  });

  it('changes nothing when it is left early', async () => {
    await expect(run('slack', ['xoxb-good'])).rejects.toMatchObject({ code: 'USAGE' });
  });
});
