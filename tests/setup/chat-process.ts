/**
 * The product with its chats until it is told to stop, or killed; with the web server only where Slack comes over HTTP.
 */
import { pino } from 'pino';
import { createSlackDoor } from '../../src/chat/slack/door.ts';
import { loadConfig } from '../../src/config.ts';
import { createServer } from '../../src/console/server.ts';
import { createDocent } from '../../src/main.ts';
import { startChats } from '../../src/serve/chats.ts';
import { webCollaborators } from '../../src/serve/web.ts';

const log = pino({ level: process.env.DOCENT_LOG_LEVEL ?? 'silent' }, pino.destination(2));
const config = loadConfig(process.env, process.env.DOCENT_HOME);
const docent = createDocent({ config, log });
const door = config.SLACK_SIGNING_SECRET || config.SLACK_CLIENT_ID ? createSlackDoor() : undefined;
const web = door ? createServer({ config, ...webCollaborators(docent), slack: door.requests }) : null;
await web?.start();
await docent.work();
const chats = await startChats(docent, door);
process.send?.(chats.lines);
process.on('message', async () => {
  await chats.stop();
  await web?.stop();
  await docent.stop();
  process.exit(0);
});
