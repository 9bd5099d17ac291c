/** The real discord.js client against a Discord that speaks the wire protocol and misbehaves on request. */
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChatAdapter, ReplyContent } from '../src/chat/contract.ts';
import { awayLine } from '../src/chat/discord/catch-up.ts';
import { commandTable, messageCommands } from '../src/chat/discord/commands.ts';
import { createDiscordAdapter } from '../src/chat/discord/index.ts';
import { isDocentError } from '../src/errors.ts';
import { createHandlers, type HandlerOptions, openMemory } from './fakes/discord/handlers.ts';
import { type FakeDiscordOptions, flag, permission, startFakeDiscord, visibleText } from './fakes/discord/index.ts';

const log = pino({ level: process.env.DOCENT_TEST_LOG ?? 'silent' });
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Waits for something that other parts bring about; how long is not what is tested. */
const until = <T>(check: () => T): Promise<T> =>
  vi.waitFor(
    () => {
      const value = check();
      expect(value, String(check)).toBeTruthy();
      return value;
    },
    { timeout: 60_000, interval: 20 },
  );

interface SetupOptions extends FakeDiscordOptions, Partial<Pick<HandlerOptions, 'answer' | 'ownThread'>> {
  readonly readPlain?: boolean;
  readonly admins?: readonly string[];
  readonly start?: boolean;
}

async function setup(options: SetupOptions = {}) {
  const discord = await startFakeDiscord(options);
  cleanups.push(discord.stop);
  const guild = discord.world.addGuild('Acme');
  const general = discord.world.addTextChannel(guild, 'general');
  const ada = discord.join(guild, 'ada');
  const memory = openMemory(null);
  const adapters: ChatAdapter[] = [];
  const service = createHandlers({ file: null, adapter: () => adapters.at(-1)!, ...options }, memory);
  const create = (): ChatAdapter => {
    const adapter = createDiscordAdapter({
      config: {
        DISCORD_TOKEN: 'fake-token',
        DISCORD_API_URL: discord.apiUrl,
        DISCORD_CDN_URL: discord.cdnUrl,
        DOCENT_DISCORD_MESSAGE_CONTENT: options.readPlain ?? false,
        DOCENT_MAX_UPLOAD_MB: 1,
        DOCENT_ADMINS: options.admins ?? [],
      },
      notes: memory.notes,
      log,
      retryDelaysMs: [20, 50, 100, 200, 400],
      editGapMs: 50,
    });
    cleanups.push(adapter.stop);
    adapters.push(adapter);
    return adapter;
  };
  const adapter = create();
  if (options.start !== false) await adapter.start(service.handlers);
  return { discord, guild, general, ada, adapter, create, memory, ...service };
}

const contentOf = (messages: readonly { content: string }[]): string[] => messages.map((message) => message.content);

describe('questions', () => {
  it('answers /ask by editing the deferred response', async () => {
    const { discord, general, ada, isIdle, jobs } = await setup();
    const interaction = discord.command(general, ada, 'ask', { question: 'How many days?' });
    await until(() => jobs.length === 1 && isIdle());
    const callbacks = discord.calls.filter((call) => call.path.includes('/callback'));
    expect(callbacks).toHaveLength(1);
    expect(callbacks[0]!.body).toMatchObject({ type: 5, data: { flags: 0 } });
    expect(interaction.original!.history.at(-1)).toBe('Answer to «How many days?»');
    expect(discord.shown(general)).toEqual([interaction.original]);
    expect(interaction.original!.flags & flag.suppressEmbeds).toBe(flag.suppressEmbeds);
  });

  it('answers a mention with one reply that becomes the answer', async () => {
    const { discord, general, ada, isIdle, heard } = await setup();
    const question = discord.say(general, ada, `${discord.mention} How many days?`);
    await until(() => discord.shown(general).length === 1 && isIdle());
    const [reply] = discord.shown(general);
    expect(reply!.history).toEqual(['Reading 4 passages…', 'Answer to «How many days?»']);
    expect(reply!.message_reference?.message_id).toBe(question.id);
    expect(heard.messages[0]).toMatchObject({
      key: `discord:${question.id}`,
      text: 'How many days?',
      addressed: true,
      person: { id: ada.id, isAdmin: false },
      place: {
        workspace: { externalId: general.guild_id, name: 'Acme' },
        channel: { externalId: general.id, name: 'general', visibility: 'open' },
        thread: question.id,
        restricted: false,
      },
    });
    const posts = discord.calls.filter((call) => call.method === 'POST' && call.path.endsWith('/messages'));
    expect(posts[0]!.body).toMatchObject({ enforce_nonce: true, allowed_mentions: { parse: [] } });
  });

  it('answers direct messages, and goes on with the conversation', async () => {
    const { discord, guild, ada, isIdle, jobs, heard } = await setup();
    const direct = discord.world.directChannel(ada);
    const first = discord.say(direct, ada, 'How many days?');
    await until(() => jobs.length === 1 && isIdle());
    discord.say(direct, ada, 'And for part-timers?');
    await until(() => jobs.length === 2 && isIdle());
    expect(heard.messages.map((message) => message.place.thread)).toEqual([first.id, first.id]);
    expect(heard.messages[0]!.place).toMatchObject({
      workspace: { externalId: guild.id },
      channel: { externalId: direct.id, visibility: 'direct' },
      restricted: false,
    });
  });

  it('treats a stranger in a direct message as an outsider', async () => {
    const { discord, heard } = await setup();
    const stranger = discord.world.addUser('mallory');
    discord.say(discord.world.directChannel(stranger), stranger, 'What is the salary?');
    await until(() => heard.messages.length === 1);
    expect(heard.messages[0]!.place).toMatchObject({ restricted: true, channel: { visibility: 'direct' } });
  });

  it('keeps the thread over a chain of replies, over restarts, and in threads below answers', async () => {
    const { discord, general, ada, isIdle, jobs, heard, adapter, create, handlers } = await setup();
    const question = discord.say(general, ada, `${discord.mention} How many days?`);
    await until(() => jobs.length === 1 && isIdle());
    discord.say(general, ada, 'And for part-timers?', { replyTo: discord.shown(general)[0]! });
    await until(() => jobs.length === 2 && isIdle());
    await adapter.stop();
    await create().start(handlers);
    discord.say(general, ada, 'And for interns?', { replyTo: discord.shown(general)[1]! });
    await until(() => jobs.length === 3 && isIdle());
    const thread = discord.createThread(general, 'Leave', { id: discord.shown(general)[2]!.id });
    discord.say(thread, ada, `${discord.mention} And in May?`);
    await until(() => jobs.length === 4 && isIdle());
    expect(heard.messages.map((message) => message.place.thread)).toEqual(Array(4).fill(question.id));
    expect(heard.messages[3]!.place.channel.externalId).toBe(general.id);
    expect(discord.shown(thread)).toHaveLength(1);
  });

  it('goes on with an /ask when somebody replies to its answer', async () => {
    const { discord, general, ada, isIdle, jobs, heard } = await setup();
    const interaction = discord.command(general, ada, 'ask', { question: 'How many days?' });
    await until(() => jobs.length === 1 && isIdle());
    discord.say(general, ada, 'And for part-timers?', { replyTo: interaction.original! });
    await until(() => jobs.length === 2 && isIdle());
    expect(heard.messages.map((message) => message.place.thread)).toEqual([interaction.id, interaction.id]);
  });

  it('spells out names and drops its own', async () => {
    const { discord, guild, general, ada, heard } = await setup();
    const bob = discord.join(guild, 'bob');
    const role = guild.roles.find((candidate) => candidate.botId)!;
    discord.say(general, ada, `<@!${discord.world.bot.id}> <@&${role.id}> may <@${bob.id}> write in <#${general.id}>?`);
    await until(() => heard.messages.length === 1);
    expect(heard.messages[0]!.text).toBe('may @bob write in #general?');
  });

  it('never answers bots, webhooks, itself, or talk among people', async () => {
    const { discord, guild, general, ada, heard, jobs, isIdle } = await setup();
    const robot = discord.world.addUser('robot', { bot: true });
    guild.members.set(robot.id, []);
    discord.say(general, robot, `${discord.mention} hello`);
    discord.say(general, ada, `${discord.mention} hello`, { webhook: true });
    discord.say(general, discord.world.bot, `${discord.mention} hello`);
    discord.say(general, ada, 'hello everybody');
    discord.say(general, ada, `${discord.mention} the last one`);
    await until(() => jobs.length === 1 && isIdle());
    expect(heard.messages.map((message) => message.text)).toEqual(['the last one']);
  });
});

describe('exactly once', () => {
  it('handles what Discord delivers twice once', async () => {
    const { discord, general, ada, isIdle, jobs } = await setup();
    const question = discord.say(general, ada, `${discord.mention} Twice?`);
    discord.deliverAgain(question);
    const interaction = discord.command(general, ada, 'ask', { question: 'Also twice?' }, { times: 2 });
    await until(() => jobs.length === 2 && isIdle());
    discord.deliverAgain(question);
    discord.deliverAgain(interaction);
    discord.say(general, ada, `${discord.mention} A last one`);
    await until(() => jobs.length === 3 && isIdle());
    expect(discord.shown(general)).toHaveLength(3);
  });

  it.each([
    ['is rate limited', { how: 'rate-limit', retryAfterS: 0.1 }],
    ['fails', { how: 'fail-before' }],
    ['fails after posting', { how: 'fail-after' }],
    ['drops the connection after posting', { how: 'drop-after' }],
  ] as const)('posts one message when posting %s', async (_name, misbehaviour) => {
    const { discord, general, ada, isIdle, jobs, failures } = await setup();
    // Without nonces that help, the adapter has to look before it repeats.
    discord.forgetNonces();
    discord.misbehave({ method: 'POST', path: /^\/channels\/\d+\/messages$/ }, misbehaviour, 2);
    discord.misbehave({ method: 'PATCH', path: /^\/channels/ }, misbehaviour, 2);
    discord.say(general, ada, `${discord.mention} Once?`);
    await until(() => jobs.length === 1 && isIdle());
    expect(contentOf(discord.shown(general))).toEqual(['Answer to «Once?»']);
    expect(failures).toEqual([]);
  });

  it.each([
    ['is rate limited', { how: 'rate-limit', retryAfterS: 0.1 }],
    ['fails', { how: 'fail-before' }],
    ['fails after doing it', { how: 'fail-after' }],
    ['drops the connection after doing it', { how: 'drop-after' }],
  ] as const)('answers an interaction once when Discord %s', async (_name, misbehaviour) => {
    const { discord, general, ada, isIdle, jobs } = await setup();
    discord.misbehave({ method: 'POST', path: /callback/ }, misbehaviour);
    discord.misbehave({ method: 'PATCH', path: /@original/ }, misbehaviour, 2);
    const interaction = discord.command(general, ada, 'ask', { question: 'Once?' });
    await until(() => jobs.length === 1 && isIdle());
    expect(discord.shown(general)).toEqual([interaction.original]);
    expect(interaction.original!.content).toBe('Answer to «Once?»');
  });

  it('answers in the channel when the interaction has expired, with a link to the question', async () => {
    const { discord, general, ada, isIdle, jobs } = await setup({
      answer: async (what) => {
        await hold;
        return { text: `Late: ${what}`, sources: [], answerId: null, tone: 'answer' };
      },
    });
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    // The progress edit never gets through, so people still see "is thinking".
    discord.misbehave({ method: 'PATCH', path: /@original/ }, { how: 'refuse', status: 404, code: 10_015 });
    discord.misbehave({ method: 'POST', path: /^\/channels\/\d+\/messages$/ }, { how: 'fail-after' });
    const interaction = discord.command(general, ada, 'ask', { question: 'Slow?' });
    await until(() => interaction.acknowledged);
    interaction.expired = true;
    release();
    await until(() => jobs.length === 1 && isIdle());
    const [reply, ...more] = discord.shown(general);
    expect(more).toEqual([]);
    expect(reply!.content).toContain(`/${general.id}/${interaction.id}) · <@${ada.id}>`);
    expect(reply!.content).toContain('Late: Slow?');
  });

  it('edits the response as a message when the token expires after progress was shown', async () => {
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    const { discord, general, ada, isIdle, jobs } = await setup({
      answer: async () => {
        await hold;
        return { text: 'At last', sources: [], answerId: null, tone: 'answer' };
      },
    });
    const interaction = discord.command(general, ada, 'ask', { question: 'Slow?' });
    await until(() => interaction.original?.content === 'Reading 4 passages…');
    interaction.expired = true;
    release();
    await until(() => jobs.length === 1 && isIdle());
    expect(contentOf(discord.shown(general))).toEqual(['At last']);
  });

  it('sends what only the asker was to see in private when the token has expired', async () => {
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    const { discord, general, ada, isIdle, jobs } = await setup({
      answer: async () => {
        await hold;
        return { text: 'Three documents', sources: [], answerId: null, tone: 'info' };
      },
    });
    const interaction = discord.command(general, ada, 'documents');
    await until(() => interaction.original?.history.length === 1);
    interaction.expired = true;
    release();
    await until(() => jobs.length === 1 && isIdle());
    expect(discord.shown(general).filter((message) => !(message.flags & flag.ephemeral))).toEqual([]);
    expect(contentOf(discord.shown(discord.world.directChannel(ada)))[0]).toContain('Three documents');
  });

  it('goes on after a disconnect: resumed events, and a new session', async () => {
    const { discord, general, ada, isIdle, jobs } = await setup();
    const before = discord.gateway.counts();
    discord.gateway.disconnect();
    discord.say(general, ada, `${discord.mention} While away?`);
    await until(() => jobs.length === 1 && isIdle());
    expect(discord.gateway.counts().resumes).toBe(before.resumes + 1);

    discord.gateway.disconnect({ resumable: false });
    // Nobody replays this one; it is found by looking back.
    discord.say(general, ada, `${discord.mention} Without a session?`, { tell: false });
    await until(() => jobs.length === 2 && isIdle());
    expect(discord.gateway.counts().identifies).toBe(before.identifies + 1);
    expect(contentOf(discord.shown(general))).toEqual(['Answer to «While away?»', 'Answer to «Without a session?»']);
  });

  it('posts the answer again when its progress message was deleted', async () => {
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    const { discord, general, ada, isIdle, jobs } = await setup({
      answer: async () => {
        await hold;
        return { text: 'Still owed', sources: [], answerId: null, tone: 'answer' };
      },
    });
    discord.say(general, ada, `${discord.mention} Deleted?`);
    await until(() => discord.shown(general).length === 1);
    discord.deleteMessage(discord.shown(general)[0]!);
    release();
    await until(() => jobs.length === 1 && isIdle());
    expect(contentOf(discord.shown(general))).toEqual(['Still owed']);
  });

  it('answers nothing to a question that was deleted', async () => {
    const { discord, general, ada, isIdle, jobs } = await setup();
    discord.misbehave({ method: 'POST', path: /\/messages$/ }, { how: 'fail-before' });
    const question = discord.say(general, ada, `${discord.mention} Deleted?`);
    discord.deleteMessage(question);
    await until(() => jobs.length === 1 && isIdle());
    const posts = discord.calls.filter((call) => call.method === 'POST' && call.path.endsWith('/messages'));
    expect(posts.length).toBeGreaterThan(1);
    expect(discord.shown(general)).toEqual([]);
  });

  it('tells the asker in private where it may not write', async () => {
    const { discord, general, ada } = await setup();
    general.writable = false;
    discord.say(general, ada, `${discord.mention} Hello?`);
    const direct = discord.world.directChannel(ada);
    await until(() => discord.shown(direct).length === 1);
    expect(discord.shown(direct)[0]!.content).toContain(`I may not write in <#${general.id}>`);
  });
});

describe('missed while away', () => {
  const hour = 60 * 60_000;

  it('answers mentions of the last hour once and says one line to older ones', async () => {
    const { discord, general, ada, adapter, create, handlers, isIdle, jobs, memory } = await setup({ start: false });
    memory.memory.notes.seen = String(Date.now() - 10 * hour);
    const young = discord.say(general, ada, `${discord.mention} Young?`, { atMs: Date.now() - hour / 2, tell: false });
    const old = discord.say(general, ada, `${discord.mention} Old?`, { atMs: Date.now() - 3 * hour, tell: false });
    discord.say(general, ada, `${discord.mention} Ancient?`, { atMs: Date.now() - 30 * hour, tell: false });
    discord.say(general, ada, 'Not for the bot', { tell: false });
    await adapter.start(handlers);
    await until(() => jobs.length === 1 && isIdle() && discord.shown(general).length === 2);
    const shown = () => discord.shown(general).map((reply) => [reply.message_reference?.message_id, reply.content]);
    const expected = [
      [old.id, awayLine],
      [young.id, 'Answer to «Young?»'],
    ];
    expect(shown().sort()).toEqual(expected.sort());

    await adapter.stop();
    await create().start(handlers);
    discord.say(general, ada, `${discord.mention} Now?`);
    await until(() => jobs.length === 2 && isIdle());
    expect(discord.shown(general)).toHaveLength(3);
  });

  it('finds the newest mention behind an hour of busy talk', async () => {
    const { discord, general, ada, adapter, handlers } = await setup({ start: false });
    const began = Date.now() - hour / 2;
    for (let i = 0; i < 1100; i++) discord.say(general, ada, 'Lunch?', { atMs: began + i, tell: false });
    const question = discord.say(general, ada, `${discord.mention} Still there?`, { atMs: began + 2000, tell: false });
    await adapter.start(handlers);
    await until(() => discord.shown(general).length === 1);
    expect(discord.shown(general)[0]!.message_reference?.message_id).toBe(question.id);
  });

  it('looks into direct messages that it knows', async () => {
    const { discord, ada, adapter, create, handlers, isIdle, jobs } = await setup();
    const direct = discord.world.directChannel(ada);
    discord.say(direct, ada, 'First?');
    await until(() => jobs.length === 1 && isIdle());
    await adapter.stop();
    discord.say(direct, ada, 'Second?', { tell: false });
    await create().start(handlers);
    await until(() => jobs.length === 2 && isIdle());
    expect(contentOf(discord.shown(direct))).toEqual(['Answer to «First?»', 'Answer to «Second?»']);
  });
});

describe('files', () => {
  it('takes the file of /upload', async () => {
    const { discord, general, ada, isIdle, jobs, heard } = await setup();
    const interaction = discord.command(general, ada, 'upload', { file: { name: 'handbook.md', bytes: '# Leave' } });
    await until(() => jobs.length === 1 && isIdle());
    expect(interaction.original!.content).toBe('Answer to «upload handbook.md: 7 bytes»');
    expect(heard.commands[0]).toMatchObject({
      name: 'upload',
      files: [{ name: 'handbook.md', bytes: 7, external: false }],
    });
  });

  it('takes several files by the form of /upload', async () => {
    const { discord, general, ada, heard, isIdle } = await setup();
    const opened = discord.command(general, ada, 'upload');
    await until(() => opened.modal !== null);
    expect(JSON.stringify(opened.modal)).toMatch(/"type":19.*"max_values":10/);
    const files = ['a.md', 'b.md'].map((name) => ({ name, bytes: `# ${name}` }));
    const sent = discord.submit(opened, { files });
    await until(() => heard.commands.length === 1 && isIdle());
    expect(heard.commands[0]).toMatchObject({ name: 'upload', files: [{ name: 'a.md' }, { name: 'b.md' }] });
    expect(sent.original).toBeTruthy();
  });

  it('takes files with a mention, each with a reply of its own, and no reply twice', async () => {
    const { discord, general, ada, isIdle, jobs, heard, adapter, create, handlers, resume } = await setup();
    discord.forgetNonces();
    discord.misbehave({ method: 'POST', path: /^\/channels\/\d+\/messages$/ }, { how: 'fail-after' }, 3);
    discord.say(general, ada, `${discord.mention} What is new?`, {
      files: [
        { name: 'a.md', bytes: 'A' },
        { name: 'b.md', bytes: 'BB' },
      ],
    });
    await until(() => jobs.length === 3 && isIdle());
    const expected = ['Answer to «What is new?»', 'Answer to «a.md: 1 bytes»', 'Answer to «b.md: 2 bytes»'];
    expect(contentOf(discord.shown(general)).sort()).toEqual(expected);

    // A new process that does not know whether they were posted finds each of them.
    await adapter.stop();
    for (const job of jobs) {
      job.target = { ...heard.messages[0]!.target };
      job.posted = false;
    }
    await create().start(handlers);
    resume();
    await until(() => isIdle());
    expect(contentOf(discord.shown(general)).sort()).toEqual(expected);
  });

  it('refuses large files before downloading, and foreign hosts', async () => {
    const { discord, general, ada, heard } = await setup();
    discord.command(general, ada, 'upload', { file: { name: 'big.pdf', bytes: 'x', size: 3 * 2 ** 20 } });
    await until(() => heard.commands.length === 1);
    await expect(heard.commands[0]!.files[0]!.download()).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });

    discord.command(general, ada, 'upload', { file: { name: 'a.md', bytes: 'secret' } });
    await until(() => heard.commands.length === 2);
    const file = heard.commands[1]!.files[0]!;
    const [path] = [...discord.world.files.keys()].slice(-1);
    discord.redirect(`${discord.cdnUrl}${path}`, 'http://169.254.169.254/latest');
    await expect(file.download()).rejects.toMatchObject({ code: 'FILE_FETCH_FAILED' });
    discord.redirect(`${discord.cdnUrl}${path}`, `${discord.cdnUrl.replace('127.0.0.1', 'localhost')}${path}`);
    await expect(file.download()).rejects.toMatchObject({ code: 'FILE_FETCH_FAILED' });
  });

  it('asks for a fresh link when one has expired', async () => {
    const { discord, general, ada, heard, jobs, isIdle } = await setup();
    discord.command(general, ada, 'upload', { file: { name: 'a.md', bytes: 'text' } });
    await until(() => jobs.length === 1 && isIdle());
    const [path] = [...discord.world.files.keys()];
    discord.expireLink(`${discord.cdnUrl}${path}?ex=1`);
    expect(new TextDecoder().decode(await heard.commands[0]!.files[0]!.download())).toBe('text');
  });

  it('tells when a message with files is deleted', async () => {
    const { discord, general, ada, heard, jobs, isIdle } = await setup();
    const message = discord.say(general, ada, discord.mention, { files: [{ name: 'a.md', bytes: 'A' }] });
    await until(() => jobs.length === 1 && isIdle());
    discord.deleteMessage(message);
    await until(() => heard.deleted.length === 1);
    expect(heard.deleted).toEqual([heard.messages[0]!.files[0]!.key]);
  });
});

describe('plain messages', () => {
  it('reads them with the Message Content intent only', async () => {
    const { discord, general, ada, heard, jobs, isIdle, adapter } = await setup({
      messageContent: true,
      readPlain: true,
    });
    discord.say(general, ada, 'The new handbook', { files: [{ name: 'a.md', bytes: 'A' }] });
    discord.say(general, ada, 'Look', { files: [{ name: 'cat.png', bytes: 'A', contentType: 'image/png' }] });
    discord.say(general, ada, `${discord.mention} done?`);
    await until(() => jobs.length === 3 && isIdle());
    expect(heard.messages.filter(({ addressed }) => addressed).map(({ text }) => text)).toEqual(['done?']);
    const [plain, ...more] = heard.messages.filter(({ addressed }) => !addressed);
    expect(more).toEqual([]);
    expect(plain!.files.map((file) => file.name)).toEqual(['a.md']);
    expect(adapter.describe()).toContain('reading plain messages');
  });

  it('hears follow-ups without a mention in its own threads', async () => {
    let own = '';
    const { discord, general, ada, heard, jobs, isIdle } = await setup({
      messageContent: true,
      readPlain: true,
      ownThread: (place) => place.thread === own,
    });
    const thread = discord.createThread(general, 'Leave');
    own = thread.id;
    discord.say(thread, ada, 'And for part-timers?');
    await until(() => jobs.length === 1 && isIdle());
    expect(heard.messages[0]).toMatchObject({ addressed: false, text: 'And for part-timers?' });
  });

  it('goes on without the intent when Discord does not grant it', async () => {
    const { discord, general, ada, jobs, isIdle, adapter } = await setup({ messageContent: false, readPlain: true });
    expect(adapter.describe()).toBe('Discord: connected to 1 server as @docent');
    discord.say(general, ada, `${discord.mention} Hello?`);
    await until(() => jobs.length === 1 && isIdle());
    expect(contentOf(discord.shown(general))).toEqual(['Answer to «Hello?»']);
  });
});

describe('who sees what', () => {
  it('knows open and closed channels, and who is in them', async () => {
    const { discord, guild, general, ada, heard, adapter } = await setup({ start: false });
    const bob = discord.join(guild, 'bob');
    const board = discord.world.addTextChannel(guild, 'board', { closed: true, allowUsers: [ada.id] });
    const secret = discord.world.addThread(general, 'secret', { isPrivate: true, members: [bob.id] });
    const { handlers } = createHandlers({ file: null, adapter: () => adapter }, openMemory(null));
    const changed: [string, string][] = [];
    await adapter.start({
      ...handlers,
      message: async (message) => void heard.messages.push(message),
      channelChanged: async ({ channel }) => void changed.push([channel.name, channel.visibility]),
    });
    expect(await adapter.closedChannelsOf(guild.id, ada.id)).toEqual([board.id]);
    expect(await adapter.closedChannelsOf(guild.id, bob.id)).toEqual([secret.id]);
    expect(await adapter.closedChannelsOf('1', ada.id)).toEqual([]);
    await until(() => changed.length === 3);
    expect(Object.fromEntries(changed)).toEqual({ general: 'open', board: 'closed', secret: 'closed' });

    discord.say(board, ada, `${discord.mention} In here?`);
    discord.say(secret, bob, `${discord.mention} And here?`);
    await until(() => heard.messages.length === 2);
    expect(heard.messages.map(({ place }) => [place.channel.externalId, place.channel.visibility])).toEqual([
      [board.id, 'closed'],
      [secret.id, 'closed'],
    ]);

    // Closing a channel by its own permissions, and opening and closing all by the role of everybody.
    discord.updateChannel(general, {
      permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: permission.readHistory.toString() }],
    });
    await until(() => changed.some(([name, visibility]) => name === 'general' && visibility === 'closed'));
    discord.updateChannel(general, { name: 'lobby', permission_overwrites: [] });
    await until(() => changed.some(([name, visibility]) => name === 'lobby' && visibility === 'open'));
    discord.updateRole(guild, guild.id, permission.sendMessages);
    await until(() => changed.some(([name, visibility]) => name === 'lobby' && visibility === 'closed'));
  });

  it('drops remembered membership when roles change, and treats an unreachable Discord as closed', async () => {
    const { discord, guild, ada, adapter, handlers } = await setup({ start: false });
    const role = discord.world.addRole(guild, 'staff', 0n);
    const staff = discord.world.addTextChannel(guild, 'staff', { closed: true, allowRoles: [role] });
    guild.members.set(ada.id, [role]);
    await adapter.start(handlers);
    discord.misbehave({ path: /\/members\// }, { how: 'refuse', status: 403, code: 50_001 });
    expect(await adapter.closedChannelsOf(guild.id, ada.id)).toEqual([]);
    expect(await adapter.closedChannelsOf(guild.id, ada.id)).toEqual([staff.id]);
    guild.members.set(ada.id, []);
    discord.gateway.dispatch('GUILD_MEMBER_REMOVE', { guild_id: guild.id, user: ada });
    await vi.waitFor(async () => expect(await adapter.closedChannelsOf(guild.id, ada.id)).toEqual([]));
  });

  it('knows admins by ManageGuild and by DOCENT_ADMINS', async () => {
    const admins: string[] = [];
    const { discord, guild, general, ada, heard } = await setup({ admins });
    const manager = discord.world.addRole(guild, 'manager', permission.manageGuild);
    discord.gateway.dispatch('GUILD_ROLE_CREATE', {
      guild_id: guild.id,
      role: { id: manager, name: 'manager', permissions: permission.manageGuild.toString(), position: 1 },
    });
    const boss = discord.join(guild, 'boss', [manager]);
    const listed = discord.join(guild, 'listed');
    admins.push(`discord:${listed.id}`);
    for (const user of [ada, boss, listed]) {
      discord.command(general, user, 'retrain');
      discord.say(general, user, `${discord.mention} status`);
      discord.say(discord.world.directChannel(user), user, 'status');
    }
    await until(() => heard.commands.length === 3 && heard.messages.length === 6);
    const adminIds = (list: readonly { person: { id: string; isAdmin: boolean } }[]) =>
      [...new Set(list.filter(({ person }) => person.isAdmin).map(({ person }) => person.id))].sort();
    expect(adminIds(heard.commands)).toEqual([boss.id, listed.id].sort());
    expect(heard.messages.filter(({ person }) => person.isAdmin)).toHaveLength(4);
  });
});

describe('commands and feedback', () => {
  it('registers its commands once, for all servers', async () => {
    const { discord, adapter, create, handlers } = await setup();
    await until(() => discord.commands().writes === 1);
    expect(discord.commands().registered).toMatchObject(
      [
        'ask',
        'upload',
        'documents',
        'export',
        'forget-me',
        'status',
        'retrain',
        'feedback',
        'policy',
        'backfill',
        'help',
        ...Object.keys(messageCommands),
      ].map((name) => ({ name })),
    );
    await adapter.stop();
    const again = create();
    await again.start(handlers);
    await again.stop();
    expect(discord.commands().writes).toBe(1);
  });

  it.each(['documents', 'status', 'help', 'retrain', 'feedback', 'policy', 'export', 'forget-me'] as const)(
    'shows /%s to the asker only',
    async (name) => {
      const { discord, general, ada, isIdle, jobs, heard } = await setup();
      const option = commandTable[name]!.options?.[0];
      const interaction = discord.command(general, ada, name, option ? { [option.name]: 'handbook' } : {});
      await until(() => jobs.length === 1 && isIdle());
      expect(interaction.original!.flags & flag.ephemeral).toBe(flag.ephemeral);
      expect(heard.commands[0]).toMatchObject({ name: commandTable[name]!.meaning, text: option ? 'handbook' : '' });
    },
  );

  it('passes votes on', async () => {
    const { discord, general, ada, isIdle, jobs, heard } = await setup();
    discord.say(general, ada, `${discord.mention} How many days?`);
    await until(() => jobs.length === 1 && isIdle());
    const [reply] = discord.shown(general);
    const ids = [...JSON.stringify(reply!.components).matchAll(/"custom_id":"([^"]+)"/g)].map((match) => match[1]!);
    expect(ids).toHaveLength(2);
    const press = discord.press(reply!, ada, ids[0]!);
    await until(() => heard.votes.length === 1 && press.original);
    expect(heard.votes[0]).toMatchObject({ answerId: jobs[0]!.id, vote: 1, person: { id: ada.id } });
    expect(press.original!.flags & flag.ephemeral).toBe(flag.ephemeral);
  });

  it('answers /ask to the asker alone who wants it so', async () => {
    const { discord, general, ada, isIdle, jobs } = await setup();
    const interaction = discord.command(general, ada, 'ask', { question: 'How many days?', private: true });
    await until(() => jobs.length === 1 && isIdle());
    expect(interaction.original!.flags & flag.ephemeral).toBe(flag.ephemeral);
    expect(interaction.original!.content).toBe('Answer to «How many days?»');
  });

  it('says which servers it is in, and which one it was removed from', async () => {
    const { discord, guild, heard } = await setup();
    const other = discord.world.addGuild('Other');
    await until(() => heard.present.some((ids) => ids.includes(guild.id)));
    discord.leave(guild);
    await until(() => heard.left.length === 1);
    expect(heard.left).toEqual([guild.id]);
    discord.invite(other);
    await until(() => heard.present.some((ids) => ids.join() === other.id));
  });

  it('says hello once in a server that it is invited into', async () => {
    const { discord, adapter, heard, isIdle, jobs, create, handlers, guild } = await setup();
    expect(guild.channels).toHaveLength(1);
    const other = discord.world.addGuild('Other');
    const lobby = discord.world.addTextChannel(other, 'lobby');
    discord.invite(other);
    await until(() => jobs.length === 1 && isIdle());
    expect(heard.joins).toMatchObject([{ why: 'joined', place: { channel: { externalId: lobby.id } } }]);
    expect(contentOf(discord.shown(lobby))).toEqual(['Answer to «hello»']);
    await adapter.stop();
    const next = create();
    await next.start(handlers);
    await next
      .open({ ...heard.joins[0]!.target, boot: 'earlier' }, jobs[0]!.id)
      .finish({ text: 'Hello again', sources: [], answerId: null, tone: 'info' });
    expect(contentOf(discord.shown(lobby))).toEqual(['Hello again']);
    expect(heard.joins).toHaveLength(1);
  });

  it('finds the files that were shared before, where it may read them', async () => {
    const plain = await setup({ messageContent: true, readPlain: true });
    for (let i = 0; i < 120; i++)
      plain.discord.say(plain.general, plain.ada, '', { files: [{ name: `${i}.md`, bytes: `${i}` }], tell: false });
    plain.discord.say(plain.general, plain.ada, '', { files: [{ name: 'x.png', bytes: 'p' }], tell: false });
    plain.discord.misbehave({ method: 'GET', path: /\/messages\?/ }, { how: 'rate-limit', retryAfterS: 0.1 });
    plain.discord.say(plain.general, plain.ada, `${plain.discord.mention} hi`);
    await until(() => plain.heard.messages.length === 1);
    const { place } = plain.heard.messages[0]!;
    const files = (await plain.adapter.earlierFiles(place))!;
    expect(files.map(({ name }) => name)).toEqual(Array.from({ length: 120 }, (_, i) => `${i}.md`));
    expect(new TextDecoder().decode(await files[7]!.download())).toBe('7');
    const blind = await setup();
    expect(await blind.adapter.earlierFiles(place)).toBeNull();
  });

  it('completes names of documents', async () => {
    const { discord, general, ada } = await setup();
    const typed = discord.type(general, ada, 'documents', 'document', 'hand');
    await until(() => typed.choices);
    expect(typed.choices).toEqual([{ name: 'hand…', value: 'd1' }]);
  });

  it('takes a message by its menu as a question, or as a document that follows it', async () => {
    const { discord, guild, general, ada, isIdle, jobs, heard } = await setup({
      messageContent: true,
      readPlain: true,
    });
    const bob = discord.join(guild, 'bob');
    const said = discord.say(general, bob, 'We meet at noon.', { files: [{ name: 'a.md', bytes: 'x' }], tell: false });
    const asked = discord.menu(said, ada, 'Ask Docent about this');
    await until(() => jobs.length === 1 && isIdle());
    expect(asked.original!.content).toBe('Answer to «We meet at noon.»');
    expect(heard.messages[0]).toMatchObject({ person: { id: ada.id }, files: [] });
    const taught = discord.menu(said, ada, 'Teach this to Docent');
    await until(() => jobs.length === 2 && isIdle());
    expect(taught.original!.flags & flag.ephemeral).toBe(0);
    expect(heard.teachings[0]).toMatchObject({
      message: { key: `discord:${said.id}`, text: 'We meet at noon.', url: expect.stringContaining(said.id) },
      files: [{ name: 'a.md' }],
    });
    discord.edit(said, 'We meet at one.');
    await until(() => heard.edits.length === 1);
    expect(heard.edits).toEqual([`discord:${said.id} We meet at one.`]);
    expect(heard.deleted).toEqual([]);
    discord.deleteMessage(said);
    await until(() => heard.deleted.length === 2);
    expect(heard.deleted).toEqual([`discord:${said.id}`, heard.teachings[0]!.files[0]!.key]);
  });

  it('asks what is wrong after a 👎, and answers the form to its giver only', async () => {
    const actions = [{ kind: 'teach', subject: 'f1', label: 'Teach this' }] as const;
    const { discord, general, ada, isIdle, jobs, heard } = await setup({
      answer: (what, id) => ({ text: what, sources: [], answerId: id, tone: 'answer', actions }),
    });
    const question = discord.say(general, ada, `${discord.mention} How many days?`);
    await until(() => jobs.length === 1 && isIdle());
    const [reply] = discord.shown(general);
    const ids = [...JSON.stringify(reply!.components).matchAll(/"custom_id":"([^"]+)"/g)].map((match) => match[1]!);
    const press = discord.press(reply!, ada, ids[1]!);
    await until(() => heard.votes.length === 1 && press.modal);
    expect(heard.votes[0]).toMatchObject({ answerId: jobs[0]!.id, vote: -1 });
    const form = discord.submit(press, { correction: '30 days', reason: '' });
    await until(() => jobs.length === 2 && isIdle());
    expect(heard.corrections).toMatchObject([
      {
        answerId: jobs[0]!.id,
        correction: '30 days',
        reason: '',
        person: { id: ada.id },
        place: { thread: question.id },
      },
    ]);
    expect(form.original!.content).toBe('correction 30 days');
    expect(form.original!.flags & flag.ephemeral).toBe(flag.ephemeral);
    const taught = discord.press(form.original!, ada, 'docent:press:teach:f1');
    await until(() => jobs.length === 3 && isIdle());
    expect(JSON.stringify(form.original!.components)).toContain('docent:press:teach:f1');
    expect(heard.presses).toMatchObject([{ action: { kind: 'teach', subject: 'f1' } }]);
    expect(taught.original!.flags & flag.ephemeral).toBe(0);
  });

  it('shows sources, and long answers in one message', async () => {
    const source = {
      document: 'hand_book.md',
      documentId: 'd',
      section: '4.2 *Annual* leave',
      page: 3,
      quote: 'Full-time employees accrue 25 days.',
      start: 0,
      end: 34,
      url: 'https://discord.com/channels/1/2/3',
    };
    const answers: Record<string, ReplyContent> = {
      short: { text: '**25 days**. @everyone <@1>', sources: [source], answerId: 'a', tone: 'answer' },
      long: { text: 'A sentence of words. '.repeat(150), sources: [source], answerId: 'a', tone: 'answer' },
      huge: { text: 'A sentence of words. '.repeat(900), sources: [source], answerId: 'a', tone: 'answer' },
    };
    const { discord, general, ada, isIdle, jobs } = await setup({ answer: (what) => answers[what]! });
    for (const name of Object.keys(answers)) discord.say(general, ada, `${discord.mention} ${name}`);
    await until(() => jobs.length === 3 && isIdle());
    const [short, long, huge] = discord.shown(general).map(visibleText);
    expect(short).toBe(
      '**25 days**. @everyone \\<@1>\n\n-# **Source**\n' +
        '-# 1. [hand\\_book.md › 4.2 \\*Annual\\* leave](<https://discord.com/channels/1/2/3>), page 3: «Full-time employees accrue 25 days.»',
    );
    expect(long!.match(/A sentence of words\./g)).toHaveLength(150);
    expect(long).toContain('hand\\_book.md');
    expect(huge).toContain('shortened');
    expect(huge!.length).toBeLessThanOrEqual(4000 + 10);
    expect(discord.shown(general)).toHaveLength(3);
  });
});

describe('connecting', () => {
  it('names a refused token', async () => {
    const { adapter, handlers } = await setup({ start: false, token: 'another-token' });
    await expect(adapter.start(handlers)).rejects.toSatisfy((error) => isDocentError(error, 'TOKEN_INVALID'));
    expect(adapter.describe()).toBe('Discord: not connected yet');
  });

  it('says that Discord is not reachable, and keeps trying', async () => {
    const { discord, general, ada, adapter, handlers, jobs, isIdle } = await setup({ start: false });
    discord.misbehave({ path: /gateway\/bot/ }, { how: 'fail-before' }, 4);
    await expect(adapter.start(handlers)).rejects.toSatisfy((error) => isDocentError(error, 'PLATFORM_UNREACHABLE'));
    await until(() => adapter.describe().startsWith('Discord: connected'));
    discord.say(general, ada, `${discord.mention} Hello?`);
    await until(() => jobs.length === 1 && isIdle());
  });

  it('stops taking messages, but finishes replies', async () => {
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    const { discord, general, ada, adapter, jobs, isIdle } = await setup({
      answer: async () => {
        await hold;
        return { text: 'Finished', sources: [], answerId: null, tone: 'answer' };
      },
    });
    discord.say(general, ada, `${discord.mention} Last?`);
    await until(() => discord.shown(general).length === 1);
    await adapter.stop();
    await adapter.stop();
    release();
    await until(() => jobs.length === 1 && isIdle());
    expect(contentOf(discord.shown(general))).toEqual(['Finished']);
  });
});
