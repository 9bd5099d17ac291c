/** Slack end to end: the whole product with the real model in a process of its own, which is killed at every step. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { botUser, type FakeMessage, type FakeSlack, startFakeSlack } from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { descendantRunning } from './setup/child-processes.ts';
import { type TestStore, testStore } from './setup/database.ts';

const mention = `<@${botUser}>`;
const travel = {
  name: 'travel.md',
  content: '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n',
};
const question = `${mention} What is the hotel budget per night?`;

let place: TestStore;
let slack: FakeSlack;
let product: ChatProduct;

const start = async (): Promise<void> => {
  expect(await product.start()).toEqual(['Slack: connected to Acme as @docent']);
};
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

beforeAll(async () => {
  const { folder } = await testBase();
  place = await testStore();
  slack = await startFakeSlack();
  slack.addUser('UANNA');
  slack.addChannel('CGENERAL', {}, ['UANNA']);
  product = chatProduct(place, folder, slack.environment);
  await start();
});
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

test('a file shared in a channel is learned, and questions are answered from it with their source', async () => {
  const shared = slack.say(channel(), anna(), '', { files: [travel] });
  await oneAnswer(shared, /travel\.md: learned \d+ section/);
  const asked = slack.say(channel(), anna(), question);
  await oneAnswer(asked, /140 euros[\s\S]*travel\.md/);
  expect(repliesTo(asked)[0]!.versions[0]).toContain('Looking');
});

test('pasted snippets without a title are learned, each as a document of its own', async () => {
  for (const content of ['The parking permit costs 35 euros a month.', 'The gym opens at 6 in the morning.']) {
    const files = [{ name: 'Untitled', content, mimetype: 'text/plain', mode: 'snippet' as const }];
    const shared = slack.say(channel(), anna(), '', { files });
    await oneAnswer(shared, /message \d{4}-\d\d-\d\d \w+\.txt: learned 1 section/);
  }
  await oneAnswer(slack.say(channel(), anna(), `${mention} How much is the parking permit?`), /35 euros/);
  await oneAnswer(slack.say(channel(), anna(), `${mention} When does the gym open?`), /\b6\b/);
});

test('a canvas is learned like a file, though Slack gives it as a page', async () => {
  const content = '<h1>Parking</h1><p>The visitors park in bay 12.</p>';
  const files = [{ name: 'Parking', content, mimetype: 'application/vnd.slack-docs', mode: 'quip' as const }];
  const shared = slack.say(channel(), anna(), '', { files });
  await eventually(() => expect(repliesTo(shared)[0]?.text).toMatch(/✓ Parking\.html: learned 1 section/));
  const asked = slack.say(channel(), anna(), `${mention} Where do visitors park?`);
  await eventually(() => expect(repliesTo(asked)[0]?.text).toMatch(/bay 12/));
});

test('the same event twice, a rate limit and a 500 after posting: one answer', async () => {
  slack.misbehave('chat.postMessage', { how: 'rate-limit', retryAfterS: 1 });
  const asked = slack.say(channel(), anna(), question, { events: ['message', 'app_mention', 'message'] });
  await oneAnswer(asked, /140 euros/);
  slack.misbehave('chat.postMessage', { how: 'fail-after' });
  const again = slack.say(channel(), anna(), question);
  await oneAnswer(again, /140 euros/);
});

/** Asks while the model's process is stopped, until the asker has been told that it takes longer. */
async function askStalledModel() {
  const model = descendantRunning(product.process().pid!, 'inference/worker');
  process.kill(model, 'SIGSTOP');
  const asked = slack.say(channel(), anna(), question);
  await oneAnswer(asked, /longer than usual/);
  return { model, asked };
}

test('a model that stands still: the asker is told, and gets the one answer when it goes on', async () => {
  const { model, asked } = await askStalledModel();
  process.kill(model, 'SIGCONT');
  await oneAnswer(asked, /140 euros/);
});

test('a model that hangs and is replaced in the middle of a question: the one answer comes from the next', async () => {
  const { model, asked } = await askStalledModel();
  process.kill(model, 'SIGKILL');
  await oneAnswer(asked, /140 euros/);
  expect(descendantRunning(product.process().pid!, 'inference/worker')).not.toBe(model);
});

test('many at once: each has one answer, whoever waits knows it, and nobody waits for all of another’s', async () => {
  const ben = slack.addUser('UBEN');
  channel().members.add(ben.id);
  const all = Array.from({ length: 30 }, (_, i) => slack.say(channel(), anna(), `${question} (${i})`));
  const last = slack.say(channel(), ben, question);
  await oneAnswer(last, /140 euros/);
  const answered = all.filter((asked) => repliesTo(asked)[0]?.text.includes('140 euros'));
  expect(answered.length).toBeLessThan(all.length);
  for (const asked of all) await oneAnswer(asked, /140 euros/);
  expect(all.flatMap((asked) => repliesTo(asked)[0]!.versions).join()).toMatch(/You are number \d+ in the queue/);
});

test('what only a private channel’s document says is not told in an open channel', async () => {
  const secret = slack.addChannel('GSECRET', { is_private: true }, ['UANNA']);
  const file = { name: 'merger.md', content: '# Merger\n\nThe code name of the merger is Bluebird.\n' };
  const shared = slack.say(secret, anna(), '', { files: [file] });
  await oneAnswer(shared, /merger\.md: learned/);
  const inside = slack.say(secret, anna(), `${mention} What is the code name of the merger?`);
  await oneAnswer(inside, /Bluebird/);
  for (const text of ['What is the code name of the merger?', 'Bluebird', 'mergr code nme', 'What can you do?']) {
    const asked = slack.say(channel(), anna(), `${mention} ${text}`);
    await eventually(() => expect(repliesTo(asked)[0]?.versions.length).toBeGreaterThan(1));
    const { text: said, blocks } = repliesTo(asked)[0]!;
    expect(`${said}${JSON.stringify(blocks)}`).not.toMatch(/bluebird|merger\.md/i);
  }
  slack.command(channel(), anna(), 'documents');
  await eventually(() => expect(JSON.stringify(slack.responses)).toContain('travel.md'));
  expect(JSON.stringify(slack.responses)).not.toContain('merger.md');
});

for (const [where, method] of [
  ['before', 'conversations.info'],
  ['before', 'chat.postMessage'],
  ['inside', 'chat.postMessage'],
  ['after', 'chat.postMessage'],
  ['inside', 'chat.update'],
  ['after', 'chat.update'],
] as const)
  test(`killed ${where} ${method}: the next process gives the one answer`, async () => {
    // A fresh process has no memory of the channel, so it asks for it.
    await product.kill();
    await start();
    const reached = slack.stopAt(where, method);
    const asked = slack.say(channel(), anna(), question);
    await reached;
    await product.kill();
    await start();
    await oneAnswer(asked, /140 euros/);
    // Whatever else the new process had to make up for is through as well, and there is still one.
    await eventually(() => expect(slack.unacknowledged.size).toBe(0));
    const witness = slack.say(channel(), anna(), question);
    await oneAnswer(witness, /140 euros/);
    expect(repliesTo(asked)).toHaveLength(1);
  });

for (const method of ['files.list', 'chat.update'])
  test(`killed inside ${method} while it reads a channel that it came into: one hello, and the file is read`, async () => {
    const place = `CNEW${method.length}`;
    const fresh = slack.addChannel(place, {}, ['UANNA']);
    const content = `# Sauna\n\n## Temperature\n\nThe sauna of ${place} is heated to ${70 + method.length} degrees.\n`;
    slack.say(fresh, anna(), '', { files: [{ name: `sauna-${place}.md`, content }], events: [] });
    const reached = slack.stopAt('inside', method);
    slack.event({ type: 'member_joined_channel', channel: fresh.id, user: botUser, inviter: 'UANNA' });
    await reached;
    await product.kill();
    await start();
    // What was shared a moment ago has a line of its own, too, in its thread.
    const hellos = () => slack.said(fresh.id).filter(({ thread_ts }) => !thread_ts);
    await eventually(() =>
      expect(hellos().map(({ text }) => text)).toEqual([expect.stringMatching(/^Hello![\s\S]*1 file: 1 learned/)]),
    );
    await eventually(() => expect(slack.unacknowledged.size).toBe(0));
    const witness = slack.say(fresh, anna(), `${mention} How hot is the sauna of ${place}?`);
    await oneAnswer(witness, new RegExp(`${70 + method.length} degrees`));
    expect(hellos()).toHaveLength(1);
  });
