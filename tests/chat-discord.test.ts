/** Discord end to end: the whole product with the real model in a process of its own, which is killed at every step. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  type FakeChannel,
  type FakeDiscord,
  type FakeMessage,
  type FakeUser,
  startFakeDiscord,
  visibleText,
} from './fakes/discord/index.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { descendantRunning } from './setup/child-processes.ts';
import { type TestStore, testStore } from './setup/database.ts';

const travel = { name: 'travel.md', bytes: '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n' };
const question = 'What is the hotel budget per night?';

let place: TestStore;
let discord: FakeDiscord;
let general: FakeChannel;
let ada: FakeUser;
let product: ChatProduct;

const start = async (): Promise<void> => {
  expect(String(await product.start())).toMatch(/^Discord: connected/);
};
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

beforeAll(async () => {
  const { folder } = await testBase();
  place = await testStore();
  discord = await startFakeDiscord();
  const guild = discord.world.addGuild('Acme');
  general = discord.world.addTextChannel(guild, 'general');
  ada = discord.join(guild, 'ada');
  product = chatProduct(place, folder, discord.environment);
  await start();
});
afterAll(async () => {
  await product?.kill();
  await discord?.stop();
  await place?.dispose();
});

const repliesTo = (message: FakeMessage): readonly FakeMessage[] =>
  discord.shown(general).filter(({ message_reference: reference }) => reference?.message_id === message.id);
const ask = () => discord.say(general, ada, `${discord.mention} ${question}`);
const oneAnswer = (asked: FakeMessage) =>
  eventually(() => {
    expect(repliesTo(asked).map(visibleText)).toEqual([expect.stringMatching(/140 euros[\s\S]*travel\.md/)]);
  });

test('an upload is learned, and /ask is answered from it with its source', async () => {
  const upload = discord.command(general, ada, 'upload', { file: travel });
  await eventually(() => expect(visibleText(upload.original!)).toMatch(/travel\.md: learned \d+ section/));
  const asked = discord.command(general, ada, 'ask', { question });
  await eventually(() => expect(visibleText(asked.original!)).toMatch(/140 euros[\s\S]*travel\.md/));
});

test('a mention is answered in one reply, which showed progress first', async () => {
  const asked = ask();
  await oneAnswer(asked);
  expect(repliesTo(asked)[0]!.history[0]).toContain('Looking');
});

test('messages too long for Discord are learned, each as a document of its own', async () => {
  for (const bytes of ['The parking permit costs 35 euros a month.', 'The gym opens at 6 in the morning.']) {
    const shared = discord.say(general, ada, discord.mention, { files: [{ name: 'message.txt', bytes }] });
    await eventually(() => {
      const words = /message \d{4}-\d\d-\d\d \d+\.txt: learned 1 section/;
      expect(repliesTo(shared).map(visibleText)).toEqual([expect.stringMatching(words)]);
    });
  }
  for (const [asks, words] of [
    ['How much is the parking permit?', /35 euros/],
    ['When does the gym open?', /\b6\b/],
  ] as const) {
    const asked = discord.command(general, ada, 'ask', { question: asks });
    await eventually(() => expect(visibleText(asked.original!)).toMatch(words));
  }
});

test('the same event twice, a rate limit and a 500 after posting: one answer', async () => {
  const twice = ask();
  discord.deliverAgain(twice);
  await oneAnswer(twice);
  for (const misbehaviour of [{ how: 'rate-limit', retryAfterS: 1 }, { how: 'fail-after' }] as const) {
    discord.misbehave({ method: 'POST', path: /\/messages$/ }, misbehaviour);
    await oneAnswer(ask());
  }
});

test('a model that stands still, or is replaced: the asker is told, and gets the one answer', async () => {
  const ownMessages = () => discord.shown(general).filter(({ author }) => author.id === discord.world.bot.id).length;
  for (const signal of ['SIGCONT', 'SIGKILL'] as const) {
    const before = ownMessages();
    const model = descendantRunning(product.process().pid!, 'inference/worker');
    process.kill(model, 'SIGSTOP');
    const asked = ask();
    const interaction = discord.command(general, ada, 'ask', { question });
    await eventually(() => {
      expect(repliesTo(asked).map(visibleText)).toEqual([expect.stringMatching(/longer than usual/)]);
      expect(visibleText(interaction.original!)).toMatch(/longer than usual/);
    });
    process.kill(model, signal);
    await oneAnswer(asked);
    await eventually(() => expect(visibleText(interaction.original!)).toMatch(/140 euros/));
    expect(ownMessages()).toBe(before + 2);
  }
});

test('what only a closed channel’s document says is not told in an open one', async () => {
  const guild = [...discord.world.guilds.values()][0]!;
  const hidden = discord.world.addTextChannel(guild, 'board');
  discord.updateChannel(hidden, {
    permission_overwrites: [
      { id: guild.id, type: 0, allow: '0', deny: String(1n << 10n) },
      { id: ada.id, type: 1, allow: String(1n << 10n), deny: '0' },
      { id: discord.world.bot.id, type: 1, allow: String(1n << 10n), deny: '0' },
    ],
  });
  const merger = { name: 'merger.md', bytes: '# Merger\n\nThe code name of the merger is Bluebird.\n' };
  const upload = discord.command(hidden, ada, 'upload', { file: merger });
  await eventually(() => expect(visibleText(upload.original!)).toMatch(/learned/));
  const inside = discord.command(hidden, ada, 'ask', { question: 'What is the code name of the merger?' });
  await eventually(() => expect(visibleText(inside.original!)).toMatch(/Bluebird/));
  for (const text of ['What is the code name of the merger?', 'Bluebird', 'mergr code nme', 'What can you do?']) {
    const asked = discord.command(general, ada, 'ask', { question: text });
    await eventually(() => expect(visibleText(asked.original!)).toMatch(/documents|Hotels|answer/));
    expect(visibleText(asked.original!)).not.toMatch(/bluebird is|is bluebird|merger\.md/i);
  }
  const listed = discord.command(general, ada, 'documents');
  await eventually(() => expect(visibleText(listed.original!)).toContain('travel.md'));
  expect(visibleText(listed.original!)).not.toContain('merger.md');
});

test('killed while the files of an upload are still on their way: the next process fetches them', async () => {
  const release = discord.holdFiles();
  const opened = discord.command(general, ada, 'upload');
  await eventually(() => expect(opened.modal).toBeTruthy());
  const bytes = (name: string) => ({ name, bytes: `# ${name}\n\nThe ${name} is kept in the tower.\n` });
  const sent = discord.submit(opened, { files: [bytes('ledger.md'), bytes('globe.md')] });
  await eventually(() => expect(sent.original).toBeTruthy());
  await product.kill();
  release();
  await start();
  await eventually(() => expect(visibleText(sent.original!)).toMatch(/✓ ledger\.md: learned.*✓ globe\.md: learned/s));
});

for (const [where, method] of [
  ['before', 'POST'],
  ['inside', 'POST'],
  ['after', 'POST'],
  ['inside', 'PATCH'],
  ['after', 'PATCH'],
] as const)
  test(`killed ${where} ${method === 'POST' ? 'posting' : 'editing'}: the next process gives the one answer`, async () => {
    const path = method === 'POST' ? /\/messages$/ : /\/messages\/\d+$/;
    const reached = discord.stopAt(where, { method, path });
    const asked = ask();
    await reached;
    await product.kill();
    await start();
    await oneAnswer(asked);
    // Whatever else the new process had to make up for is through as well, and there is still one.
    await oneAnswer(ask());
    expect(repliesTo(asked)).toHaveLength(1);
  });
