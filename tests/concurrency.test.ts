/** Several people at once on a fresh home: everybody's first row is the same one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConversations } from '../src/answers/conversations.ts';
import { createOriginals } from '../src/documents/originals.ts';
import { createReceiver } from '../src/documents/receive.ts';
import { createChannelNames } from '../src/operator/channels.ts';
import { type TestStore, testStore } from './setup/database.ts';

describe('at once on a fresh home', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await testStore();
  });
  afterAll(() => test.dispose());

  const eight = Array.from({ length: 8 }, (_, i) => i);

  it('uploads end up in one collection, the same bytes once', async () => {
    const { prisma } = test.store;
    const originals = createOriginals({ home: test.config.home, maxBytes: 1e6 });
    const receiver = createReceiver({ prisma, originals, enqueue: async () => undefined });
    const channels = createChannelNames({ prisma, connected: false });
    const receipts = await Promise.all(
      eight.map(async (i) => {
        const { id } = await channels.forIngest(i % 2 ? undefined : `room-${i}`, false);
        return receiver.receive({
          channelId: id,
          path: `${i}.md`,
          content: Buffer.from('# Same\n\nbytes'),
          uploaderId: 'u',
        });
      }),
    );
    expect(receipts.filter(({ status }) => status === 'received')).toHaveLength(5);
    expect(await prisma.original.count()).toBe(1);
    expect(await prisma.channel.count({ where: { name: 'everyone' } })).toBe(1);
  });

  it('questions of one thread share a conversation, and one message is one question', async () => {
    const conversations = createConversations({ prisma: test.store.prisma });
    const record = (messageKey: string) =>
      conversations.record({ text: 'q', audience: { channelId: null }, thread: 't', userId: 'u', messageKey });
    const records = await Promise.all(eight.map((i) => record(`m${i >> 1}`)));
    expect(new Set(records.map(({ conversationId }) => conversationId)).size).toBe(1);
    expect(new Set(records.map(({ id }) => id)).size).toBe(4);
  });
});
