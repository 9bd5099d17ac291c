/** Stopping a question that waits: the whole product with the real model, against both fakes. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type FakeDiscord,
  type FakeChannel as Hall,
  type FakeUser as Member,
  type FakeMessage as Shown,
  startFakeDiscord,
  visibleText,
} from './fakes/discord/index.ts';
import { botUser, type FakeChannel, type FakeSlack, type FakeUser, startFakeSlack } from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { type TestStore, testStore } from './setup/database.ts';

let place: TestStore;
let slack: FakeSlack;
let anna: FakeUser;
let ben: FakeUser;
let general: FakeChannel;
let discord: FakeDiscord;
let hall: Hall;
let bob: Member;
let product: ChatProduct;
const travel = '# Travel\n\n## Hotels\n\nIn Paris the hotel budget is 180 euros per night.\n';
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

beforeAll(async () => {
  const { folder } = await testBase();
  place = await testStore();
  slack = await startFakeSlack();
  anna = slack.addUser('UANNA');
  ben = slack.addUser('UBEN');
  general = slack.addChannel('CGENERAL', {}, [anna.id, ben.id]);
  discord = await startFakeDiscord();
  const guild = discord.world.addGuild('Acme');
  hall = discord.world.addTextChannel(guild, 'hall');
  bob = discord.join(guild, 'bob');
  const environment = { ...slack.environment, ...discord.environment, DOCENT_LEARN: 'off' };
  product = chatProduct(place, folder, environment);
  await product.start();
  const upload = discord.command(hall, bob, 'upload', { file: { name: 'travel.md', bytes: travel } });
  await eventually(() => expect(visibleText(upload.original!)).toMatch(/learned/));
  const shared = slack.say(general, anna, '', { files: [{ name: 'travel.md', content: travel }] });
  await oneReply(shared, /learned/);
});
afterAll(async () => {
  await product?.kill();
  await slack?.close();
  await discord?.stop();
  await place?.dispose();
});

const replyTo = ({ ts }: { readonly ts: string }) => slack.said(general.id).filter(({ thread_ts }) => thread_ts === ts);
const oneReply = (message: { readonly ts: string }, words: RegExp) =>
  eventually(() => expect(replyTo(message).map(({ text }) => text)).toEqual([expect.stringMatching(words)]));
const lastResponse = () => slack.responses.at(-1) as { text: string };
interface Button {
  readonly action_id: string;
  readonly value: string;
}
const stopOf = (message: { readonly ts: string }): Button | undefined => {
  const blocks = (replyTo(message)[0]?.blocks ?? []) as readonly { readonly elements?: readonly Button[] }[];
  return blocks.flatMap(({ elements = [] }) => elements).find(({ value }) => value?.startsWith('stop:'));
};

describe('a question that waits', () => {
  /** Two are answered at once, so that the last of these waits for seconds. */
  const many = 40;

  test('is stopped by its asker on Slack, and by nobody else', async () => {
    const asked = Array.from({ length: many }, (_, at) =>
      slack.say(general, anna, `<@${botUser}> ${at}: what is the hotel budget in Paris per night?`),
    );
    await eventually(() => expect(asked.findLast(stopOf)).toBeTruthy());
    const waiting = asked.findLast(stopOf)!;
    const stop = stopOf(waiting)!;
    slack.press(general, ben, stop);
    await eventually(() => expect(lastResponse().text).toMatch(/may not stop somebody else/));
    slack.press(general, anna, stop);
    await oneReply(waiting, /^Stopped\.$/);
    const other = asked.findLast((message) => message !== waiting && stopOf(message))!;
    slack.event({ type: 'agent_session_stopped', channel: general.id, thread_ts: other.ts, user: anna.id });
    await oneReply(other, /^Stopped\.$/);
    for (const message of asked.filter((one) => one !== waiting && one !== other)) await oneReply(message, /180 euros/);
    slack.press(general, anna, stop);
    await eventually(() => expect(lastResponse().text).toBe('It is answered already.'));
  });

  test('and on Discord', async () => {
    Array.from({ length: many }, (_, at) =>
      discord.say(hall, bob, `${discord.mention} ${at}: what is the hotel budget in Paris per night?`),
    );
    const stopId = (message: Shown) => /"(docent:press:stop:[^"]+)"/.exec(JSON.stringify(message.components))?.[1];
    await eventually(() => expect(discord.shown(hall).findLast(stopId)).toBeTruthy());
    const reply = discord.shown(hall).findLast(stopId)!;
    const press = discord.press(reply, bob, stopId(reply)!);
    await eventually(() => expect(reply.content).toBe('Stopped.'));
    await eventually(() => expect(visibleText(press.original!)).toBe('Stopped.'));
  });

  test('also when the process is killed before it says so', async () => {
    const { prisma } = place.store;
    const asked = Array.from({ length: many }, (_, at) =>
      slack.say(general, anna, `<@${botUser}> ${at}: what is the hotel budget in Paris per night?`),
    );
    await eventually(() => expect(asked.findLast(stopOf)).toBeTruthy());
    const waiting = asked.findLast(stopOf)!;
    slack.press(general, anna, stopOf(waiting)!);
    const messageKey = `slack:T1:${general.id}:${waiting.ts}`;
    await vi.waitFor(
      async () => {
        const found = await prisma.question.findUnique({ where: { messageKey } });
        expect(JSON.stringify(found?.replyTarget ?? 'said')).toMatch(/"stopped":true|said/);
      },
      { timeout: 60_000, interval: 2 },
    );
    await product.kill();
    await product.start();
    await oneReply(waiting, /^Stopped\.$/);
    for (const message of asked.filter((one) => one !== waiting)) await oneReply(message, /180 euros/);
  });
});
