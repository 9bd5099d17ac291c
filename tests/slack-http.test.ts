/** Slack over HTTP, end to end: the whole product and its web server in a process of its own, the real model. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { botUser, type FakeMessage, type FakeSlack, startFakeSlack } from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { type TestStore, testStore } from './setup/database.ts';
import { freePort } from './setup/free-port.ts';

const mention = `<@${botUser}>`;
const question = `${mention} What is the hotel budget per night?`;
let place: TestStore;
let slack: FakeSlack;
let product: ChatProduct;
let port: number;

const start = async (): Promise<void> => {
  expect(await product.start()).toEqual(['Slack: connected to Acme as @docent, over HTTP']);
};
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

beforeAll(async () => {
  const { folder } = await testBase();
  place = await testStore();
  slack = await startFakeSlack();
  slack.addUser('UANNA');
  slack.addChannel('CGENERAL', {}, ['UANNA']);
  port = await freePort();
  slack.state.requestUrl = `http://127.0.0.1:${port}/slack/events`;
  const { SLACK_APP_TOKEN: _, ...environment } = slack.environment;
  product = chatProduct(place, folder, {
    ...environment,
    SLACK_SIGNING_SECRET: slack.state.signingSecret,
    DOCENT_PORT: String(port),
  });
  await start();
}, 120_000);
afterAll(async () => {
  await product?.kill();
  await slack?.close();
  await place?.dispose();
});

const channel = () => slack.channels.get('CGENERAL')!;
const anna = () => slack.users.get('UANNA')!;
const repliesTo = (message: FakeMessage): readonly FakeMessage[] =>
  slack.said(message.channel).filter(({ thread_ts }) => thread_ts === message.ts);
const oneAnswer = (message: FakeMessage, words: RegExp) =>
  eventually(() => {
    expect(repliesTo(message).map(({ text }) => text)).toEqual([expect.stringMatching(words)]);
  });

const request = (body: string, headers: Record<string, string>, path = '/slack/events') =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
const signed = (body: string, { secret = slack.state.signingSecret, ageS = 0 } = {}) => {
  const time = String(Math.floor(Date.now() / 1000) - ageS);
  const digest = createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${digest}` };
};

test('files, questions, commands and votes arrive, and are told “received”', async () => {
  const content = '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n';
  await oneAnswer(slack.say(channel(), anna(), '', { files: [{ name: 'travel.md', content }] }), /travel\.md: learned/);
  const asked = slack.say(channel(), anna(), question, { events: ['message', 'app_mention', 'message'] });
  await oneAnswer(asked, /140 euros[\s\S]*travel\.md/);
  slack.command(channel(), anna(), 'documents');
  await eventually(() => expect(JSON.stringify(slack.responses)).toContain('travel.md'));
  const { id } = await place.store.prisma.answer.findFirstOrThrow();
  slack.vote(repliesTo(asked)[0]!, anna(), `up:${id}`);
  await eventually(() => expect(slack.unacknowledged.size).toBe(0));
});

test('only what Slack signed, a moment ago, is taken', async () => {
  const body = JSON.stringify({ type: 'url_verification', challenge: 'c1' });
  const answered = await request(body, signed(body));
  expect([answered.status, await answered.json()]).toEqual([200, { challenge: 'c1' }]);
  const refused = [{}, signed(body, { secret: 'wrong' }), signed(body, { ageS: 600 }), signed(`${body} `)];
  for (const headers of refused) expect((await request(body, headers)).status).toBe(401);
  expect((await request('{', signed('{'))).status).toBe(400);
  expect((await request(body, signed(body), '/slack/other')).status).toBe(404);
  const long = 'x'.repeat(1024 * 1024 + 1);
  expect((await request(long, signed(long)).catch(() => ({ status: 413 }))).status).toBe(413);
});

test('killed before it was told “received”: sent again, answered once', async () => {
  const reached = slack.stopAt('before', 'chat.postMessage');
  const asked = slack.say(channel(), anna(), question);
  await reached;
  await product.kill();
  const missed = slack.say(channel(), anna(), question);
  await eventually(() => expect(slack.unacknowledged.size).toBeGreaterThan(0));
  await start();
  await slack.sendAgain();
  for (const message of [asked, missed]) await oneAnswer(message, /140 euros/);
  expect(slack.unacknowledged.size).toBe(0);
  await slack.sendAgain();
  await oneAnswer(slack.say(channel(), anna(), question), /140 euros/);
  for (const message of [asked, missed]) expect(repliesTo(message)).toHaveLength(1);
});
