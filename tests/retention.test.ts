/** Old conversations go, whole, and what people still need stays. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createConversations } from '../src/answers/conversations.ts';
import { deleteConversationsBefore } from '../src/answers/retention.ts';
import { type TestStore, testStore } from './setup/database.ts';

const long = new Date('2026-01-01T09:00:00Z');
const limit = new Date('2026-06-01T00:00:00Z');
const lately = new Date('2026-07-01T09:00:00Z');

let place: TestStore;
let conversations: ReturnType<typeof createConversations>;
beforeAll(async () => {
  place = await testStore();
  conversations = createConversations(place.store);
});
afterAll(() => place.dispose());

const expire = () => deleteConversationsBefore(place.store.pool, limit);
const threads = async () =>
  (await place.store.prisma.conversation.findMany({ orderBy: { threadKey: 'asc' } })).map(({ threadKey }) => threadKey);

/** A thread with one answered question. @param review of a correction of its answer. */
async function thread(key: string, at: Date, review?: string): Promise<void> {
  const { prisma } = place.store;
  const question = { text: `Where is ${key}?`, audience: { channelId: null }, userId: 'u1', thread: key };
  const { id, conversationId } = await conversations.record(question);
  await prisma.question.update({ where: { id }, data: { createdAt: at } });
  await prisma.conversation.update({ where: { id: conversationId }, data: { createdAt: at } });
  const { id: answerId } = await conversations.saveAnswer(
    id,
    {
      found: true,
      kind: 'span',
      answer: 'here',
      text: 'here',
      confidence: 1,
      sources: [
        {
          document: 'map.md',
          documentId: '00000000-0000-7000-8000-000000000001',
          section: null,
          page: null,
          quote: 'It is here.',
          start: 0,
          end: 11,
          url: null,
        },
      ],
      model: { base: 'base', adapter: null },
      timing: { retrieve_ms: 1, read_ms: 1, total_ms: 2 },
    },
    [],
  );
  if (review) await prisma.feedback.create({ data: { answerId, userId: 'u1', vote: -1, correction: 'there', review } });
}

describe('conversations that nobody has gone on with for long', () => {
  test('go with their answers, quotes and votes', async () => {
    await thread('new', lately);
    await thread('old', long);
    await thread('disputed', long, 'open');
    await thread('taught', long, 'approved');
    await thread('resumed', long);
    await conversations.record({
      text: 'And now?',
      audience: { channelId: null },
      userId: 'u2',
      thread: 'resumed',
    });
    expect(await expire()).toBe(2);
    expect(await threads()).toEqual(['new', 'resumed', 'taught']);
    const { prisma } = place.store;
    expect(await prisma.question.count()).toBe(4);
    expect(await prisma.answerSource.count()).toBe(3);
    expect(await prisma.feedback.count()).toBe(1);
    expect(await expire()).toBe(0);
  });

  test('lose no question that arrives at this moment', async () => {
    const { prisma } = place.store;
    for (let round = 0; round < 40; round += 1) {
      const key = `race-${round}`;
      await thread(key, long);
      const question = { text: 'Still there?', audience: { channelId: null }, userId: 'u1', thread: key };
      const [recorded] = await Promise.all([conversations.record(question), expire()]);
      const kept = await prisma.question.findUnique({
        where: { id: recorded.id },
        include: { conversation: true },
      });
      expect(kept?.conversation).toMatchObject({ id: recorded.conversationId, threadKey: key });
    }
  });
});
