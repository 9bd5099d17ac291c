/**
 * Random events against the whole product with the real model, killed between them, on both platforms. Ten thousand each,
 * the figures of docs/log.md: `DOCENT_REPLAY_EVENTS=10000 npx vitest run tests/replay.test.ts`
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createRandom } from '../src/random.ts';
import { type FakeDiscord, startFakeDiscord, visibleText } from './fakes/discord/index.ts';
import { type FakeSlack, startFakeSlack } from './fakes/slack/index.ts';
import { discordEvents } from './replay/discord.ts';
import { replay } from './replay/replay.ts';
import { slackEvents } from './replay/slack.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { type TestStore, testStore } from './setup/database.ts';

const events = Number(process.env.DOCENT_REPLAY_EVENTS ?? 300);
const seed = Number(process.env.DOCENT_REPLAY_SEED ?? 1);
const timeoutMs = 60_000 + events * 2000;
const travel = '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n';
/** Where the document is not seen there is nothing to read, so that thousands of questions take minutes. */
const isAnswer = (text: string): boolean => /140 euros|no documents here yet/.test(text);
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

let modelsFolder: string;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  ({ folder: modelsFolder } = await testBase());
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

function product(place: TestStore, environment: Readonly<Record<string, string>>): ChatProduct {
  const made = chatProduct(place, modelsFolder, { ...environment, DOCENT_LEARN: 'off' });
  ends.push(() => made.kill());
  return made;
}

const report = (name: string, { wrong, ...figures }: Awaited<ReturnType<typeof replay>>): void => {
  if (process.env.DOCENT_REPLAY_EVENTS) console.log(name, JSON.stringify({ ...figures, wrong: wrong.length }));
  expect(wrong).toEqual([]);
  expect(figures.questions).toBeGreaterThan(events / 4);
};
const kills = Math.ceil(events / 100);

test(
  `Slack: ${events} events, every question answered once, in its place`,
  async () => {
    const place = await testStore();
    ends.push(() => place.dispose());
    const slack: FakeSlack = await startFakeSlack();
    ends.push(() => slack.close());
    for (const name of ['UANNA', 'UBEN', 'UCARL', 'UDORA']) slack.addUser(name);
    slack.addUser('UOTHERBOT', { is_bot: true });
    const members = [...slack.users.keys()];
    const docs = slack.addChannel('GDOCS', { is_private: true }, members);
    const open = ['CHALL', 'CDESK', 'CYARD'].map((id) => slack.addChannel(id, {}, members));
    const { kill, start } = product(place, slack.environment);
    await start();
    const shared = slack.say(docs, slack.users.get('UANNA')!, '', { files: [{ name: 'travel.md', content: travel }] });
    await eventually(() =>
      expect(
        slack
          .said(docs.id)
          .map(({ text }) => text)
          .join(),
      ).toMatch(/learned/),
    );
    const stage = slackEvents(slack, [docs, ...open, ...open, ...open]);
    const strays = () => stage.strays([]).filter((line) => !line.includes('travel.md: learned'));
    expect(shared.ts).toBeTruthy();
    report(
      'Slack',
      await replay({ stage: { ...stage, strays, isAnswer, kill, start }, random: createRandom(seed), events, kills }),
    );
  },
  timeoutMs,
);

test(
  `Discord: ${events} events, every question answered once, in its place`,
  async () => {
    const place = await testStore();
    ends.push(() => place.dispose());
    const discord: FakeDiscord = await startFakeDiscord();
    ends.push(() => discord.stop());
    const guild = discord.world.addGuild('Acme');
    const people = ['ada', 'bob', 'cleo', 'dan'].map((name) => discord.join(guild, name));
    const open = ['hall', 'desk', 'yard'].map((name) => discord.world.addTextChannel(guild, name));
    const { kill, start } = product(place, discord.environment);
    await start();
    const docs = discord.world.addTextChannel(guild, 'docs');
    const view = String(1n << 10n);
    discord.updateChannel(docs, {
      permission_overwrites: [
        { id: guild.id, type: 0, allow: '0', deny: view },
        ...[...people, discord.world.bot].map(({ id }) => ({ id, type: 1 as const, allow: view, deny: '0' })),
      ],
    });
    const upload = discord.command(docs, people[0]!, 'upload', { file: { name: 'travel.md', bytes: travel } });
    await eventually(() => expect(visibleText(upload.original!)).toMatch(/learned/));
    const stage = discordEvents(discord, [docs, ...open, ...open, ...open], people);
    const strays = () => stage.strays([]).filter((line) => !line.includes('travel.md'));
    report(
      'Discord',
      await replay({ stage: { ...stage, strays, isAnswer, kill, start }, random: createRandom(seed), events, kills }),
    );
  },
  timeoutMs,
);
