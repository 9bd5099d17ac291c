/** The real HTTP server over the in-memory collaborators, in a home of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type ServerOptions } from '../../src/console/server.ts';
import { createConsoleFake } from './console.ts';

export async function createConsoleServer(
  settings: Partial<ServerOptions['config']> = {},
  options: Partial<Omit<ServerOptions, 'config'>> = {},
) {
  const fake = createConsoleFake();
  const home = await mkdtemp(join(tmpdir(), 'docent-http-'));
  const config = {
    home,
    DOCENT_HOST: '127.0.0.1',
    DOCENT_PORT: 0,
    DOCENT_TOKEN: '',
    DOCENT_MAX_UPLOAD_MB: 1,
    ...settings,
  };
  const server = createServer({ ...fake.collaborators, ...options, config });
  return {
    fake,
    home,
    server,
    app: server.app,
    async close() {
      fake.answering.open();
      fake.reading.open();
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The events of a server-sent stream, as they stand in its text. */
export const eventsIn = (text: string): { event: string; data: string }[] =>
  text
    .split('\n\n')
    .filter((block) => /^(event|data):/m.test(block))
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)?.[1] ?? 'message',
      data: [...block.matchAll(/^data: (.*)$/gm)].map((match) => match[1]).join('\n'),
    }));
