/** Several Slack workspaces on one Docent: they install the app themselves, and hear nothing of each other. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { botUser, type FakeChannel, type FakeSlack, type FakeUser, startFakeSlack } from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { type TestStore, testStore } from './setup/database.ts';
import { freePort } from './setup/free-port.ts';

let place: TestStore;
let slack: FakeSlack;
let product: ChatProduct;
let base: string;
let acme: FakeChannel;
let beta: FakeChannel;
let anna: FakeUser;
let ben: FakeUser;
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

beforeAll(async () => {
  const { folder } = await testBase();
  place = await testStore();
  slack = await startFakeSlack();
  slack.addTeam('T2', 'Beta');
  anna = slack.addUser('UANNA');
  ben = slack.addUser('UBEN', { team_id: 'T2' });
  acme = slack.addChannel('CACME', {}, [anna.id]);
  beta = slack.addChannel('CBETA', { team: 'T2' }, [ben.id]);
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  slack.state.redirectUrl = `${base}/slack/oauth_redirect`;
  slack.state.requestUrl = `${base}/slack/events`;
  product = chatProduct(place, folder, {
    SLACK_API_URL: slack.environment.SLACK_API_URL,
    SLACK_CLIENT_ID: 'client-1',
    SLACK_CLIENT_SECRET: 'client-secret',
    SLACK_SIGNING_SECRET: slack.state.signingSecret,
    DOCENT_PORT: String(port),
    DOCENT_LEARN: 'off',
  });
});
afterAll(async () => {
  await product?.kill();
  await slack?.close();
  await place?.dispose();
});

/** What a browser does: to Slack, and back with its cookie. */
async function install(team: string, { cookies = true } = {}): Promise<{ status: number; text: string }> {
  slack.state.installs = team;
  const begun = await fetch(`${base}/slack/install`, { redirect: 'manual' });
  expect(begun.status).toBe(302);
  const consent = new URL(begun.headers.get('location')!);
  expect(consent.searchParams.get('scope')?.split(',')).toContain('chat:write');
  const allowed = await fetch(consent, { redirect: 'manual' });
  const cookie = begun.headers.getSetCookie().map((one) => one.split(';')[0]!);
  const done = await fetch(allowed.headers.get('location')!, cookies ? { headers: { cookie: cookie.join('; ') } } : {});
  return { status: done.status, text: await done.text() };
}
const said = (channel: FakeChannel, thread: string) =>
  slack.said(channel.id).filter(({ thread_ts }) => thread_ts === thread);
const ask = (channel: FakeChannel, user: FakeUser) =>
  slack.say(channel, user, `<@${botUser}> What is the hotel budget per night?`);
const share = async (channel: FakeChannel, user: FakeUser, euros: number): Promise<void> => {
  const content = `# Travel\n\n## Hotels\n\nThe hotel budget is ${euros} euros per night.\n`;
  const { ts } = slack.say(channel, user, '', { files: [{ name: 'travel.md', content }] });
  await eventually(() => expect(said(channel, ts)[0]?.text).toMatch(/learned/));
};
const answered = async (channel: FakeChannel, user: FakeUser, words: RegExp): Promise<void> => {
  const { ts } = ask(channel, user);
  await eventually(() => expect(said(channel, ts).map(({ text }) => text)).toEqual([expect.stringMatching(words)]));
};

test('each installs it in its browser, and is answered from its own documents only', async () => {
  expect(await product.start()).toEqual(['Slack: no workspace yet; install it at /slack/install, over HTTP']);
  expect(await install('T1')).toMatchObject({ status: 200, text: expect.stringContaining('Docent is in Acme') });
  expect((await install('T2')).text).toContain('Docent is in Beta');
  await share(acme, anna, 140);
  await answered(beta, ben, /no documents here yet/);
  await share(beta, ben, 95);
  await answered(acme, anna, /140 euros/);
  await answered(beta, ben, /95 euros/);
});

test('a button that somebody of another workspace presses counts where its message stands', async () => {
  const { ts } = ask(beta, ben);
  await eventually(() => expect(said(beta, ts)[0]?.text).toMatch(/95 euros/));
  const [reply] = said(beta, ts);
  const [, value] = /"value":"(up:[^"]+)"/.exec(JSON.stringify(reply!.blocks))!;
  slack.vote(reply!, anna, value!);
  const answerId = value!.slice('up:'.length);
  await vi.waitFor(
    async () =>
      expect(await place.store.prisma.feedback.findMany({ where: { answerId } })).toMatchObject([
        { vote: 1, userId: anna.id },
      ]),
    { timeout: 60_000 },
  );
});

test('another browser than the one that began is refused, and nothing is kept', async () => {
  slack.addTeam('T3', 'Gamma');
  expect(await install('T3', { cookies: false })).toMatchObject({ status: 400 });
  expect(await place.store.prisma.slackInstallation.count()).toBe(2);
});

test('tokens are sealed in the database; killed, it knows its workspaces and owes none an answer', async () => {
  const rows = await place.store.prisma.slackInstallation.findMany();
  expect(JSON.stringify(rows)).not.toContain('xoxb');
  const question = ask(beta, ben);
  const key = `slack:T2:${beta.id}:${question.ts}`;
  await vi.waitFor(
    async () => expect(await place.store.prisma.question.count({ where: { messageKey: key } })).toBe(1),
    { timeout: 60_000, interval: 2 },
  );
  await product.kill();
  expect(await product.start()).toEqual(['Slack: connected to Acme as @docent, Beta as @docent, over HTTP']);
  await slack.sendAgain();
  await eventually(() =>
    expect(said(beta, question.ts).map(({ text }) => text)).toEqual([expect.stringMatching(/95/)]),
  );
});

test('a workspace that removes it is heard no more; the other one is', async () => {
  slack.event({ type: 'app_uninstalled', team: 'T2', channel: beta.id });
  await vi.waitFor(
    async () => expect(await place.store.prisma.slackInstallation.findMany()).toMatchObject([{ teamId: 'T1' }]),
    { timeout: 60_000 },
  );
  const unheard = ask(beta, ben);
  await answered(acme, anna, /140 euros/);
  expect(said(beta, unheard.ts)).toEqual([]);
  expect(await place.store.prisma.workspace.findFirst({ where: { externalId: 'T2' } })).toMatchObject({
    removedAt: expect.any(Date),
  });
});
