/** Several workspaces in one install, with the real model: each learns from its own documents and from what is everybody's. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recentQuestions } from '../src/learn/recent.ts';
import { loadTeachingSections, type Scope } from '../src/learn/teaching.ts';
import type { Docent } from '../src/main.ts';
import type { Operator } from '../src/operator/contract.ts';
import type { TestStore } from './setup/database.ts';
import { type TestProduct, testProduct } from './setup/product.ts';

interface Room {
  readonly workspaceId: string;
  readonly channelId: string;
}

let product: TestProduct;
let place: TestStore;
let docent: Docent;
let operator: Operator;
let acme: Room;
let bolt: Room;
let shipped: string;

const room = async (name: string): Promise<Room> => {
  const { prisma } = await docent.store();
  const workspace = await prisma.workspace.create({ data: { platform: 'slack', externalId: `T-${name}`, name } });
  const channel = await prisma.channel.create({
    data: { workspaceId: workspace.id, externalId: `C-${name}`, name: 'general', visibility: 'open' },
  });
  return { workspaceId: workspace.id, channelId: channel.id };
};
const upload = async (channelId: string, name: string, text: string): Promise<string> => {
  const filePath = join(place.config.home, name);
  writeFileSync(filePath, text);
  const documents = await docent.documents();
  const { documentId } = await documents.receive({ channelId, path: name, content: { filePath }, uploaderId: 'u' });
  await expect.poll(async () => (await documents.show(documentId, null)).status, { timeout: 60_000 }).toBe('ready');
  return documentId;
};
const adapterNamed = (id: string, documents: readonly string[]): string => {
  const folder = join(place.config.home, `from-${id}`);
  cpSync(fileURLToPath(new URL('../models/reader', import.meta.url)), folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { id: string };
  shipped = manifest.id;
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, id, documents }));
  return folder;
};
const servesIn = async (channelId: string | null): Promise<string | null> => {
  const answerer = await docent.answerer();
  const question = { text: 'What is the hotel budget per night?', thread: null, userId: 'u' };
  return (await answerer.ask({ ...question, audience: { channelId } })).model.adapter;
};
const documentsOf = async (scope: Scope): Promise<readonly string[]> => [
  ...new Set((await loadTeachingSections((await docent.store()).pool, scope)).map(({ document }) => document)),
];

beforeAll(async () => {
  product = await testProduct();
  ({ docent, operator, place } = product);
  await docent.work();
  acme = await room('Acme');
  bolt = await room('Bolt');
}, 120_000);
afterAll(async () => {
  await product?.stop();
});

describe('an install with several workspaces', { timeout: 120_000 }, () => {
  test('learns as one until the second has documents; then what the first taught serves nobody else', async () => {
    const registry = await docent.registry();
    const learning = await docent.learning();
    const travel = await upload(acme.channelId, 'travel.md', '# Travel\n\nThe hotel budget is 140 euros per night.\n');
    expect(await learning.scopes()).toEqual([null]);
    expect(await learning.scopeOf(acme.workspaceId)).toBe(null);
    expect(await documentsOf(null)).toEqual(['travel.md']);
    await registry.import(adapterNamed('as-one', [travel]));
    await operator.promoteAdapter({ id: 'as-one' });
    expect(await servesIn(acme.channelId)).toBe('as-one');
    await upload(bolt.channelId, 'office.md', '# Office\n\nThe office of Bolt opens at 8:30.\n');
    await expect.poll(() => docent.model().adapter).toBe(shipped);
    expect(await servesIn(acme.channelId)).toBe(shipped);
    await expect(operator.promoteAdapter({ id: 'as-one' })).rejects.toMatchObject({ code: 'ADAPTER_INVALID' });
  });

  test('teaches each from its own documents and everybody’s, and the install from everybody’s alone', async () => {
    const shared = join(place.config.home, 'shared.md');
    writeFileSync(shared, '# Shared\n\nThe fire drill is on 3 May.\n');
    await operator.ingest({ paths: [shared] });
    const learning = await docent.learning();
    expect(new Set(await learning.scopes())).toEqual(new Set([null, acme.workspaceId, bolt.workspaceId]));
    expect(await documentsOf(null)).toEqual(['shared.md']);
    expect(await documentsOf(acme.workspaceId)).toEqual(['shared.md', 'travel.md']);
    expect(await documentsOf(bolt.workspaceId)).toEqual(['office.md', 'shared.md']);
    expect(new Set(await learning.changed())).toEqual(new Set(await learning.scopes()));
  });

  test('takes questions and corrections of one workspace to no other', async () => {
    const answerer = await docent.answerer();
    const ask = (channelId: string, text: string) =>
      answerer.ask({ text, audience: { channelId }, thread: null, userId: 'u' });
    const { prisma, pool } = await docent.store();
    const { id } = await ask(acme.channelId, 'When is the drill of Acme?');
    const correction = { vote: -1, correction: '3 May', review: 'approved' };
    await prisma.feedback.create({ data: { answerId: id, userId: 'u', ...correction } });
    const { feedback } = await docent.learning();
    const taught = async (scope: Scope) =>
      (await feedback.approved(await loadTeachingSections(pool, scope), scope)).map(({ question }) => question);
    expect(await taught(acme.workspaceId)).toEqual(['When is the drill of Acme?']);
    expect(await taught(bolt.workspaceId)).toEqual([]);
    expect(await taught(null)).toEqual([]);
    const recent = async (scope: Scope) => (await recentQuestions(pool, scope, 100)).map(({ question }) => question);
    expect(await recent(acme.workspaceId)).toContain('When is the drill of Acme?');
    expect((await recent(bolt.workspaceId)).join()).not.toContain('Acme');
    expect((await recent(null)).join()).not.toContain('Acme');
    expect((await ask(acme.channelId, 'when is the drill of acme')).text).toContain('corrected');
    expect((await ask(bolt.channelId, 'when is the drill of acme')).text).not.toContain('corrected');
  });

  test('serves each with its own adapter, back and forth', async () => {
    const registry = await docent.registry();
    const [travel] = (await loadTeachingSections((await docent.store()).pool, acme.workspaceId)).filter(
      ({ document }) => document === 'travel.md',
    );
    await registry.import(adapterNamed('of-acme', [travel!.documentId]), 'candidate', acme.workspaceId);
    await expect(operator.promoteAdapter({ id: 'of-acme' })).rejects.toMatchObject({ code: 'ADAPTER_INVALID' });
    await expect(operator.promoteAdapter({ id: 'of-acme', workspace: 'Bolt' })).rejects.toMatchObject({
      code: 'ADAPTER_INVALID',
    });
    await expect(operator.promoteAdapter({ id: 'of-acme', workspace: 'Nobody' })).rejects.toMatchObject({
      code: 'WORKSPACE_UNKNOWN',
    });
    await operator.promoteAdapter({ id: 'of-acme', workspace: 'Acme' });
    expect(await servesIn(acme.channelId)).toBe('of-acme');
    expect(await servesIn(bolt.channelId)).toBe(shipped);
    expect(await servesIn(null)).toBe(shipped);
    const { adapters } = await operator.listModels({});
    expect(adapters.find(({ id }) => id === 'of-acme')).toMatchObject({
      alias: expect.arrayContaining(['champion of Acme']),
      documents: 1,
    });
    await operator.rollbackAdapter({ workspace: 'Acme' });
    expect(await servesIn(acme.channelId)).toBe(shipped);
    await operator.promoteAdapter({ id: 'of-acme', workspace: 'Acme' });
    const { prisma } = await docent.store();
    const { id: conversationId } = await prisma.conversation.findFirstOrThrow({ where: { channelId: acme.channelId } });
    const answers = async (adapter: string, createdAt: Date, downs: number) => {
      for (let i = 0; i < 60; i += 1) {
        const data = { found: true, kind: 'span', text: '', confidence: 1, base: 'b', timing: {}, seen: [], createdAt };
        const feedback = i < downs ? { create: { userId: 'u', vote: -1 } } : {};
        const messageKey = `${adapter}-${i}`;
        await prisma.question.create({
          data: {
            conversationId,
            messageKey,
            userId: 'u',
            text: 'x',
            answer: { create: { ...data, adapter, feedback } },
          },
        });
      }
    };
    await answers(shipped, new Date(Date.now() - 86_400_000), 0);
    await answers('of-acme', new Date(), 20);
    expect(await (await docent.learning()).watch()).toBe(true);
    expect(await servesIn(acme.channelId)).toBe(shipped);
    await operator.promoteAdapter({ id: 'of-acme', workspace: 'Acme' });
    await operator.deleteDocument({ id: travel!.documentId });
    expect(await servesIn(acme.channelId)).toBe(shipped);
    await expect(operator.promoteAdapter({ id: 'of-acme', workspace: 'Acme' })).rejects.toMatchObject({
      code: 'WORKSPACE_UNKNOWN',
    });
  });
});
