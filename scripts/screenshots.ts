/**
 * `npx tsx scripts/screenshots.ts`: runs the whole product against both fakes, asks the sample handbook, and draws what
 * it said into docs/images/. Needs Chromium, a font with emoji, and the models where DOCENT_MODELS_DIR or DOCENT_HOME says.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startFakeDiscord, visibleText } from '../tests/fakes/discord/index.ts';
import { botUser, type FakeMessage, startFakeSlack } from '../tests/fakes/slack/index.ts';
import { startCommand } from '../tests/setup/command.ts';
import { launch } from '../tests/web-scenarios.ts';
import { discordScene } from './screenshots/discord.ts';
import { page, type Scene } from './screenshots/page.ts';
import { slackBlocks, slackScene } from './screenshots/slack.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const handbook = readFileSync(join(root, 'src/console/sample/handbook.md'), 'utf8');
const patienceMs = 120_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !holds(); await sleep(50))
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
}

const slack = await startFakeSlack();
const discord = await startFakeDiscord();
const folder = mkdtempSync(join(tmpdir(), 'docent-screenshots-'));
const env = {
  DOCENT_HOME: folder,
  DOCENT_PORT: '0',
  DOCENT_LEARN: 'off',
  ...slack.environment,
  ...discord.environment,
};
const anna = slack.addUser('UANNA', { name: 'Anna', is_admin: true });
const ben = slack.addUser('UBEN', { name: 'Ben' });
const general = slack.addChannel('CGENERAL', { name: 'general' }, [anna.id, ben.id]);
slack.addChannel('DANNA', { is_im: true, user: anna.id }, [anna.id]);
const guild = discord.world.addGuild('Acme');
const hall = discord.world.addTextChannel(guild, 'general');
const ada = discord.join(guild, 'ada');
const product = startCommand(['start'], { cwd: folder, env });
const names = { [anna.id]: 'Anna', [ben.id]: 'Ben', [botUser]: 'Docent' };
const inThread = ({ ts }: FakeMessage) => slack.messages.filter((one) => one.thread_ts === ts);
const isFinal = (text: string | undefined): boolean =>
  !!text && !/Looking through|in the queue|longer than usual|Reading the file/.test(text);

async function slackScenes(): Promise<Readonly<Record<string, Scene>>> {
  const shared = slack.say(general, anna, 'Our handbook, for everybody.', {
    files: [{ name: 'handbook.md', content: handbook }],
  });
  await until('learned', () => /learned/.test(inThread(shared)[0]?.text ?? ''));
  const ask = async (who: typeof anna, text: string, thread?: string): Promise<FakeMessage> => {
    const asked = slack.say(general, who, text, thread ? { thread } : {});
    const said = () =>
      slack.messages.filter(({ thread_ts, ts }) => thread_ts === (thread ?? asked.ts) && ts > asked.ts);
    await until(text, () => isFinal(said().at(-1)?.text));
    return asked;
  };
  const question = await ask(ben, `<@${botUser}> How many days of leave do I have?`);
  await ask(ben, 'And how many can I carry over?', question.ts);
  const unknown = await ask(ben, `<@${botUser}> Who won the football match yesterday?`);
  const talk = [shared, ...inThread(shared), question, ...inThread(question), unknown, ...inThread(unknown)];

  const crowd = Array.from({ length: 16 }, (_, at) =>
    slack.say(general, at % 2 ? anna : ben, `<@${botUser}> What does section ${at} say about travel?`),
  );
  const waits = (one: FakeMessage) => JSON.stringify(inThread(one)[0]?.blocks ?? '').includes('stop:');
  await until('a queue', () => crowd.some(waits));
  const waiting = crowd.find(waits)!;
  const queue = structuredClone([waiting, ...inThread(waiting)]);
  await until('all answered', () => crowd.every((one) => isFinal(inThread(one)[0]?.text)));

  slack.event({ type: 'app_home_opened', channel: 'DANNA', user: anna.id, tab: 'home' });
  await until('home', () => slack.homes.has(anna.id));
  const blocks = slack.homes.get(anna.id)!.blocks as readonly Record<string, unknown>[];
  return {
    'slack-answers': slackScene('# general', talk, names),
    'slack-queue': slackScene('# general', queue, names),
    'slack-home': {
      platform: 'slack',
      title: 'Docent · Home',
      rows: [{ author: 'Docent', isBot: true, isReply: false, body: slackBlocks(blocks) }],
    },
  };
}

async function discordScenes(): Promise<Readonly<Record<string, Scene>>> {
  const run = async (name: string, options: Parameters<typeof discord.command>[3], label: string) => {
    const interaction = discord.command(hall, ada, name, options);
    await until(label, () => !!interaction.original && isFinal(visibleText(interaction.original)));
    return { message: interaction.original!, said: `ada used ${label}` };
  };
  const upload = await run('upload', { file: { name: 'handbook.md', bytes: handbook } }, '/upload handbook.md');
  const answer = await run(
    'ask',
    { question: 'How many days of leave do I have?' },
    '/ask How many days of leave do I have?',
  );
  const none = await run('ask', { question: 'Who won the match?' }, '/ask Who won the match?');
  const status = await run('status', {}, '/status');
  return { 'discord-answers': discordScene('# general', [upload, answer, none, status]) };
}

try {
  await product.prints(/Discord: connected/);
  const scenes = { ...(await slackScenes()), ...(await discordScenes()) };
  const browser = await launch();
  const tab = await browser.newPage({ viewport: { width: 720, height: 200 }, deviceScaleFactor: 1 });
  mkdirSync(join(root, 'docs/images'), { recursive: true });
  for (const [name, scene] of Object.entries(scenes)) {
    await tab.setContent(page(scene));
    writeFileSync(join(root, 'docs/images', `${name}.png`), await tab.screenshot({ fullPage: true }));
    console.log(`docs/images/${name}.png`);
  }
  await browser.close();
} finally {
  const gone = once(product.child, 'exit');
  product.child.kill('SIGTERM');
  await gone;
  await slack.close();
  await discord.stop();
  rmSync(folder, { recursive: true, force: true });
}
