/** What goes with a person: the corrections that teach, theirs and others' of their answers. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestStore, testStore } from '../../tests/setup/database.ts';
import type { Documents } from '../documents/index.ts';
import { createPersonalData } from './personal-data.ts';

let place: TestStore;
let channelId: string;
const forgotten: Date[] = [];
beforeAll(async () => {
  place = await testStore();
  const { prisma } = place.store;
  const workspace = await prisma.workspace.create({ data: { platform: 'slack', externalId: 'T1', name: 'Acme' } });
  const data = { workspaceId: workspace.id, externalId: 'C1', name: 'general', visibility: 'open' } as const;
  channelId = (await prisma.channel.create({ data })).id;
});
afterAll(() => place.dispose());

/** A question of one person, whose answer another one corrected. */
async function corrected(asker: string, corrector: string, review: string, approvedAt: Date | null): Promise<void> {
  const { prisma } = place.store;
  const talk = { channelId, threadKey: crypto.randomUUID(), audience: channelId };
  const { id: conversationId } = await prisma.conversation.create({ data: talk });
  const answer = { found: false, kind: 'span', text: 'x', confidence: 0, base: 'b', timing: {}, seen: [] };
  const { answer: stored } = await prisma.question.create({
    data: {
      conversationId,
      messageKey: talk.threadKey,
      userId: asker,
      text: 'Where?',
      answer: { create: answer },
    },
    include: { answer: true },
  });
  const { id } = await prisma.feedback.create({
    data: { answerId: stored!.id, userId: corrector, vote: -1, correction: 'Here', review },
  });
  if (approvedAt)
    await prisma.auditEntry.create({
      data: { actorId: 'slack:UADMIN', action: 'feedback.approved', subject: id, at: approvedAt },
    });
}

test('the earliest approval of a correction that goes says since when adapters may have learned it', async () => {
  const { prisma } = place.store;
  const data = createPersonalData({
    prisma,
    documents: {} as Documents,
    onCorrectionsForgotten: async (since) => void forgotten.push(since),
  });
  const [early, late] = [new Date('2026-03-01T00:00:00Z'), new Date('2026-04-01T00:00:00Z')];
  await corrected('UANNA', 'UANNA', 'approved', late);
  await corrected('UANNA', 'UBEN', 'approved', early);
  await corrected('UBEN', 'UBEN', 'rejected', null);
  await corrected('UBEN', 'UANNA', 'open', null);

  const { text } = await data.forget({ platform: 'slack', userId: 'UANNA' });
  expect(text).toMatch(/forgot 2 questions, 2 votes/);
  expect(forgotten).toEqual([early]);
  expect(await prisma.conversation.count()).toBe(2);
  expect(await prisma.feedback.findMany()).toMatchObject([{ userId: 'UBEN', review: 'rejected' }]);

  await data.forget({ platform: 'slack', userId: 'UBEN' });
  expect(forgotten).toHaveLength(1);
  expect(await prisma.conversation.count()).toBe(0);
});

test('a liked answer may have taught since it was liked', async () => {
  const { prisma } = place.store;
  const data = createPersonalData({
    prisma,
    documents: {} as Documents,
    onCorrectionsForgotten: async (since) => void forgotten.push(since),
  });
  forgotten.length = 0;
  await corrected('UEVA', 'UEVA', 'open', null);
  const likedAt = new Date('2026-05-01T00:00:00Z');
  await prisma.feedback.updateMany({ where: { userId: 'UEVA' }, data: { vote: 1, createdAt: likedAt } });
  await data.forget({ platform: 'slack', userId: 'UEVA' });
  expect(forgotten).toEqual([likedAt]);
});

test('the same id on another platform is another person', async () => {
  await corrected('42', '42', 'open', null);
  const data = createPersonalData({
    prisma: place.store.prisma,
    documents: {} as Documents,
    onCorrectionsForgotten: async () => undefined,
  });
  expect((await data.forget({ platform: 'discord', userId: '42' })).text).toBe('I had nothing of yours.');
  const { attachment } = await data.export({ platform: 'discord', userId: '42' });
  expect(JSON.parse(attachment!.text)).toMatchObject({ questions: [], feedback: [], uploads: [] });
});
