/** Several people at once on a fresh home: everybody's first row is the same one. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConversations } from '../src/answers/conversations.ts';
import { createLifecycle } from '../src/documents/lifecycle.ts';
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

  it('bytes that are deleted in one channel while they are uploaded in another stay, and go with the last', async () => {
    const { prisma, pool } = test.store;
    const originals = createOriginals({ home: test.config.home, maxBytes: 1e6 });
    const later: string[] = [];
    const removeLater = async (digest: string) => void later.push(digest);
    const receiver = createReceiver({ prisma, originals, enqueue: async () => undefined });
    const lifecycle = createLifecycle({ prisma, pool, originals, removeLater });
    const channels = createChannelNames({ prisma, connected: false });
    const [here, there] = await Promise.all(['here', 'there'].map((name) => channels.forIngest(name, false)));
    const upload = (channelId: string, round: number) =>
      receiver.receive({ channelId, path: 'a.md', content: Buffer.from(`# Round ${round}`), uploaderId: 'u' });
    for (let round = 0; round < 40; round++) {
      const first = await upload(here!.id, round);
      const [second] = await Promise.all([upload(there!.id, round), lifecycle.remove(first.documentId, 'u')]);
      const { digest } = await prisma.documentVersion.findUniqueOrThrow({ where: { id: second.versionId } });
      expect(await readFile(originals.pathOf(digest), 'utf8')).toBe(`# Round ${round}`);
      // The last placement: killed between the commit and the disk, the job does the rest.
      await lifecycle.remove(second.documentId, 'u');
      expect(later.at(-1)).toBe(digest);
      expect(existsSync(originals.pathOf(digest))).toBe(false);
      await upload(here!.id, round);
      await lifecycle.removeBytes(digest);
      expect(existsSync(originals.pathOf(digest))).toBe(true);
      await lifecycle.remove((await prisma.document.findFirstOrThrow({ where: { channelId: here!.id } })).id, 'u');
    }
    expect(await readdir(join(test.config.home, 'originals'))).not.toContainEqual(expect.stringMatching(/part$/));
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
