/** `npm start`: everything on, a few lines that say what and where, and an orderly end. */
import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import { createSlackDoor } from './chat/slack/door.ts';
import { createDownloadBar, exitCodes, note, reportError } from './cli/output.ts';
import type { Config } from './config.ts';
import { createServer } from './console/server.ts';
import { DocentError, reasonOf } from './errors.ts';
import { createDocent, type Docent } from './main.ts';
import { createLocalOperator } from './operator/local.ts';
import { createOperatorServer } from './operator/server.ts';
import { findServer } from './operator/server-record.ts';
import { startChats } from './serve/chats.ts';
import { webCollaborators } from './serve/web.ts';

/** How long an orderly end may take before the process just goes; nothing that was acknowledged depends on it. */
const stopDeadlineMs = 25_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const missing = (config: Config): string[] => [
  ...(config.SLACK_BOT_TOKEN || config.SLACK_CLIENT_ID ? [] : ['Slack is off: `npx docent setup slack` connects it.']),
  ...(config.DISCORD_TOKEN ? [] : ['Discord is off: `npx docent setup discord` connects it.']),
];

/** Loads the model while the rest is up already; questions wait for it. */
async function warmUp(docent: Docent): Promise<string> {
  const engine = await docent.engine();
  await docent.answerer();
  const { device, runtime, weights, threads, choice } = await engine.stats();
  const { base, adapter } = docent.model();
  if (runtime === 'remote') return `${base}, remote: ${choice}`;
  return `${base} with ${adapter ?? 'no adapter'}, ${weights} on ${device}, ${threads} threads, ${runtime} runtime`;
}

/** @returns the exit code, once a signal has ended it. */
export async function serve({ config, log }: { readonly config: Config; readonly log: Logger }): Promise<number> {
  const began = performance.now();
  // A terminal that was closed, or a pipe whose reader is gone, must not end the service.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const running = await findServer(config.home);
  if (running) throw new DocentError('SERVER_RUNNING', { home: config.home, pid: running.pid });
  const bar = createDownloadBar();
  const docent = createDocent({ config, log, onDownload: bar.update, onNote: note });
  const stops: (() => Promise<unknown>)[] = [() => docent.stop()];
  const end = new Promise<string>((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
  const shutDown = async (exit: () => void): Promise<void> => {
    setTimeout(exit, stopDeadlineMs).unref();
    for (const stop of stops.reverse())
      await stop().catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'stopping'));
  };
  const boot = async (): Promise<void> => {
    // Binding first: a taken port is the most frequent reason not to start, and costs nothing to find out.
    const slackDoor = config.SLACK_SIGNING_SECRET || config.SLACK_CLIENT_ID ? createSlackDoor() : undefined;
    const slack = slackDoor ? { slack: slackDoor.requests } : {};
    const web = createServer({ config, ...webCollaborators(docent), ...slack, version: '0.1.0' });
    const { url } = await web.start();
    stops.push(() => web.stop());
    await docent.store();
    await docent.base();
    await docent.retriever();
    bar.stop();
    await docent.work({ learn: true });
    const model = await warmUp(docent);
    const chats = await startChats(docent, slackDoor);
    stops.push(() => chats.stop());
    const operator = createOperatorServer({
      operator: createLocalOperator({ docent, chats: () => chats.adapters }),
      home: config.home,
      log,
    });
    await operator.start();
    stops.push(() => operator.stop());

    const count = (await (await docent.documents()).list({ channelId: null })).length;
    say(`Docent is ready after ${((performance.now() - began) / 1000).toFixed(1)} s.`);
    say(`  Web chat   ${url}`);
    say(`  Model      ${model}`);
    say(`  Database   ${(await docent.store()).mode === 'embedded' ? `embedded, in ${config.home}` : 'DATABASE_URL'}`);
    say(`  Documents  ${count === 0 ? 'none yet: open the web chat, or `npx docent ingest PATH`' : count}`);
    for (const line of [...chats.lines, ...missing(config)]) say(`  ${line}`);
    if (!existsSync('.env')) say('  Settings   .env.example lists them all; none is needed to begin.');
  };
  let ready = false;
  const booted = boot().then(() => {
    ready = true;
    return end;
  });
  try {
    const signal = await Promise.race([end, booted]);
    log.info({ signal }, 'stopping');
    // A database that is just being started must be known to be stopped.
    if (!ready) await docent.store().catch(() => undefined);
    await shutDown(() => process.exit(exitCodes.done));
    // What was still being fetched or connected would keep the process alive.
    if (!ready) process.exit(exitCodes.done);
    return exitCodes.done;
  } catch (error) {
    bar.stop();
    await shutDown(() => process.exit(reportError(error)));
    throw error;
  }
}
