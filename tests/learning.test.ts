/** Learning through the whole product, with the real models: who may teach, what a run says, and what deletion undoes. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Docent } from '../src/main.ts';
import type { Operator } from '../src/operator/contract.ts';
import type { TestStore } from './setup/database.ts';
import { type TestProduct, testProduct } from './setup/product.ts';

const handbook = fileURLToPath(new URL('./fixtures/eval/company/documents', import.meta.url));
const canary = 'Zephyrine';

let product: TestProduct;
let place: TestStore;
let docent: Docent;
let operator: Operator;
const documentIds: string[] = [];
let secretId: string;

beforeAll(async () => {
  product = await testProduct();
  ({ docent, operator, place } = product);
  const files = join(place.config.home, 'files');
  mkdirSync(files, { recursive: true });
  const secret = join(files, 'board.md');
  writeFileSync(
    secret,
    `# Board\n\nThe code word of the board is ${canary}. Project ${canary} closes on 3 May for 12 million euros, if the ${canary} committee agrees.\n`,
  );
  const names = ['travel-and-expenses.md', 'customer-faq.html', 'support-contracts.docx'].map((name) =>
    join(handbook, name),
  );
  const { documents } = await operator.ingest({ paths: names });
  documentIds.push(...documents.flatMap(({ id }) => id ?? []));
  const closed = await operator.ingest({ paths: [secret], channel: 'board', private: true });
  secretId = closed.documents[0]!.id!;
});
afterAll(async () => {
  await product?.stop();
});

describe('learning', () => {
  test('shows what it would learn from, and nothing of a closed channel', { timeout: 300_000 }, async () => {
    const { dataset, examples } = await operator.dryRun({ minutes: 5 });
    expect(dataset.documents).toBe(documentIds.length);
    expect(dataset.examples).toBeGreaterThan(5);
    const all = Object.values(examples).flat();
    expect(all.length).toBeGreaterThan(5);
    for (const { words, document } of all) {
      expect(words).not.toBe('');
      expect(document).not.toBe('board.md');
    }
    expect(JSON.stringify(examples)).not.toContain(canary);
  });

  test('keeps the shipped reader where too little text shows no gain, and says so', { timeout: 300_000 }, async () => {
    const result = await operator.train({ minutes: 0.5 });
    expect(result).toMatchObject({ decision: 'kept', train: null, candidate: null });
    expect(result.dataset.documents).toBe(documentIds.length);
    expect(result.reason).toMatch(/are needed/);
    const again = await operator.train({ minutes: 0.5 });
    expect(again).toMatchObject({ decision: 'skipped', reason: 'Nothing changed since the last run.' });
    const { adapters } = await operator.listModels({});
    expect(adapters.find(({ alias }) => alias.includes('champion'))!.id).toMatch(/^reader-v/);
  });

  test('the sides of sections survive a second upload of the same text', async () => {
    const { prisma } = await docent.store();
    const before = await prisma.sectionSide.findMany({ orderBy: { id: 'asc' } });
    expect(before.length).toBeGreaterThan(10);
    expect(new Set(before.map(({ documentId }) => documentId)).has(secretId)).toBe(false);
    const file = join(place.config.home, 'files', 'travel-and-expenses.md');
    writeFileSync(file, `${readFileSync(join(handbook, 'travel-and-expenses.md'), 'utf8')}\n\nOne more line.\n`);
    const { documents } = await operator.ingest({ paths: [file] });
    expect(documents[0]!.status).toBe('replaced');
    await operator.dryRun({ minutes: 0.05 });
    const after = new Map((await prisma.sectionSide.findMany()).map(({ id, side }) => [id, side]));
    for (const { id, side } of before) expect(after.get(id)).toBe(side);
  });

  describe('corrections', () => {
    const correct = async (question: string, correction: string, channel?: string) => {
      const { id } = await operator.ask({ question, ...(channel ? { channel } : {}) });
      const { prisma } = await docent.store();
      await prisma.feedback.create({ data: { answerId: id, userId: 'u1', vote: -1, correction } });
    };

    test('teach once an admin approved them and a document says them', { timeout: 120_000 }, async () => {
      await correct('Who signs off a long taxi ride?', 'nobody in any document, ever');
      await correct('which class on long flights', 'Premium Economy');
      await correct('When does the project close?', 'on 3 May', 'board');
      const { feedback } = await operator.listFeedback({});
      expect(feedback.map(({ correction }) => correction).sort()).toEqual([
        'Premium Economy',
        'nobody in any document, ever',
      ]);
      const [said, unsaid] = [
        feedback.find(({ source }) => source !== null)!,
        feedback.find(({ source }) => source === null)!,
      ];
      expect(said).toMatchObject({
        correction: 'Premium Economy',
        review: 'open',
        source: { document: 'travel-and-expenses.md' },
      });
      await expect(operator.reviewFeedback({ id: unsaid.id, review: 'approved' })).rejects.toMatchObject({
        code: 'CORRECTION_NOT_FOUND',
      });
      await operator.reviewFeedback({ id: unsaid.id, review: 'rejected' });
      await operator.reviewFeedback({ id: said.id, review: 'approved' });
      const { examples } = await operator.dryRun({ minutes: 0.05 });
      expect(examples.correction).toEqual([
        expect.objectContaining({
          question: 'which class on long flights',
          side: 'train',
          document: 'travel-and-expenses.md',
        }),
      ]);
      expect(examples.correction![0]!.words.toLowerCase()).toBe('premium economy');
    });

    test('answers that people liked are asked about too, and disliked ones are not', { timeout: 120_000 }, async () => {
      const { prisma } = await docent.store();
      const like = async (question: string, vote: 1 | -1, channel?: string) => {
        const { id, answer } = await operator.ask({ question, ...(channel ? { channel } : {}) });
        await prisma.feedback.create({ data: { answerId: id, userId: `u${vote}`, vote } });
        return answer;
      };
      const liked = await like('Who heads the travel desk?', 1);
      await like('Until which date can I still claim expenses from the year before?', -1);
      await like(`When does the project ${canary} close?`, 1, 'board');
      expect(liked).not.toBe(null);
      const { examples } = await operator.dryRun({ minutes: 0.05 });
      expect(examples.liked).toEqual([expect.objectContaining({ words: liked })]);
    });

    test('answer the question that they correct at once, where the words may be read', {
      timeout: 120_000,
    }, async () => {
      const again = await operator.ask({ question: 'On long flights, which class?' });
      expect(again).toMatchObject({ found: true, confidence: 1, sources: [{ document: 'travel-and-expenses.md' }] });
      expect(again.answer?.toLowerCase()).toBe('premium economy');
      expect(again.text).toContain('corrected');
      const [source] = again.sources;
      const { text } = await operator.showDocument({ id: source!.documentId });
      expect(text!.slice(source!.start, source!.end)).toBe(source!.quote);
      const other = await operator.ask({ question: 'which class on short flights' });
      expect(other.text).not.toContain('corrected');
      const { feedback } = await operator.listFeedback({});
      const { id } = feedback.find(({ review }) => review === 'approved')!;
      await operator.reviewFeedback({ id, review: 'rejected' });
      expect((await operator.ask({ question: 'On long flights, which class?' })).text).not.toContain('corrected');
      await operator.reviewFeedback({ id, review: 'approved' });
      // Other words are nobody's approval.
      const { prisma } = await docent.store();
      const { answerId, userId, correction } = await prisma.feedback.findUniqueOrThrow({ where: { id } });
      const { feedback: corrections } = await docent.learning();
      const given = { answerId, userId, vote: -1 };
      await corrections.record({ ...given, correction: 'Economy' });
      expect(await corrections.find(id)).toMatchObject({ review: 'open', correction: 'Economy' });
      expect((await operator.ask({ question: 'On long flights, which class?' })).text).not.toContain('corrected');
      await corrections.record({ ...given, correction });
      await operator.reviewFeedback({ id, review: 'approved' });
    });

    test('what nothing answered is a gap, but for what was asked in a closed channel', {
      timeout: 120_000,
    }, async () => {
      const question = 'Which brand is the espresso machine on the moon?';
      await operator.ask({ question });
      await operator.ask({ question: question.toLowerCase() });
      await operator.ask({ question: `Who is ${canary} the submarine captain?`, channel: 'board' });
      const { gaps } = await operator.listGaps({});
      expect(gaps[0]).toMatchObject({ question: question.toLowerCase(), times: 2 });
      expect(JSON.stringify(gaps)).not.toContain(canary);
    });
  });

  test('an adapter that people dislike is taken back, one that an operator chose is not', {
    timeout: 120_000,
  }, async () => {
    const { prisma } = await docent.store();
    const taught = join(place.config.home, 'disliked');
    cpSync(fileURLToPath(new URL('../models/reader', import.meta.url)), taught, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(taught, 'manifest.json'), 'utf8')) as { id: string };
    writeFileSync(
      join(taught, 'manifest.json'),
      JSON.stringify({ ...manifest, id: 'disliked', documents: [documentIds[1]] }),
    );
    await operator.importModel({ path: taught });
    await operator.promoteAdapter({ id: 'disliked' });
    const conversation = await prisma.conversation.findFirstOrThrow();
    const answers = async (adapter: string, createdAt: Date, downs: number) => {
      for (let i = 0; i < 60; i += 1) {
        const key = `${adapter}-${i}`;
        const question = await prisma.question.create({
          data: { conversationId: conversation.id, messageKey: key, userId: 'u', text: key, createdAt },
        });
        const data = { found: true, kind: 'span', text: '', confidence: 1, base: 'b', timing: {}, seen: [] };
        const answer = await prisma.answer.create({ data: { ...data, questionId: question.id, adapter, createdAt } });
        if (i < downs) await prisma.feedback.create({ data: { answerId: answer.id, userId: 'u', vote: -1 } });
      }
    };
    const learning = await docent.learning();
    await answers(manifest.id, new Date(Date.now() - 86_400_000), 4);
    expect(await learning.watch()).toBe(false);
    await answers('disliked', new Date(), 20);
    expect(await learning.watch()).toBe(true);
    expect(docent.model().adapter).toBe(manifest.id);
    expect(await learning.watch()).toBe(false);
  });

  test('of candidates that were not promoted only the newest keep their weights', { timeout: 120_000 }, async () => {
    const { prisma } = await docent.store();
    const registry = await docent.registry();
    const source = join(place.config.home, 'kept-out');
    cpSync(fileURLToPath(new URL('../models/reader', import.meta.url)), source, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8')) as Record<string, unknown>;
    const folders: string[] = [];
    for (const id of ['kept-out-1', 'kept-out-2', 'kept-out-3']) {
      writeFileSync(join(source, 'manifest.json'), JSON.stringify({ ...manifest, id, documents: [documentIds[0]] }));
      folders.push((await registry.import(source, 'candidate')).folder);
      await prisma.trainingRun.create({ data: { state: 'done', candidateId: id } });
    }
    expect(await registry.discardCandidates(1)).toBe(2);
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, true]);
    expect(await registry.discardCandidates(1)).toBe(0);
    await prisma.trainingRun.deleteMany({ where: { candidateId: { not: null } } });
  });

  test('keeps the operator’s probes, one answer a question', async () => {
    await operator.addProbe({ question: 'Who approves it?', answer: 'the manager' });
    await operator.addProbe({ question: 'Who approves it?', answer: 'the head of finance' });
    const { probes } = await operator.addProbe({ question: 'Who is the king?', answer: null });
    expect(probes).toMatchObject([{ answer: 'the head of finance' }, { answer: null }]);
    for (const { id } of probes) await operator.removeProbe({ id });
    expect(await operator.listProbes({})).toEqual({ probes: [] });
    await expect(operator.removeProbe({ id: probes[0]!.id })).rejects.toMatchObject({ code: 'PROBE_UNKNOWN' });
  });

  test('lists its runs, with what each said', async () => {
    const { runs } = await operator.listRuns({});
    expect(runs.map(({ decision }) => decision)).toEqual(['skipped', 'kept']);
    const { result, changed } = await operator.showRun({ id: runs[1]!.id });
    expect([result?.decision, changed]).toEqual(['kept', []]);
    await expect(operator.showRun({ id: 'nothing' })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });

  test('ends the run that waits when it is cancelled', async () => {
    expect(await operator.cancelTraining({})).toEqual({ cancelled: null });
    const { prisma } = await docent.store();
    const { id } = await prisma.trainingRun.create({ data: { state: 'waiting', report: { request: { by: 'test' } } } });
    expect(await operator.cancelTraining({})).toEqual({ cancelled: id });
    expect(await (await docent.learning()).latest()).toMatchObject({ id, state: 'cancelled' });
  });

  test('a forgotten correction takes along what was learned since it was approved', { timeout: 120_000 }, async () => {
    const { prisma } = await docent.store();
    const registry = await docent.registry();
    const shipped = (await registry.shipped())!.id;
    const source = join(place.config.home, 'corrected');
    cpSync(fileURLToPath(new URL('../models/reader', import.meta.url)), source, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(
      join(source, 'manifest.json'),
      JSON.stringify({ ...manifest, id: 'corrected', documents: [documentIds[0]] }),
    );
    await operator.importModel({ path: source });
    const run = await prisma.trainingRun.create({
      data: { state: 'done', candidateId: 'corrected', report: { request: { by: 'test' } } },
    });
    await operator.promoteAdapter({ id: 'corrected' });
    await docent.forgetCorrections(new Date(Date.now() + 60_000));
    expect(docent.model().adapter).toBe('corrected');
    const waiting = await prisma.trainingRun.create({
      data: { state: 'waiting', report: { request: { by: 'test' } } },
    });
    await docent.forgetCorrections(new Date(Date.now() - 60_000));
    expect(docent.model().adapter).toBe(shipped);
    expect(await prisma.trainingRun.findUnique({ where: { id: waiting.id } })).toMatchObject({ state: 'cancelled' });
    await expect(operator.promoteAdapter({ id: 'corrected' })).rejects.toMatchObject({ code: 'ADAPTER_INVALID' });
    await prisma.trainingRun.delete({ where: { id: run.id } });
  });

  test('a deleted document takes along what it taught, and so does a closed channel', {
    timeout: 120_000,
  }, async () => {
    const taught = join(place.config.home, 'taught');
    cpSync(fileURLToPath(new URL('../models/reader', import.meta.url)), taught, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(taught, 'manifest.json'), 'utf8')) as Record<string, unknown>;
    const [gone, other] = documentIds as [string, string];
    for (const [id, documents] of [
      ['taught-by-one', [gone, other]],
      ['taught-by-other', [other]],
    ] as const) {
      writeFileSync(join(taught, 'manifest.json'), JSON.stringify({ ...manifest, id, documents }));
      await operator.importModel({ path: taught });
    }
    await operator.promoteAdapter({ id: 'taught-by-other' });
    await operator.promoteAdapter({ id: 'taught-by-one' });
    await operator.deleteDocument({ id: gone });
    const { adapters } = await operator.listModels({});
    expect(adapters.find(({ alias }) => alias.includes('champion'))!.id).toBe(manifest.id);
    expect(docent.model().adapter).toBe(manifest.id);
    await expect(operator.promoteAdapter({ id: 'taught-by-one' })).rejects.toMatchObject({ code: 'ADAPTER_INVALID' });
    await operator.promoteAdapter({ id: 'taught-by-other' });
    const { prisma } = await docent.store();
    const { channelId } = await prisma.document.findUniqueOrThrow({ where: { id: other } });
    await prisma.channel.update({ where: { id: channelId }, data: { visibility: 'closed' } });
    await docent.forgetLearned();
    expect(docent.model().adapter).toBe(manifest.id);
    expect(await (await docent.store()).prisma.sectionSide.count({ where: { documentId: gone } })).toBe(0);
  });
});
