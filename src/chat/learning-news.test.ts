/** News of runs over a real database: one message a channel, from beginning to result, also by another process. */
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestStore, testStore } from '../../tests/setup/database.ts';
import { DocentError } from '../errors.ts';
import { createJobs, type Jobs } from '../jobs/index.ts';
import type { RunResult } from '../learn/contract.ts';
import { untrained } from '../learn/run.ts';
import { createRunRows, learnQueue, type RunRows } from '../learn/run-rows.ts';
import type { ChatAdapter, ReplyContent } from './contract.ts';
import { createLearningNews, type LearningNews, learningLine } from './learning-news.ts';

const result: RunResult = {
  run: 'r',
  dataset: {
    documents: 3,
    examples: 500,
    unanswerable: 90,
    sides: { train: 300, dev: 60, gate: 140 },
    dropped: { notRead: 0, notFound: 0, repeated: 0, noQuestion: 0 },
  },
  ...untrained,
  gate: [
    { suite: 'workspace', n: 140, sections: 30, gain: 0.031, low: 0.004, high: 0.06, certainty: 0.99, passed: true },
    { suite: 'general', n: 800, sections: 700, gain: 0, low: -0.01, high: 0.01, certainty: 0.99, passed: true },
  ],
  decision: 'promoted',
  reason: 'Better.',
};

let place: TestStore;
let jobs: Jobs;
let rows: RunRows;
const channels: string[] = [];
/** What stands in the chat: the last text of every message, by reply id. */
const shown = new Map<string, { text: string; final: boolean }>();
let away = false;

const adapter = {
  platform: 'slack',
  aside: (target) => (target.place === 'nowhere' ? null : target),
  open: (target, id) => ({
    target,
    progress: async (text: string) => {
      shown.set(id, { text, final: false });
    },
    finish: async ({ text }: ReplyContent) => {
      if (away) throw new DocentError('NOT_ALLOWED', { action: 'write', who: 'an admin' });
      shown.set(id, { text, final: true });
    },
  }),
} as ChatAdapter;
const newsOf = (hour = 12): LearningNews =>
  createLearningNews({
    prisma: place.store.prisma,
    learning: { firstSince: rows.firstSince, scopeOf: async () => null },
    adapters: () => [adapter],
    log: pino({ level: 'silent' }),
    quietHours: { from: 22, to: 7 },
    now: () => new Date(2026, 0, 1, hour, 30),
  });
const follow = (news: LearningNews, channelId: string, replyId: string) =>
  news.follow({ channelId, replyId, target: { platform: 'slack' }, since: new Date() });

beforeAll(async () => {
  place = await testStore();
  const { prisma } = place.store;
  jobs = createJobs({ store: place.store, log: pino({ level: 'silent' }) });
  jobs.define(learnQueue, async () => undefined);
  await jobs.start({ work: false });
  rows = createRunRows({ prisma, jobs });
  const workspace = await prisma.workspace.create({ data: { platform: 'slack', externalId: 'T1', name: 'Acme' } });
  for (const name of ['general', 'random']) {
    const data = { workspaceId: workspace.id, externalId: name, name, visibility: 'open' as const };
    channels.push((await prisma.channel.create({ data })).id);
  }
});
beforeEach(async () => {
  shown.clear();
  away = false;
  await place.store.prisma.learningNews.deleteMany();
  await place.store.prisma.trainingRun.deleteMany();
});
afterAll(async () => {
  await jobs?.stop();
  await place?.dispose();
});

describe('news of learning', () => {
  test('nothing before a run begins, then its progress, then its result, once', async () => {
    const news = newsOf();
    await follow(news, channels[0]!, 'a');
    const id = await rows.request({ by: 'upload' });
    await news.tell();
    expect(shown.size).toBe(0);
    const request = { by: 'upload' };
    const progress = { phase: 'training', share: 0.5, line: 'learning from 3 documents, 4 min left' } as const;
    await rows.update(id, ['waiting'], { state: 'running', report: { request, progress } });
    await news.tell();
    expect(shown.get('a')).toEqual({ text: 'I am learning from 3 documents, 4 min left (50 %)', final: false });
    // Another process goes on with it.
    const later = newsOf();
    await rows.update(id, ['running'], { state: 'done', endedAt: new Date(), report: { request, result } });
    await later.tell();
    expect(shown.get('a')).toEqual({ text: learningLine(result), final: true });
    expect(shown.get('a')!.text).toMatch(/3 documents.*better by 3\.1 points, on 140 questions/);
    shown.clear();
    await later.tell();
    expect(shown.size).toBe(0);
  });

  test('a run that began before the upload is not its run', async () => {
    const news = newsOf();
    const early = await rows.request({ by: 'upload' });
    await rows.update(early, ['waiting'], { state: 'done', report: { request: { by: 'upload' }, result } });
    await new Promise((done) => setTimeout(done, 5));
    await follow(news, channels[0]!, 'late');
    await news.tell();
    expect(shown.size).toBe(0);
  });

  test('the newest upload of each channel hears of it', async () => {
    const news = newsOf();
    await follow(news, channels[0]!, 'first');
    await follow(news, channels[0]!, 'second');
    await follow(news, channels[1]!, 'elsewhere');
    const id = await rows.request({ by: 'upload' });
    await rows.cancel(id);
    await news.tell();
    expect([...shown.keys()].sort()).toEqual(['elsewhere', 'second']);
    expect(shown.get('second')!.text).toMatch(/stopped/);
  });

  test('waits for the morning, unless somebody asked for the run', async () => {
    await follow(newsOf(), channels[0]!, 'patient');
    await rows.cancel(await rows.request({ by: 'upload' }));
    for (const hour of [22, 23, 0, 6]) await newsOf(hour).tell();
    expect(shown.size).toBe(0);
    await newsOf(7).tell();
    expect([...shown.keys()]).toEqual(['patient']);
    await place.store.prisma.trainingRun.deleteMany();
    await follow(newsOf(), channels[1]!, 'asked');
    await rows.cancel(await rows.request({ by: 'U1' }));
    await newsOf(23).tell();
    expect([...shown.keys()]).toEqual(['patient', 'asked']);
  });

  test('a channel that takes no message any more is not asked again', async () => {
    const news = newsOf();
    away = true;
    await follow(news, channels[0]!, 'gone');
    await rows.cancel(await rows.request({ by: 'upload' }));
    await news.tell();
    expect(await place.store.prisma.learningNews.count()).toBe(0);
  });

  test('where the platform has no place for it, nobody waits for it', async () => {
    const target = { platform: 'slack', place: 'nowhere' } as const;
    expect(await newsOf().follow({ channelId: channels[0]!, replyId: 'x', target, since: new Date() })).toBe(false);
    expect(await place.store.prisma.learningNews.count()).toBe(0);
  });

  test('says why nothing changed', () => {
    const kept = { ...result, decision: 'kept', reason: 'The gain may be luck.' } as const;
    expect(learningLine(kept)).toMatch(/not make me better for certain.*The gain may be luck\./);
    const little = { ...kept, gate: [], reason: 'Only 3 questions could be written.' };
    expect(learningLine(little)).toBe('I did not learn anything new. Only 3 questions could be written.');
  });
});
