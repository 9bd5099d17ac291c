/** Retrieval over the real database and real documents: ranking, typo repair, visibility; by words, then by meaning too. */
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExamples } from '../src/answers/examples.ts';
import { createExtractor } from '../src/documents/extract/index.ts';
import { createLifecycle, type Lifecycle } from '../src/documents/lifecycle.ts';
import { createOriginals } from '../src/documents/originals.ts';
import { passageText } from '../src/documents/passage.ts';
import { createProcessor } from '../src/documents/process.ts';
import { createReceiver } from '../src/documents/receive.ts';
import { buildSections } from '../src/documents/sections.ts';
import { draftVersion } from '../src/documents/version.ts';
import { createEmbedder } from '../src/inference/embedder.ts';
import { createChannelNames } from '../src/operator/channels.ts';
import { createDenseSearch } from '../src/retrieval/dense.ts';
import { createRetriever, type Retriever } from '../src/retrieval/retrieve.ts';
import type { Audience } from '../src/retrieval/visibility.ts';
import { testBase } from './setup/base.ts';
import { type TestStore, testStore } from './setup/database.ts';

const handbook = `# Handbook

## Annual leave

Full-time employees accrue 25 days of paid leave per year. Unused days lapse on 31 March.

## Expenses

Receipts are handed in within 30 days. Meals are reimbursed up to 40 € per day.

## Remote work

Employees may work from home three days a week after the trial period.
`;

const secret = `# Board notes

## Project Nightingale

The acquisition of Brightwater closes on 3 May for 12 million euros. Zephyrine is the code word.
`;

describe('retrieval', () => {
  let test: TestStore;
  let retriever: Retriever;
  let lifecycle: Lifecycle;
  let place: (channel: string, closed: boolean, path: string, text: string) => Promise<string>;
  const log = pino({ level: 'silent' });
  const channelIds = new Map<string, string>();
  const extractor = createExtractor({ timeoutSeconds: 30, maxBytes: 1e7 });

  beforeAll(async () => {
    test = await testStore();
    const { prisma, pool } = test.store;
    const originals = createOriginals({ home: test.config.home, maxBytes: 1e7 });
    const processor = createProcessor({
      prisma,
      originals,
      log,
      extract: (input) => extractor.extract(input),
      prepare: (read) =>
        draftVersion(read.text, buildSections(read, { countTokens: (text) => Math.ceil(text.length / 4) }), null),
    });
    const receiver = createReceiver({ prisma, originals, enqueue: async () => undefined });
    const channels = createChannelNames({ prisma, connected: false });
    lifecycle = createLifecycle({ prisma, pool, originals, removeLater: async () => undefined });
    retriever = createRetriever({ pool, dense: null, log });
    place = async (channel, closed, path, text) => {
      const { id } = await channels.forIngest(channel, closed);
      channelIds.set(channel, id);
      const receipt = await receiver.receive({ channelId: id, path, content: Buffer.from(text), uploaderId: 'test' });
      await processor.process(receipt.versionId);
      return receipt.documentId;
    };
    await place('general', false, 'handbook.md', handbook);
    await place('board', true, 'notes.md', secret);
  });
  afterAll(async () => {
    await extractor.stop();
    await test.dispose();
  });

  const search = async (audience: Audience, text: string): Promise<string[]> =>
    (await retriever.search(audience, [{ text, weight: 1 }], 4)).map(({ pieces }) => passageText(pieces));
  const inChannel = (name: string): Audience => ({ channelId: channelIds.get(name)! });

  it('ranks the passage that answers first', async () => {
    expect((await search(inChannel('general'), 'how many days of leave do employees get?'))[0]).toContain('25 days');
    expect((await search(inChannel('general'), 'reimbursement of meals'))[0]).toContain('40 €');
  });

  it('repairs slips of the keyboard', async () => {
    expect((await search(inChannel('general'), 'recipts'))[0]).toContain('Receipts');
    expect((await search(inChannel('general'), 'anual laeve emploees'))[0]).toContain('25 days');
  });

  it('follows the heading and the file name', async () => {
    expect((await search(inChannel('general'), 'remote'))[0]).toContain('three days a week');
  });

  it('shows a closed channel in itself only', async () => {
    expect((await search(inChannel('board'), 'Brightwater'))[0]).toContain('12 million');
    for (const question of ['Brightwater', 'zephyrine', 'zephyrin', 'Project Nightingale', 'board notes acquisition']) {
      for (const audience of [inChannel('general'), { channelId: null }])
        expect((await search(audience, question)).join(' ')).not.toMatch(/Brightwater|Zephyrine|Nightingale/);
    }
  });

  it('shows it in a direct message to a member, and to nobody else', async () => {
    const direct = await place('dm', true, 'dm.md', '# Own\n\nA note of my own about parking permits.\n');
    expect(direct).toBeTruthy();
    const member: Audience = { channelId: channelIds.get('dm')!, memberOf: [channelIds.get('board')!] };
    expect((await search(member, 'Brightwater'))[0]).toContain('12 million');
    expect((await search(member, 'leave days'))[0]).toContain('25 days');
    expect(await search(inChannel('dm'), 'Brightwater')).toEqual([]);
  });

  it('shows a guest only what the conversation itself holds', async () => {
    expect(await search({ ...inChannel('dm'), restricted: true }, 'leave days')).toEqual([]);
    expect((await search({ ...inChannel('dm'), restricted: true }, 'parking'))[0]).toContain('parking');
  });

  it('lists, suggests and shows by the same rule', async () => {
    const listed = await lifecycle.list(inChannel('general'));
    expect(listed.map(({ path }) => path)).toEqual(['handbook.md']);
    const boardId = (await lifecycle.list(inChannel('board'))).find(({ path }) => path === 'notes.md')!.id;
    await expect(lifecycle.show(boardId, inChannel('general'))).rejects.toMatchObject({ code: 'DOCUMENT_UNKNOWN' });
    const examples = createExamples({ pool: test.store.pool });
    expect((await examples.forAudience(inChannel('general'))).join(' ')).not.toMatch(/Nightingale/);
    expect((await examples.forAudience(inChannel('board'))).join(' ')).toMatch(/Nightingale/);
  });

  it('ranks as if what may not be seen did not exist', async () => {
    const scores = async () =>
      (await retriever.search(inChannel('general'), [{ text: 'paid leave', weight: 1 }], 4)).map(({ score }) => score);
    const before = await scores();
    await place('hr', true, 'leave.md', `# Leave\n\n${'Paid leave. '.repeat(50)}\n`);
    expect(await scores()).toEqual(before);
  });

  it('shows the same file where it is placed, and keeps it when one placement goes', async () => {
    const open = await place('general', false, 'shared.md', '# Canteen\n\nThe canteen opens at noon.\n');
    await place('board', true, 'shared.md', '# Canteen\n\nThe canteen opens at noon.\n');
    expect(await search(inChannel('board'), 'canteen')).toHaveLength(1);
    await lifecycle.remove(open, 'test');
    expect(await search(inChannel('general'), 'canteen')).toEqual([]);
    expect(await search(inChannel('board'), 'canteen')).toHaveLength(1);
  });

  it('answers from the earlier version until the new one is read, then from the new one', async () => {
    await place('general', false, 'hours.md', '# Hours\n\nThe office opens at eight.\n');
    await place('general', false, 'hours.md', '# Hours\n\nThe office opens at nine.\n');
    const found = await search(inChannel('general'), 'when does the office open');
    expect(found.join(' ')).toContain('nine');
    expect(found.join(' ')).not.toContain('eight');
  });

  describe('with the sentence encoder', () => {
    const question = 'How much vacation do I have?';
    const encoder = async () =>
      createEmbedder({ folder: (await testBase()).embedder, adapter: null, threads: 1, version: 'plain' });

    it('finds by meaning what shares no word, after missing vectors were filled in', { timeout: 120_000 }, async () => {
      const { pool } = test.store;
      const embedder = await encoder();
      try {
        const dense = createDenseSearch({ pool, embedder });
        const both = createRetriever({ pool, dense, log });
        const find = async (audience: Audience, text: string) =>
          (await both.search(audience, [{ text, weight: 1 }], 4)).map(({ pieces }) => passageText(pieces));
        expect(await search(inChannel('general'), 'vacation entitlement')).toEqual([]);
        expect(await find(inChannel('general'), 'vacation entitlement')).toEqual([]);
        expect(await dense.fill()).toBeGreaterThan(4);
        expect(await dense.fill()).toBe(0);
        expect((await find(inChannel('general'), 'vacation entitlement'))[0]).toContain('25 days');
        expect((await find(inChannel('general'), question))[0]).toContain('25 days');
        expect((await find(inChannel('general'), 'Brightwater takeover')).join(' ')).not.toMatch(/Brightwater/);
        expect((await find(inChannel('board'), 'takeover price of the firm'))[0]).toContain('12 million');
        dense.forget();
        expect((await find(inChannel('general'), question))[0]).toContain('25 days');
      } finally {
        await embedder.stop();
      }
    });

    it('compares with no vector of another encoder, and makes them anew', { timeout: 120_000 }, async () => {
      const { pool } = test.store;
      const { embedder: folder } = await testBase();
      const adapter = fileURLToPath(new URL('../models/embedder', import.meta.url));
      const taught = createEmbedder({ folder, adapter, threads: 1, version: 'taught' });
      try {
        const dense = createDenseSearch({ pool, embedder: taught });
        const texts = [{ text: question, weight: 1 }];
        expect((await dense.cosines(inChannel('general'), texts)).size).toBe(0);
        expect(await dense.fill()).toBeGreaterThan(4);
        expect((await dense.cosines(inChannel('general'), texts)).size).toBeGreaterThan(2);
        const both = createRetriever({ pool, dense, log });
        expect(passageText((await both.search(inChannel('general'), texts, 4))[0]!.pieces)).toContain('25 days');
      } finally {
        await taught.stop();
      }
    });

    it('goes on by words when the encoder is gone', async () => {
      const embedder = await encoder();
      await embedder.start();
      await embedder.stop();
      const both = createRetriever({
        pool: test.store.pool,
        dense: createDenseSearch({ pool: test.store.pool, embedder }),
        log,
      });
      const found = await both.search(inChannel('general'), [{ text: 'reimbursement of meals', weight: 1 }], 4);
      expect(passageText(found[0]!.pieces)).toContain('40 €');
    });
  });
});
