/** The product with its chats, without the web server, until it is told to stop, or killed. */
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { createDocent } from '../../src/main.ts';
import { startChats } from '../../src/serve/chats.ts';

const log = pino({ level: process.env.DOCENT_LOG_LEVEL ?? 'silent' }, pino.destination(2));
const docent = createDocent({ config: loadConfig(process.env, process.env.DOCENT_HOME), log });
await docent.work();
const chats = await startChats(docent);
process.send?.(chats.lines);
process.on('message', async () => {
  await chats.stop();
  await docent.stop();
  process.exit(0);
});
