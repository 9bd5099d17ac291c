/** A workspace that removed Docent is forgotten a month later, with its documents; one that comes back is not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDeparted, type Departed } from '../src/documents/departed.ts';
import { createLifecycle } from '../src/documents/lifecycle.ts';
import { createOriginals } from '../src/documents/originals.ts';
import { createReceiver } from '../src/documents/receive.ts';
import { type TestStore, testStore } from './setup/database.ts';

let place: TestStore;
let departed: Departed;
const removedFromMemory: string[] = [];
beforeAll(async () => {
  place = await testStore();
  const { prisma, pool } = place.store;
  const originals = createOriginals({ home: place.config.home, maxBytes: 1000 });
  const lifecycle = createLifecycle({
    prisma,
    pool,
    originals,
    removeLater: async () => undefined,
    onRemoved: async (id) => void removedFromMemory.push(id),
  });
  departed = createDeparted({ prisma, documents: async () => lifecycle });
  const receiver = createReceiver({ prisma, originals, enqueue: async () => undefined });
  for (const externalId of ['T1', 'T2']) {
    const workspace = await prisma.workspace.create({ data: { platform: 'slack', externalId, name: externalId } });
    const data = {
      workspaceId: workspace.id,
      externalId: `C${externalId}`,
      name: 'general',
      visibility: 'open',
    } as const;
    const channel = await prisma.channel.create({ data });
    const content = new TextEncoder().encode(`Words of ${externalId}.`);
    await receiver.receive({ channelId: channel.id, path: 'a.md', content, uploaderId: 'U1' });
  }
});
afterAll(() => place.dispose());

const left = async () =>
  (await place.store.prisma.workspace.findMany({ where: { platform: 'slack' } })).map(({ externalId }) => externalId);
const soon = () => departed.purge(new Date(Date.now() + 60_000));

test('only what was left long ago goes, with originals and what was learned', async () => {
  await departed.removed({ platform: 'slack', externalId: 'T1' });
  await departed.removed({ platform: 'slack', externalId: 'T2' });
  await departed.present('slack', ['T2'], { all: false });
  expect(await departed.purge(new Date(Date.now() - 60_000))).toBe(0);
  expect(await left()).toEqual(['T1', 'T2']);
  expect(await soon()).toBe(1);
  expect(await left()).toEqual(['T2']);
  expect(await place.store.prisma.original.count()).toBe(1);
  expect(removedFromMemory).toHaveLength(1);
});

test('a server that was left while nobody looked counts from now; talks without a server stay', async () => {
  const { prisma } = place.store;
  for (const externalId of ['1', '2', 'direct'])
    await prisma.workspace.create({ data: { platform: 'discord', externalId, name: externalId } });
  await departed.present('discord', ['1'], { all: true });
  expect(await soon()).toBe(1);
  const kept = await prisma.workspace.findMany({ where: { platform: 'discord' }, orderBy: { externalId: 'asc' } });
  expect(kept.map(({ externalId }) => externalId)).toEqual(['1', 'direct']);
  expect(await left()).toEqual(['T2']);
});
