/** What people do besides asking, on both platforms: the whole product with the real model, against both fakes. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type FakeChannel as DiscordChannel,
  type FakeUser as DiscordUser,
  type FakeDiscord,
  startFakeDiscord,
  visibleText,
} from './fakes/discord/index.ts';
import {
  botUser,
  type FakeMessage,
  type FakeSlack,
  type FakeUser,
  type FakeChannel as SlackChannel,
  startFakeSlack,
} from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { type TestStore, testStore } from './setup/database.ts';

const travel =
  '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night. In Paris it is 180 euros per night.\n';

let place: TestStore;
let slack: FakeSlack;
let discord: FakeDiscord;
let product: ChatProduct;
let anna: FakeUser;
let ben: FakeUser;
let general: SlackChannel;
let hall: DiscordChannel;
let ada: DiscordUser;
let bob: DiscordUser;

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

beforeAll(async () => {
  const { folder } = await testBase();
  place = await testStore();
  slack = await startFakeSlack();
  anna = slack.addUser('UANNA', { is_admin: true });
  ben = slack.addUser('UBEN');
  general = slack.addChannel('CGENERAL', {}, ['UANNA', 'UBEN']);
  discord = await startFakeDiscord({ messageContent: true });
  const guild = discord.world.addGuild('Acme');
  hall = discord.world.addTextChannel(guild, 'hall');
  ada = discord.join(guild, 'ada', [discord.world.addRole(guild, 'boss', 1n << 5n)]);
  bob = discord.join(guild, 'bob');
  product = chatProduct(place, folder, {
    ...slack.environment,
    ...discord.environment,
    DOCENT_DISCORD_MESSAGE_CONTENT: '1',
    DOCENT_LEARN: 'off',
  });
  await product.start();
  const shared = slack.say(general, anna, '', { files: [{ name: 'travel.md', content: travel }] });
  await oneReply(shared, /travel\.md: learned/);
});
afterAll(async () => {
  await product?.kill();
  await slack?.close();
  await discord?.stop();
  await place?.dispose();
});

const repliesTo = (message: FakeMessage): readonly FakeMessage[] =>
  slack.said(message.channel).filter(({ thread_ts }) => thread_ts === message.ts);
const oneReply = async (message: FakeMessage, words: RegExp): Promise<FakeMessage> => {
  await eventually(() => expect(repliesTo(message).map(({ text }) => text)).toEqual([expect.stringMatching(words)]));
  return repliesTo(message)[0]!;
};
/** Buttons of a Slack message by their label. */
const buttonsOf = (blocks: unknown): Record<string, { readonly action_id: string; readonly value: string }> =>
  Object.fromEntries(
    [...JSON.stringify(blocks ?? []).matchAll(/\{"type":"button".*?"value":"[^"]*"/g)].map(([found]) => {
      const button = JSON.parse(`${found}}`) as { text: { text: string }; action_id: string; value: string };
      return [button.text.text, button];
    }),
  );
const idsOf = (components: unknown): readonly string[] =>
  [...JSON.stringify(components).matchAll(/"custom_id":"([^"]+)"/g)].map((match) => match[1]!);
const lastResponse = () => slack.responses.at(-1) as { text: string; blocks: unknown };

describe('what is kept of a person', () => {
  interface Exported {
    readonly questions: readonly { readonly question: string; readonly answer: { readonly text: string } }[];
    readonly feedback: readonly { readonly correction: string | null }[];
    readonly uploads: readonly { readonly path: string }[];
  }

  test('is sent to them alone, and forgotten but for what others share', async () => {
    const { prisma } = place.store;
    const carl = slack.addUser('UCARL');
    general.members.add('UCARL');
    const direct = slack.addChannel('DCARL', { is_im: true, user: 'UCARL' }, ['UCARL']);
    const own = slack.say(direct, carl, '', {
      files: [{ name: 'own.md', content: '# Own\n\nMy desk is number 12.\n' }],
    });
    await oneReply(own, /own\.md: learned/);
    const shared = slack.say(general, carl, '', {
      files: [{ name: 'desks.md', content: '# Desks\n\nDesk 7 is free.\n' }],
    });
    await oneReply(shared, /desks\.md: learned/);
    const asked = slack.say(general, carl, `<@${botUser}> Which desk is free?`);
    const reply = await oneReply(asked, /7/);
    slack.vote(reply, carl, /up:[0-9a-f-]+/.exec(JSON.stringify(reply.blocks))![0]);
    await eventually(async () => expect(await prisma.feedback.count({ where: { userId: 'UCARL' } })).toBe(1));
    const others = await prisma.question.count({ where: { userId: { not: 'UCARL' } } });

    slack.command(general, carl, 'export');
    await eventually(() => expect(lastResponse().text).toBe('I sent it to you as a direct message.'));
    expect(slack.said('UCARL').at(-1)?.text).toMatch(/all that I keep of you: 1 question, 1 vote, 2 uploads/);
    const [file] = slack.sentFiles;
    expect(file).toMatchObject({ channel: 'UCARL', name: 'docent-my-data.json' });
    const data = JSON.parse(file!.text) as Exported;
    expect(data.questions).toMatchObject([
      { question: 'Which desk is free?', answer: { text: expect.stringMatching(/7/) } },
    ]);
    expect(data.feedback).toMatchObject([{ vote: 1 }]);
    expect(data.uploads.map(({ path }) => path)).toEqual(['own.md', 'desks.md']);

    slack.command(general, carl, 'forget-me');
    await eventually(() =>
      expect(lastResponse().text).toMatch(/forgot 1 question, 1 vote, 1 file of our direct messages/),
    );
    expect(lastResponse().text).toMatch(/1 file that you shared with others stays/);
    expect(await prisma.question.count({ where: { userId: 'UCARL' } })).toBe(0);
    expect(await prisma.feedback.count({ where: { userId: 'UCARL' } })).toBe(0);
    expect(await prisma.document.findMany({ where: { path: { in: ['own.md', 'desks.md'] } } })).toMatchObject([
      { path: 'desks.md', uploaderId: null },
    ]);
    expect(await prisma.question.count()).toBe(others);
    slack.command(general, carl, 'forget');
    await eventually(() => expect(lastResponse().text).toBe('I had nothing of yours.'));
  });

  test('is attached to the private reply on Discord', async () => {
    const cleo = discord.join([...discord.world.guilds.values()][0]!, 'cleo');
    const ask = discord.command(hall, cleo, 'ask', { question: 'What is the hotel budget per night?' });
    await eventually(() => expect(visibleText(ask.original!)).toMatch(/no documents here yet/));
    const command = discord.command(hall, cleo, 'export');
    await eventually(() => expect(visibleText(command.original!)).toMatch(/1 question, 0 votes, 0 uploads/));
    const [file] = command.original!.files!;
    expect((JSON.parse(file!.text) as Exported).questions).toMatchObject([
      { question: 'What is the hotel budget per night?' },
    ]);
    const forgotten = discord.command(hall, cleo, 'forget-me');
    await eventually(() => expect(visibleText(forgotten.original!)).toMatch(/forgot 1 question/));
    expect(await place.store.prisma.question.count({ where: { userId: cleo.id } })).toBe(0);
  });

  test('that is missing a permission is said so', async () => {
    slack.misbehave('files.getUploadURLExternal', { how: 'refuse', error: 'missing_scope' });
    slack.command(general, ben, 'export');
    await eventually(() => expect(lastResponse().text).toMatch(/lacks the permission files:write/));
  });
});

const messageDocuments = () =>
  place.store.prisma.document.findMany({
    where: { path: { startsWith: 'message' } },
    include: { liveVersion: true },
  });

describe('a correction', () => {
  /** Ben's 👎 of the answer to a question, with these words; what he is told. */
  const corrected = async (correction: string, reason = '') => {
    const asked = slack.say(general, ben, `<@${botUser}> What is the hotel budget per night in Paris?`);
    const reply = await oneReply(asked, /euros/);
    const [views, whispers] = [slack.views.length, slack.whispers.length];
    const value = /down:[0-9a-f-]+/.exec(JSON.stringify(reply.blocks))![0];
    slack.vote(reply, ben, value);
    await eventually(() => expect(slack.views).toHaveLength(views + 1));
    slack.submit(slack.views.at(-1)!, ben, { correction, reason });
    await eventually(() => expect(slack.whispers).toHaveLength(whispers + 1));
    return { whisper: slack.whispers.at(-1)! };
  };

  test('in the documents’ words waits for an admin, who approves it in chat; nobody else may', async () => {
    const { whisper } = await corrected('180 Euros  per night', 'that is the general one');
    expect(whisper.text).toMatch(/The documents say so too.*an admin/);
    expect(buttonsOf(whisper.blocks)).toEqual({});
    slack.command(general, ben, 'feedback');
    await eventually(() => expect(lastResponse().text).toMatch(/may not decide what is learned/));
    slack.command(general, anna, 'feedback');
    await eventually(() => expect(lastResponse().text).toMatch(/180 Euros {2}per night.*\n.*the general one/));
    const approve = buttonsOf(lastResponse().blocks)['Approve 1']!;
    slack.press(general, ben, approve);
    await eventually(() => expect(lastResponse().text).toMatch(/may not decide/));
    expect(await place.store.prisma.feedback.findMany()).toMatchObject([
      {
        userId: 'UBEN',
        vote: -1,
        correction: '180 Euros  per night',
        reason: 'that is the general one',
        review: 'open',
      },
    ]);
    slack.press(general, anna, approve);
    await eventually(() => expect(lastResponse().text).toMatch(/^Approved/));
    const better = slack.say(general, ben, `<@${botUser}> In Paris, what is the hotel budget per night?`);
    await oneReply(better, /^180 euros per night.*corrected/s);
    expect(await place.store.prisma.feedback.findMany()).toMatchObject([{ review: 'approved' }]);
    slack.command(general, anna, 'feedback');
    await eventually(() => expect(lastResponse().text).toBe('No correction waits for you.'));
  });

  test('that no document says becomes one, by a press of its giver', async () => {
    const { whisper } = await corrected('The Ritz is booked for 310 euros by the board');
    expect(whisper.text).toMatch(/No document here says “The Ritz/);
    slack.press(general, ben, buttonsOf(whisper.blocks)['Teach this to Docent']!);
    await eventually(() =>
      expect(slack.said(general.id).at(-1)?.text).toMatch(/✓ correction \d{4}-\d\d-\d\d \w{6}\.md: learned 1 section/),
    );
    const again = slack.say(general, ben, `<@${botUser}> What is the Ritz booked for?`);
    await oneReply(again, /310 euros/);
  });

  test('on Discord goes the same way', async () => {
    const upload = discord.command(hall, ada, 'upload', { file: { name: 'travel.md', bytes: travel } });
    await eventually(() => expect(visibleText(upload.original!)).toMatch(/learned/));
    const ask = discord.command(hall, bob, 'ask', { question: 'What is the hotel budget per night?' });
    await eventually(() => expect(visibleText(ask.original!)).toMatch(/euros/));
    const down = idsOf(ask.original!.components).find((id) => id.includes(':down:'))!;
    const send = async (correction: string) => {
      const press = discord.press(ask.original!, bob, down);
      await eventually(() => expect(press.modal).toBeTruthy());
      const form = discord.submit(press, { correction, reason: '' });
      await eventually(() => expect(visibleText(form.original!)).toMatch(/Thank you/));
      return form.original!;
    };
    expect(visibleText(await send(''))).toBe('Thank you, noted.');
    expect(visibleText(await send('180 euros'))).toMatch(/The documents say so too.*an admin/);
    const decide = async (words: RegExp, button: number) => {
      const list = discord.command(hall, ada, 'feedback');
      await eventually(() => expect(visibleText(list.original!)).toMatch(words));
      return discord.press(list.original!, ada, idsOf(list.original!.components)[button]!);
    };
    const reject = await decide(/180 euros/, 1);
    await eventually(() => expect(visibleText(reject.original!)).toMatch(/^Rejected/));
    await send('in Paris it is 180 euros per night');
    const approve = await decide(/in Paris it is 180/, 0);
    await eventually(() => expect(visibleText(approve.original!)).toMatch(/^Approved/));
    const better = discord.command(hall, ada, 'ask', { question: 'the hotel budget per night is what?' });
    await eventually(() =>
      expect(visibleText(better.original!)).toMatch(/In Paris it is 180 euros per night.*corrected/s),
    );
    const unsaid = await send('The hostel costs 45 euros');
    const taught = discord.press(unsaid, bob, idsOf(unsaid.components)[0]!);
    await eventually(() => expect(visibleText(taught.original!)).toMatch(/correction .*learned 1 section/));
    const again = discord.command(hall, bob, 'ask', { question: 'What does the hostel cost?' });
    await eventually(() => expect(visibleText(again.original!)).toMatch(/45 euros/));
  });
});

describe('a message of the chat', () => {
  test('becomes a document of its channel, follows its edits, and goes with it', async () => {
    const said = slack.say(general, ben, 'The canteen closes at half past two.');
    slack.shortcut(said, ben, 'docent_teach');
    const line = await oneReply(said, /message \d{4}-\d\d-\d\d \w{6}\.md: learned 1 section/);
    expect(line.thread_ts).toBe(said.ts);
    const question = slack.say(general, anna, 'When does the canteen close?');
    slack.shortcut(question, ben, 'docent_ask');
    await oneReply(question, /half past two[\s\S]*archives\/CGENERAL/);
    slack.edit(said, 'The canteen closes at three o’clock.');
    await eventually(async () => {
      const [document] = await messageDocuments();
      expect(document?.liveVersion?.text).toContain('three o’clock');
    });
    await oneReply(slack.say(general, anna, `<@${botUser}> When does the canteen close?`), /three o’clock/);
    slack.remove(said);
    await eventually(async () => expect(await messageDocuments()).toEqual([]));
    const nothing = slack.say(general, ben, '');
    slack.shortcut(nothing, ben, 'docent_teach');
    await oneReply(nothing, /nothing in this message that I could read/);
  });

  test('on Discord the same, and names of documents are completed where they may be seen', async () => {
    const guild = [...discord.world.guilds.values()][0]!;
    const board = discord.world.addTextChannel(guild, 'board', { closed: true, allowUsers: [ada.id] });
    discord.updateChannel(board, {});
    const said = discord.say(hall, bob, 'The gym opens at six.');
    const taught = discord.menu(said, bob, 'Teach this to Docent');
    await eventually(() => expect(visibleText(taught.original!)).toMatch(/learned 1 section/));
    const asked = discord.command(hall, bob, 'ask', { question: 'When does the gym open?', private: true });
    await eventually(() => expect(visibleText(asked.original!)).toMatch(/at six/));
    const merger = { name: 'merger.md', bytes: '# Merger\n\nIt is secret.\n' };
    const upload = discord.command(board, ada, 'upload', { file: merger });
    await eventually(() => expect(visibleText(upload.original!)).toMatch(/learned/));
    const complete = async (channel: DiscordChannel, typed: string) => {
      const typing = discord.type(channel, ada, 'documents', 'document', typed);
      await eventually(() => expect(typing.choices).toBeTruthy());
      return typing.choices!;
    };
    expect(await complete(hall, 'merger')).toEqual([]);
    const [choice] = await complete(board, 'MERG');
    expect(choice).toMatchObject({ name: 'merger.md' });
    for (const [channel, words] of [
      [board, /merger\.md[\s\S]*It speaks about:\n• Merger/],
      [hall, /no document here that you can see/],
    ] as const) {
      const shown = discord.command(channel, ada, 'documents', { document: choice!.value });
      await eventually(() => expect(visibleText(shown.original!)).toMatch(words));
    }
    discord.deleteMessage(said);
    await eventually(async () => expect(await messageDocuments()).toEqual([]));
  });
});

describe('a channel', () => {
  test('that it is invited into is read, and told what can be asked; a second time nothing is read twice', async () => {
    const club = slack.addChannel('CCLUB', {}, ['UANNA', 'UBEN']);
    const rules =
      '# Club\n\n## Opening of the club room\n\nThe club room opens at seven in the evening, except on Mondays, when nobody has the key.\n';
    slack.say(club, ben, '', {
      files: [{ name: 'club.md', content: '# Old\n\nThe club room is closed.\n' }],
      events: [],
    });
    slack.say(club, ben, '', { files: [{ name: 'club.md', content: rules }], events: [] });
    slack.say(club, ben, '', { files: [{ name: 'empty.md', content: '' }], events: [] });
    const join = () =>
      slack.event({ type: 'member_joined_channel', channel: club.id, user: botUser, inviter: 'UANNA' });
    join();
    await eventually(() =>
      expect(slack.said(club.id).map(({ text }) => text)).toEqual([
        expect.stringMatching(/^Hello![\s\S]*opening of the club room\?[\s\S]*2 files: 1 learned, 1 I could not read/),
      ]),
    );
    expect(slack.said(club.id)[0]!.thread_ts).toBeUndefined();
    await oneReply(slack.say(club, anna, `<@${botUser}> When does the club room open?`), /seven in the evening/);
    const versions = await place.store.prisma.documentVersion.count({ where: { document: { path: 'club.md' } } });
    slack.command(club, ben, 'backfill');
    await eventually(() => expect(lastResponse().text).toMatch(/may not have old files read/));
    slack.command(club, anna, 'backfill');
    await eventually(() => expect(lastResponse().text).toMatch(/2 files: 1 learned/));
    expect(await place.store.prisma.documentVersion.count({ where: { document: { path: 'club.md' } } })).toBe(versions);
  });

  test('is answered in as its admins want it', async () => {
    const policy = async (user: FakeUser, text: string, words: RegExp) => {
      slack.command(general, user, `policy ${text}`);
      await eventually(() => expect(lastResponse().text).toMatch(words));
    };
    const asked = slack.say(general, ben, `<@${botUser}> What is the hotel budget per night?`);
    await oneReply(asked, /euros/);
    await policy(ben, 'off', /may not change when I answer here/);
    await policy(anna, 'loud', /I know the policies mention, threads, off/);
    await policy(anna, 'mention', /only who names me/);
    slack.say(general, ben, 'and in Paris?', { thread: asked.ts });
    const named = slack.say(general, ben, `<@${botUser}> What is the hotel budget per night?`);
    await oneReply(named, /euros/);
    expect(repliesTo(asked)).toHaveLength(1);
    await policy(anna, 'off', /I am switched off/);
    const file = { name: 'unread.md', content: '# Unread\n\nNobody reads this.\n' };
    slack.say(general, ben, '', { files: [file] });
    const inVain = slack.say(general, ben, `<@${botUser}> What is the hotel budget per night?`);
    await oneReply(inVain, /switched me off/);
    await policy(ben, '', /I am switched off/);
    await policy(anna, 'threads', /follow-ups/);
    slack.say(general, ben, 'and in Paris?', { thread: asked.ts });
    await eventually(() =>
      expect(repliesTo(asked).map(({ text }) => text)).toEqual([expect.anything(), expect.stringMatching(/180/)]),
    );
    expect(await place.store.prisma.document.count({ where: { path: 'unread.md' } })).toBe(0);
    slack.command(general, ben, 'status');
    await eventually(() =>
      expect(lastResponse().text).toMatch(/Documents you can see[\s\S]*adapter[\s\S]*Learning[\s\S]*follow-ups/),
    );
  });

  test('on Discord has its policy and its old files too', async () => {
    const lodge = discord.world.addTextChannel([...discord.world.guilds.values()][0]!, 'lodge');
    discord.updateChannel(lodge, {});
    const file = { name: 'lodge.md', bytes: '# Lodge\n\nThe lodge sleeps nine guests.\n' };
    discord.say(lodge, bob, '', { files: [file], tell: false });
    const backfill = discord.command(lodge, ada, 'backfill');
    await eventually(() => expect(visibleText(backfill.original!)).toMatch(/1 file: 1 learned/));
    const off = discord.command(lodge, ada, 'policy', { policy: 'off' });
    await eventually(() => expect(visibleText(off.original!)).toMatch(/switched off/));
    const ask = discord.command(lodge, bob, 'ask', { question: 'How many guests does the lodge sleep?' });
    await eventually(() => expect(visibleText(ask.original!)).toMatch(/switched me off/));
    const on = discord.command(lodge, ada, 'policy', { policy: 'threads' });
    await eventually(() => expect(visibleText(on.original!)).toMatch(/follow-ups/));
    const again = discord.command(lodge, bob, 'ask', { question: 'How many guests does the lodge sleep?' });
    await eventually(() => expect(visibleText(again.original!)).toMatch(/nine/));
  });
});
