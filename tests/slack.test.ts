/** The Slack adapter with the real Bolt client, against a Slack that speaks the real protocol. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type {
  ChatAdapter,
  ChatHandlers,
  IncomingCommand,
  IncomingCorrection,
  IncomingJoin,
  IncomingMessage,
  IncomingPress,
  IncomingTeaching,
  ReplyContent,
} from '../src/chat/contract.ts';
import { commandNames } from '../src/chat/slack/inbound.ts';
import { createSlackAdapter } from '../src/chat/slack/index.ts';
import { agentScope, botEvents, botScopes, messageShortcuts } from '../src/chat/slack/permissions.ts';
import { renderReply, split, toMrkdwn } from '../src/chat/slack/render.ts';
import { loadConfig } from '../src/config.ts';
import { botUser, type FakeSlack, startFakeSlack } from './fakes/slack/index.ts';

const log = pino({ level: 'fatal' });
const fast = {
  retryDelaysMs: [10, 20, 40, 80],
  reconnectDelaysMs: [10, 20, 50],
  editGapMs: 5,
  twinWaitMs: 200,
  fileSettleMs: 50,
};
const mention = `<@${botUser}>`;

const answer = (text: string): ReplyContent => ({
  text,
  sources: [
    {
      document: 'handbook.md',
      documentId: 'd1',
      section: '4.2 Leave',
      page: null,
      quote: '25 days',
      start: 0,
      end: 7,
      url: 'https://acme.slack.com/files/F1',
    },
  ],
  answerId: 'a1',
  tone: 'answer',
});

/** Answers every addressed message once, as the chat service does, with a record that outlives adapters. */
function createRecorder() {
  const messages: IncomingMessage[] = [];
  const commands: IncomingCommand[] = [];
  const votes: unknown[] = [];
  const corrections: IncomingCorrection[] = [];
  const presses: IncomingPress[] = [];
  const stops: string[] = [];
  const changedFiles: string[] = [];
  const teachings: IncomingTeaching[] = [];
  const joins: IncomingJoin[] = [];
  const edits: string[] = [];
  const left: string[] = [];
  const actions = [{ kind: 'teach', subject: 'f1', label: 'Teach this' }] as const;
  const deleted: string[] = [];
  const changed: unknown[] = [];
  const known = new Set<string>();
  const ownThreads = new Set<string>();
  let adapter: ChatAdapter | null = null;
  let hold: Promise<void> = Promise.resolve();
  const handlers: ChatHandlers = {
    async message(message) {
      await hold;
      if (known.has(message.key)) return;
      known.add(message.key);
      messages.push(message);
      if (!message.addressed) return;
      ownThreads.add(message.place.thread);
      const reply = adapter!.open(message.target, message.key);
      void (async () => {
        await reply.progress('Looking…');
        for (;;) {
          try {
            return await reply.finish(answer(`Answer to: ${message.text}`));
          } catch {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      })();
    },
    async command(command) {
      if (known.has(command.key)) return;
      known.add(command.key);
      commands.push(command);
      const content: ReplyContent = { text: 'Help <here>', sources: [], answerId: null, tone: 'info' };
      await adapter!.open(command.target, command.key).finish(content);
    },
    feedback: async (vote) => void votes.push(vote),
    correct: async (correction) => {
      corrections.push(correction);
      await adapter!.open(correction.target, correction.key).finish({ ...answer('Thank you'), actions });
    },
    press: async (press) => void presses.push(press),
    teach: async (teaching) => void teachings.push(teaching),
    stop: async ({ key, place, person }) => void stops.push(`${key} ${place.thread} ${person.id}`),
    home: async () => ({ examples: ['How many days?'], sections: [answer('Hello'), answer('Documents')] }),
    joined: async (join) => void joins.push(join),
    titles: async () => [],
    workspaceLeft: async ({ workspace }) => void left.push(workspace.externalId),
    workspacesPresent: async () => undefined,
    messageEdited: async (key, text) => void edits.push(`${key} ${text}`),
    fileChanged: async (file) =>
      void changedFiles.push(`${file.key} ${new TextDecoder().decode(await file.download())}`),
    fileDeleted: async (_place, key) => void deleted.push(key),
    channelChanged: async ({ channel }) => void changed.push(channel),
    isOwnThread: async ({ thread }) => ownThreads.has(thread),
    isKnown: async (key) => known.has(key),
  };
  return {
    handlers,
    messages,
    commands,
    votes,
    corrections,
    presses,
    teachings,
    stops,
    changedFiles,
    joins,
    edits,
    left,
    deleted,
    changed,
    known,
    use: (one: ChatAdapter) => (adapter = one),
    hold: (until: Promise<void>) => (hold = until),
  };
}

let slack: FakeSlack;
let seen: ReturnType<typeof createRecorder>;
const adapters: ChatAdapter[] = [];
const stored = new Map<string, string>();
const notes = {
  get: async (key: string) => stored.get(key) ?? null,
  set: async (key: string, value: string | null) => void (value === null ? stored.delete(key) : stored.set(key, value)),
};

const connect = async (environment: Record<string, string> = {}): Promise<ChatAdapter> => {
  const config = loadConfig({ ...slack.environment, ...environment }, '/');
  const adapter = createSlackAdapter({ config, notes, log, ...fast });
  adapters.push(adapter);
  seen.use(adapter);
  await adapter.start(seen.handlers);
  return adapter;
};
const setUp = () => {
  const anna = slack.addUser('UANNA', { is_admin: true });
  const ben = slack.addUser('UBEN');
  const general = slack.addChannel('CGENERAL', {}, ['UANNA', 'UBEN']);
  const secret = slack.addChannel('GSECRET', { is_private: true }, ['UANNA']);
  const direct = slack.addChannel('DANNA', { is_im: true, user: 'UANNA' }, ['UANNA']);
  return { anna, ben, general, secret, direct };
};
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 10 });
const allAcknowledged = () => eventually(() => expect(slack.unacknowledged.size).toBe(0));

beforeEach(async () => {
  stored.clear();
  slack = await startFakeSlack();
  seen = createRecorder();
});
afterEach(async () => {
  for (const adapter of adapters.splice(0)) await adapter.stop();
  await slack.close();
});

describe('a mention', () => {
  test('shows progress, then turns it into the answer with sources, in its thread', async () => {
    const { general, anna } = setUp();
    const adapter = await connect();
    expect(adapter.describe()).toBe('Slack: connected to Acme as @docent');
    const asked = slack.say(general, anna, `${mention} how many days &amp; hours?`);
    await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('Answer to'));
    await allAcknowledged();
    const [reply, ...others] = slack.said(general.id);
    expect(others).toEqual([]);
    expect(reply!.thread_ts).toBe(asked.ts);
    expect(reply!.versions[0]).toContain('Looking');
    expect(reply!.text).toContain('Answer to: how many days &amp; hours?');
    expect(reply!.text).toContain('<https://acme.slack.com/files/F1|handbook.md › 4.2 Leave>');
    expect(JSON.stringify(reply!.blocks)).toContain('feedback_buttons');
    expect(slack.calls.find(({ method }) => method === 'chat.postMessage')?.parameters.unfurl_links).toBe('false');
    expect(seen.messages).toHaveLength(1);
    expect(seen.messages[0]).toMatchObject({
      key: `slack:T1:CGENERAL:${asked.ts}`,
      text: 'how many days & hours?',
      person: { id: 'UANNA', isAdmin: true },
      place: { channel: { visibility: 'open' }, restricted: false, thread: asked.ts },
    });
  });

  for (const events of [['app_mention', 'message'], ['message', 'app_mention'], ['app_mention'], ['message']] as const)
    test(`with a file, told as ${events.join(' then ')}: one message that carries the file`, async () => {
      const { general, anna } = setUp();
      await connect();
      slack.say(general, anna, `${mention} read this`, { files: [{ name: 'a.md', content: '# Hello' }], events });
      await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('Answer to'));
      await allAcknowledged();
      expect(seen.messages).toHaveLength(1);
      expect(seen.messages[0]!.files.map(({ name }) => name)).toEqual(['a.md']);
      expect(new TextDecoder().decode(await seen.messages[0]!.files[0]!.download())).toBe('# Hello');
      expect(slack.said(general.id)).toHaveLength(1);
    });

  test('that cannot be read again waits for its twin', async () => {
    const { general, anna } = setUp();
    await connect();
    slack.misbehave('conversations.history', { how: 'refuse', error: 'missing_scope' }, 9);
    const file = { name: 'a.md', content: 'x' };
    slack.say(general, anna, `${mention} read this`, { files: [file], events: ['app_mention', 'message'] });
    await eventually(() => expect(seen.messages).toHaveLength(1));
    expect(seen.messages[0]!.files).toHaveLength(1);
  });
});

describe('what is for the bot', () => {
  test('direct messages, follow-ups in its threads, files; not talk, bots, itself or edits', async () => {
    const { general, direct, anna, ben } = setUp();
    const robot = slack.addUser('UROBOT', { is_bot: true });
    await connect();
    slack.say(direct, anna, 'hello there');
    await eventually(() => expect(seen.messages.at(-1)?.place.channel.visibility).toBe('direct'));
    const root = slack.say(general, anna, `${mention} first`);
    await eventually(() => expect(seen.messages).toHaveLength(2));
    slack.say(general, ben, 'and then?', { thread: root.ts });
    await eventually(() => expect(seen.messages.at(-1)).toMatchObject({ text: 'and then?', addressed: true }));
    slack.say(general, ben, 'what do you think, <@UANNA>?', { thread: root.ts });
    slack.say(general, ben, 'just talk');
    slack.say(general, ben, 'a photo', { files: [{ name: 'x.png', content: 'p', mimetype: 'image/png' }] });
    slack.event({
      type: 'message',
      channel: general.id,
      user: robot.id,
      bot_id: 'BX',
      text: `${mention} hi`,
      ts: '9.1',
    });
    slack.event({ type: 'message', subtype: 'message_changed', hidden: true, channel: general.id, ts: '9.2' });
    slack.say(general, ben, '', { files: [{ name: 'b.md', content: 'b' }] });
    await eventually(() => expect(seen.messages.at(-1)?.files[0]?.name).toBe('b.md'));
    await allAcknowledged();
    expect(seen.messages.at(-1)).toMatchObject({ addressed: false });
    expect(seen.messages).toHaveLength(4);
  });

  test('commands answer only the one who typed, votes and deletions arrive', async () => {
    const { general, anna, ben } = setUp();
    await connect({ DOCENT_ADMINS: 'slack:UBEN' });
    slack.command(general, ben, 'status');
    slack.command(general, ben, 'what?');
    await eventually(() => expect(seen.commands.map(({ name }) => name)).toEqual(['status', 'help']));
    expect(seen.commands[0]!.person.isAdmin).toBe(true);
    await eventually(() => expect(slack.responses).toHaveLength(2));
    expect(slack.responses[0]).toMatchObject({ response_type: 'ephemeral', text: 'Help &lt;here&gt;' });
    const asked = slack.say(general, anna, `${mention} q`);
    await eventually(() => expect(slack.said(general.id)).toHaveLength(1));
    slack.vote(slack.said(general.id)[0]!, ben, 'down:a1');
    await eventually(() =>
      expect(seen.votes).toEqual([
        expect.objectContaining({ answerId: 'a1', vote: -1, place: expect.objectContaining({ thread: asked.ts }) }),
      ]),
    );
    slack.event({ type: 'file_deleted', file_id: 'F9' });
    const gone = { subtype: 'message_deleted', previous_message: { files: [{ id: 'F8' }] } };
    slack.event({ type: 'message', channel: general.id, ts: '9.3', ...gone });
    await eventually(() => expect([...seen.deleted].sort()).toEqual(['slack:T1:F8', 'slack:T1:F9']));
    await allAcknowledged();
  });
});

describe('a wrong answer', () => {
  test('opens a form, whose words arrive once and are answered to their giver only', async () => {
    const { general, anna, ben } = setUp();
    await connect();
    const asked = slack.say(general, anna, `${mention} q`);
    await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('Answer to'));
    slack.vote(slack.said(general.id)[0]!, ben, 'up:a1');
    slack.vote(slack.said(general.id)[0]!, ben, 'down:a1');
    await eventually(() => expect(slack.views).toHaveLength(1));
    slack.submit(slack.views[0]!, ben, { correction: '30 days', reason: 'out of date' });
    await eventually(() => expect(slack.whispers).toHaveLength(1));
    await allAcknowledged();
    expect(seen.corrections).toEqual([
      expect.objectContaining({
        answerId: 'a1',
        correction: '30 days',
        reason: 'out of date',
        person: { id: 'UBEN', isAdmin: false },
        place: expect.objectContaining({ thread: asked.ts }),
      }),
    ]);
    const [whisper] = slack.whispers;
    expect(whisper).toMatchObject({ channel: general.id, user: 'UBEN', text: expect.stringContaining('Thank you') });
    expect(slack.said(general.id)).toHaveLength(1);

    slack.press(general, ben, { action_id: 'docent_press:0', value: 'teach:f1' });
    slack.press(general, ben, { action_id: 'docent_press:0', value: 'of:others' });
    await eventually(() => expect(seen.presses).toHaveLength(1));
    await allAcknowledged();
    expect(JSON.stringify(whisper!.blocks)).toContain('"teach:f1"');
    expect(seen.presses).toEqual([
      expect.objectContaining({
        action: { kind: 'teach', subject: 'f1' },
        target: expect.objectContaining({ kind: 'message', channel: general.id }),
      }),
    ]);
  });

  test('counts where the form cannot open; its giver hears of it in private where the channel takes nothing', async () => {
    const { general, anna, ben } = setUp();
    await connect();
    slack.say(general, anna, `${mention} q`);
    await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('Answer to'));
    const [reply] = slack.said(general.id);
    slack.misbehave('views.open', { how: 'refuse', error: 'expired_trigger_id' });
    slack.vote(reply!, ben, 'down:a1');
    await eventually(() => expect(seen.votes).toHaveLength(1));
    slack.vote(reply!, ben, 'down:a1');
    await eventually(() => expect(slack.views).toHaveLength(1));
    slack.misbehave('chat.postEphemeral', { how: 'refuse', error: 'user_not_in_channel' });
    slack.submit(slack.views[0]!, ben, { correction: '30 days' });
    await eventually(() =>
      expect(slack.said('UBEN').map(({ text }) => text)).toEqual([expect.stringMatching(/Thank you/)]),
    );
    await allAcknowledged();
  });
});

describe('an invitation', () => {
  test('into a channel is told with what was shared there before; one of other people is not', async () => {
    const { general, anna, ben } = setUp();
    const adapter = await connect();
    for (let i = 0; i < 120; i++)
      slack.say(general, anna, '', { files: [{ name: `${i}.md`, content: `${i}` }], events: [] });
    slack.say(general, anna, '', { files: [{ name: 'x.png', content: 'p', mimetype: 'image/png' }], events: [] });
    slack.misbehave('files.list', { how: 'rate-limit', retryAfterS: 1 });
    slack.event({ type: 'member_joined_channel', channel: general.id, user: ben.id });
    slack.event({ type: 'member_joined_channel', channel: general.id, user: botUser, inviter: anna.id });
    await eventually(() => expect(seen.joins).toHaveLength(1));
    await allAcknowledged();
    expect(seen.joins[0]).toMatchObject({ why: 'joined', place: { channel: { externalId: general.id } } });
    const files = (await adapter.earlierFiles(seen.joins[0]!.place))!;
    expect(files.map(({ name }) => name)).toEqual(Array.from({ length: 120 }, (_, i) => `${i}.md`));

    const reply = adapter.open(seen.joins[0]!.target, 'hello');
    await reply.progress('Reading…');
    await reply.finish(answer('Hello!'));
    const again = adapter.open({ ...seen.joins[0]!.target, boot: 'earlier' }, 'hello');
    await again.finish(answer('Hello again!'));
    expect(slack.said(general.id).map(({ text, thread_ts: thread }) => [text.split('\n')[0], thread])).toEqual([
      ['Hello again!', undefined],
    ]);
  });
});

describe('an app that is removed', () => {
  test('says so, also by its tokens', async () => {
    await connect();
    slack.event({ type: 'tokens_revoked', tokens: { oauth: ['UANNA'], bot: [] } });
    slack.event({ type: 'app_uninstalled' });
    slack.event({ type: 'tokens_revoked', tokens: { bot: ['UBOT'] } });
    await eventually(() => expect(seen.left).toEqual(['T1', 'T1']));
    await allAcknowledged();
  });
});

describe('shortcuts of a message', () => {
  test('make it a question of the one who chose it, or a document that follows it', async () => {
    const { general, anna, ben } = setUp();
    await connect();
    const root = slack.say(general, anna, 'a talk');
    const file = { name: 'a.md', content: 'x' };
    const said = slack.say(general, anna, 'where do &lt;we&gt; meet?', { thread: root.ts, files: [file], events: [] });
    slack.shortcut(said, ben, 'docent_ask');
    await eventually(() =>
      expect(slack.said(general.id).at(-1)?.text).toContain('Answer to: where do &lt;we&gt; meet?'),
    );
    expect(slack.said(general.id)[0]!.thread_ts).toBe(root.ts);
    expect(seen.messages[0]).toMatchObject({ person: { id: 'UBEN' }, place: { thread: root.ts }, files: [] });

    slack.shortcut(said, ben, 'docent_teach');
    await eventually(() => expect(seen.teachings).toHaveLength(1));
    const key = `slack:T1:CGENERAL:${said.ts}`;
    expect(seen.teachings[0]).toMatchObject({
      person: { id: 'UBEN' },
      message: { key, text: 'where do <we> meet?', url: expect.stringContaining('/archives/CGENERAL/p') },
      files: [{ name: 'a.md' }],
    });
    slack.edit(said, 'at *noon*');
    slack.remove(said);
    await eventually(() => expect(seen.deleted).toEqual([expect.stringMatching(/^slack:T1:F/), key]));
    expect(seen.edits).toEqual([`${key} at *noon*`]);
    await allAcknowledged();
  });
});

describe('who reads along', () => {
  test('private, shared and group channels are closed; guests make any restricted; membership is asked', async () => {
    const { general, secret, anna, ben } = setUp();
    const shared = slack.addChannel('CSHARED', { is_ext_shared: true, is_shared: true }, ['UANNA']);
    const group = slack.addChannel('GGROUP', { is_mpim: true }, ['UANNA', 'UBEN']);
    const adapter = await connect();
    const places = new Map<string, unknown>();
    for (const channel of [general, secret, shared, group]) {
      slack.say(channel, anna, `${mention} hi`);
      await eventually(() => expect(seen.messages.at(-1)?.place.channel.externalId).toBe(channel.id));
      const { place } = seen.messages.at(-1)!;
      places.set(channel.id, [place.channel.visibility, place.restricted]);
    }
    expect(Object.fromEntries(places)).toEqual({
      CGENERAL: ['open', false],
      GSECRET: ['closed', false],
      CSHARED: ['closed', true],
      GGROUP: ['closed', false],
    });
    expect([...(await adapter.closedChannelsOf('T1', 'UANNA'))].sort()).toEqual(['CSHARED', 'GGROUP', 'GSECRET']);
    expect(await adapter.closedChannelsOf('T1', 'UBEN')).toEqual(['GGROUP']);

    slack.addUser('UGUEST', { is_restricted: true });
    general.members.add('UGUEST');
    slack.event({ type: 'member_joined_channel', channel: general.id, user: 'UGUEST' });
    secret.members.add('UBEN');
    slack.event({ type: 'member_joined_channel', channel: secret.id, user: 'UBEN' });
    await allAcknowledged();
    slack.say(general, ben, `${mention} again`);
    await eventually(() => expect(seen.messages.at(-1)?.text).toBe('again'));
    expect(seen.messages.at(-1)!.place.restricted).toBe(true);
    expect([...(await adapter.closedChannelsOf('T1', 'UBEN'))].sort()).toEqual(['GGROUP', 'GSECRET']);
    slack.misbehave('users.conversations', { how: 'refuse', error: 'ratelimited' }, 9);
    expect(await adapter.closedChannelsOf('T1', 'UNOBODY')).toEqual([]);

    general.is_private = true;
    slack.event({
      type: 'message',
      subtype: 'channel_convert_to_private',
      channel: general.id,
      user: 'UANNA',
      ts: '9.4',
    });
    await eventually(() =>
      expect(seen.changed).toContainEqual({ externalId: 'CGENERAL', name: 'cgeneral', visibility: 'closed' }),
    );
  });
});

describe('files', () => {
  test('that change are read again once their writer pauses', async () => {
    const { general, anna } = setUp();
    await connect();
    const shared = slack.say(general, anna, '', { files: [{ name: 'a.md', content: 'before' }] });
    await eventually(() => expect(seen.messages).toHaveLength(1));
    const { id } = shared.files![0] as { id: string };
    for (const content of ['bef', 'after']) slack.changeFile(id, content);
    await eventually(() => expect(seen.changedFiles).toEqual([`slack:T1:${id} after`]));
  });

  const download = async (): Promise<unknown> => {
    const { general, anna } = setUp();
    await connect();
    slack.say(general, anna, '', { files: [{ name: 'a.md', content: 'a' }] });
    await eventually(() => expect(seen.messages).toHaveLength(1));
    return seen.messages[0]!.files[0]!.download().catch((error: unknown) => error);
  };

  test('a sign-in page is no document', async () => {
    slack.state.loginPage = true;
    expect(await download()).toMatchObject({ code: 'FILE_LOGIN_PAGE' });
  });

  test('the token goes to no other host, not even by redirect', async () => {
    const other = await startFakeSlack();
    slack.state.redirect = `${other.environment.SLACK_API_URL}stolen`;
    expect(await download()).toMatchObject({ code: 'FILE_FETCH_FAILED' });
    expect(other.calls).toEqual([]);
    await other.close();
  });
});

describe('as an agent', () => {
  const opened = (tab: string, user: string) => slack.event({ type: 'app_home_opened', channel: 'DANNA', user, tab });

  test('the Home tab shows what is here, the Messages tab questions to begin with', async () => {
    const { anna } = setUp();
    slack.addChannel('DANNA', { is_im: true, user: anna.id }, [anna.id]);
    await connect();
    opened('home', anna.id);
    await eventually(() =>
      expect(JSON.stringify(slack.homes.get(anna.id))).toMatch(/Hello.*divider.*Documents.*docent policy/),
    );
    opened('messages', anna.id);
    await eventually(() => expect(slack.suggested.get('DANNA')).toMatchObject([{ message: 'How many days?' }]));
  });

  test('a question that waits can be stopped: Slack shows so until it is answered', async () => {
    const { general, anna } = setUp();
    const adapter = await connect();
    const { ts: thread } = slack.say(general, anna, 'q', { events: [] });
    const target = { platform: 'slack', kind: 'message', boot: 'x', channel: general.id, thread, user: anna.id };
    const reply = adapter.open(target as never, 'k');
    await reply.progress('Number 2…', [{ kind: 'stop', subject: 'q1', label: 'Stop' }]);
    expect(JSON.stringify(slack.said(general.id)[0]?.blocks)).toMatch(/docent_press.*Stop.*stop:q1/);
    slack.event({ type: 'agent_session_stopped', channel: general.id, thread_ts: thread, user: anna.id });
    await eventually(() => expect(seen.stops).toEqual([`slack:T1:${general.id}:${thread} ${thread} ${anna.id}`]));
    await reply.finish(answer('Stopped.'));
    expect(JSON.stringify(slack.said(general.id)[0]?.blocks)).not.toContain('stop:');
    await eventually(() =>
      expect(slack.sessionStates).toEqual([`${general.id} ${thread} processing`, `${general.id} ${thread} active`]),
    );
  });

  test('without agent_view nothing of it is asked of Slack', async () => {
    const { general, anna } = setUp();
    slack.state.scopes = Object.keys(botScopes);
    slack.addChannel('DANNA', { is_im: true, user: anna.id }, [anna.id]);
    await connect();
    slack.say(general, anna, `${mention} q`);
    opened('messages', anna.id);
    await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('Answer to'));
    await allAcknowledged();
    expect(slack.calls.filter(({ method }) => /^(agents|assistant)\./.test(method))).toEqual([]);
  });
});

describe('when Slack misbehaves, there is one answer', () => {
  const faults = [
    ['rate limit', 'chat.postMessage', { how: 'rate-limit', retryAfterS: 1 }],
    ['500 before posting', 'chat.postMessage', { how: 'fail-before' }],
    ['500 after posting', 'chat.postMessage', { how: 'fail-after' }],
    ['500 after editing', 'chat.update', { how: 'fail-after' }],
    ['blocks refused', 'chat.postMessage', { how: 'refuse', error: 'invalid_blocks' }],
    ['slow', 'chat.postMessage', { how: 'slow', ms: 300 }],
  ] as const;
  for (const [name, method, misbehaviour] of faults)
    test(name, async () => {
      const { general, anna } = setUp();
      await connect();
      slack.misbehave(method, misbehaviour);
      slack.say(general, anna, `${mention} q`);
      await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('Answer to'));
      await allAcknowledged();
      expect(slack.said(general.id)).toHaveLength(1);
    });

  test('a channel that takes no message: told in private', async () => {
    const { general, anna } = setUp();
    const adapter = await connect();
    const { ts: thread } = slack.say(general, anna, 'q', { events: [] });
    const target = { platform: 'slack', kind: 'message', boot: 'x', channel: general.id, thread, user: anna.id };
    slack.misbehave('chat.postMessage', { how: 'refuse', error: 'not_in_channel' });
    await expect(adapter.open(target as never, 'k').finish(answer('x'))).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(slack.said(anna.id)[0]?.text).toContain('I may not write in <#CGENERAL>');
  });

  test.each([
    ['while it is answered', {}],
    ['and the outcome of the post is unknown', { how: 'fail-after' } as const],
  ])('the question is deleted %s: no answer stands alone in the channel', async (_when, fault) => {
    const { general, anna } = setUp();
    await connect();
    let release = (): void => undefined;
    seen.hold(new Promise<void>((resolve) => (release = resolve)));
    const question = slack.say(general, anna, `${mention} q`, { events: ['message'] });
    await eventually(() => expect(slack.calls.some(({ method }) => method === 'users.info')).toBe(true));
    slack.remove(question);
    if ('how' in fault) slack.misbehave('chat.postMessage', fault);
    release();
    await allAcknowledged();
    await eventually(() => expect(slack.calls.some(({ method }) => method === 'chat.delete')).toBe(true));
    await eventually(() => expect(slack.said(general.id)).toEqual([]));
  });

  test('the first message of a thread is deleted: its files are forgotten, and its stone is no new text', async () => {
    const { general, anna } = setUp();
    await connect();
    const shared = slack.say(general, anna, `${mention} keep this`, { files: [{ name: 'a.md', content: 'a' }] });
    await eventually(() => expect(slack.said(general.id)).toHaveLength(1));
    slack.remove(shared);
    const key = `slack:T1:${general.id}:${shared.ts}`;
    await eventually(() => expect(seen.deleted).toEqual([expect.stringMatching(/^slack:T1:F/), key]));
    await allAcknowledged();
    expect(seen.edits).toEqual([]);
  });

  test('the connection drops: it comes back, and what was not acknowledged is taken up', async () => {
    const { general, anna } = setUp();
    await connect();
    let release = () => {};
    seen.hold(new Promise((resolve) => (release = resolve)));
    slack.say(general, anna, `${mention} q`, { events: ['message'] });
    await eventually(() => expect(slack.unacknowledged.size).toBe(1)); // not told before it is written down
    slack.misbehave('apps.connections.open', { how: 'fail-before' }, 2);
    slack.disconnect();
    release();
    await allAcknowledged();
    await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('Answer to'));
    expect(slack.said(general.id)).toHaveLength(1);
    slack.say(general, anna, `${mention} second`);
    await eventually(() => expect(slack.said(general.id).at(-1)?.text).toContain('second'));
    expect(slack.said(general.id)).toHaveLength(2);
  });
});

describe('after a restart', () => {
  test('a reply that an earlier process posted is found and edited, not posted again', async () => {
    const { general, anna } = setUp();
    const first = await connect();
    const asked = slack.say(general, anna, 'q', { events: [] });
    const target = {
      platform: 'slack',
      kind: 'message',
      boot: 'earlier',
      channel: general.id,
      thread: asked.ts,
      user: anna.id,
    };
    await first.open(target as never, 'k1').progress('Looking…');
    await first.stop();
    const second = await connect();
    await second.open(target as never, 'k1').progress('Looking again…');
    await second.open(target as never, 'k1').finish(answer('done'));
    await second.open(target as never, 'k2').finish(answer('another reply to the same message'));
    expect(slack.said(general.id).map(({ text }) => text.split('\n')[0])).toEqual([
      'done',
      'another reply to the same message',
    ]);
  });

  test('missed mentions of the last hour are answered once, in threads too; older ones get one line', async () => {
    const { general, direct, anna, ben } = setUp();
    const minutes = (n: number) => ({ atMs: Date.now() - n * 60_000, events: [] });
    stored.set('slack:seen', String(Date.now() - 5 * 3_600_000));
    slack.say(general, anna, `${mention} old`, minutes(180));
    const root = slack.say(general, ben, 'a talk', minutes(40));
    slack.say(general, anna, `${mention} fresh`, minutes(30));
    slack.say(general, ben, `${mention} in a thread`, { ...minutes(20), thread: root.ts });
    slack.say(direct, anna, 'direct', minutes(10));
    for (let round = 0; round < 2; round++) {
      const adapter = await connect();
      await eventually(() =>
        expect(seen.messages.map(({ text }) => text).sort()).toEqual(['direct', 'fresh', 'in a thread']),
      );
      await eventually(() => expect(slack.said(general.id)).toHaveLength(3));
      await adapter.stop();
      stored.set('slack:seen', String(Date.now() - 5 * 3_600_000));
    }
    expect(slack.said(general.id)).toHaveLength(3);
    expect(slack.said(general.id).filter(({ text }) => text.includes('I was away'))).toHaveLength(1);
    expect(slack.said(direct.id)).toHaveLength(1);
  });
});

describe('start', () => {
  test('a wrong token and a missing permission are named', async () => {
    await expect(connect({ SLACK_BOT_TOKEN: 'xoxb-wrong' })).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
      details: { name: 'SLACK_BOT_TOKEN' },
    });
    await expect(connect({ SLACK_APP_TOKEN: 'xapp-wrong' })).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
      details: { name: 'SLACK_APP_TOKEN' },
    });
    slack.state.scopes = slack.state.scopes.filter((scope) => scope !== 'files:read');
    await expect(connect()).rejects.toMatchObject({ code: 'SCOPE_MISSING', details: { scope: 'files:read' } });
  });

  test('several workspaces without the client secret: said so', async () => {
    await expect(connect({ SLACK_CLIENT_ID: 'client-1' })).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
      message: expect.stringContaining('SLACK_CLIENT_SECRET'),
    });
  });

  test('a Slack that is away at the start is told, and connected to once it is back', async () => {
    const { anna, general } = setUp();
    for (const method of ['auth.test', 'apps.connections.open']) {
      slack.misbehave(method, { how: 'fail-before' }, method === 'auth.test' ? 7 : 1);
    }
    await expect(connect()).rejects.toMatchObject({ code: 'PLATFORM_UNREACHABLE' });
    await eventually(() => expect(adapters.at(-1)!.describe()).toBe('Slack: connected to Acme as @docent'));
    slack.say(general, anna, `${mention} Hello?`);
    await eventually(() => expect(seen.messages).toHaveLength(1));
  });

  test('the manifest asks for exactly what the code needs', () => {
    const manifest = readFileSync('deploy/slack-manifest.yaml', 'utf8');
    const listAt = (name: string): string[] =>
      (new RegExp(`^ *${name}:\\n((?: +- .+\\n)+)`, 'm').exec(manifest)?.[1] ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.trim().slice(2));
    expect(listAt('bot')).toEqual([...Object.keys(botScopes), agentScope].sort());
    expect(manifest).toContain('agent_view:');
    expect(listAt('bot_events')).toEqual(Object.keys(botEvents));
    const shortcuts = manifest.matchAll(/- name: (.+)\n +type: message\n +callback_id: (\w+)\n/g);
    expect(Object.fromEntries([...shortcuts].map(([, name, id]) => [id, name]))).toEqual(messageShortcuts);
    const commands = manifest.match(/usage_hint: (.+)/)![1]!.split(' | ');
    expect(commands.map((command) => command.split(' ')[0])).toEqual(Object.keys(commandNames));
    expect(manifest).toContain('socket_mode_enabled: true');
  });
});

describe('rendering', () => {
  test('no word of a document becomes a mention, a link or a command', () => {
    expect(toMrkdwn('**25** <!channel> <@U1> & <https://evil|x>')).toBe(
      '*25* &lt;!channel&gt; &lt;@U1&gt; &amp; &lt;https://evil|x&gt;',
    );
    const { text } = renderReply({ ...answer('x'), sources: [{ ...answer('').sources[0]!, document: '<!here>.md' }] });
    expect(text).not.toContain('<!here>');
  });

  test('long answers are split inside Slack’s limits, never inside an entity', () => {
    const pieces = split('a&amp;'.repeat(2_000), 3_000);
    expect(pieces.join('')).toBe('a&amp;'.repeat(2_000));
    for (const piece of pieces) expect(piece.length <= 3_000 && piece.endsWith(';')).toBe(true);
    const { blocks, text } = renderReply(answer('word '.repeat(20_000)));
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(text.length).toBeLessThanOrEqual(4_000);
  });
});
