/** A run's phases with a real training process on a tiny base; what is read and written is made up and instant. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testConfig, writeTestBase } from '../../training/engine/testing.ts';
import { linearShapes } from '../inference/checkpoint/adapter.ts';
import { writeAdapter } from '../inference/checkpoint/adapter-writer.ts';
import { promptVersion } from '../reader/prompt.ts';
import type { Reader, Reading } from '../reader/read.ts';
import type { Manifest } from '../registry/adapters.ts';
import { executeRun, type RunDeps } from './run.ts';
import type { Side } from './split.ts';
import type { TeachingSection } from './teaching.ts';

let home: string;
let base: string;
let shipped: RunDeps['shipped'];
const baseSha256 = 'test';

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'docent-learn-'));
  base = writeTestBase(home);
  const folder = join(home, 'shipped');
  const rank = 4;
  const pairs = new Map(
    Array.from({ length: testConfig.layers }, (_, layer) =>
      Object.entries(linearShapes(testConfig)).map(([module, [outputs, inputs]]) => {
        const a = {
          shape: [rank, inputs],
          data: Float32Array.from({ length: rank * inputs }, (_, i) => Math.sin(i) / 20),
        };
        const b = { shape: [outputs, rank], data: new Float32Array(outputs * rank) };
        return [`${layer}.${module}`, { a, b }] as const;
      }),
    ).flat(),
  );
  writeAdapter(folder, { rank, alpha: 8, pairs, base: { name: 'tiny', sha256: null }, promptVersion }, { type: 'F32' });
  const calibration = { slope: 1, intercept: 0, threshold: 0.5 };
  const manifest: Manifest = {
    id: 'shipped',
    parent: null,
    baseSha256,
    promptVersion,
    forms: { yesNo: true, several: false },
    calibration,
    metrics: {},
    documents: [],
  };
  shipped = { folder, manifest };
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const names = ['Oak', 'Elm', 'Ash', 'Fir', 'Yew', 'Bay', 'Fig', 'Nut', 'Gum', 'Box'];
const sectionOf = (n: number): TeachingSection => {
  const name = `${names[n % 10]}${Math.floor(n / 10)}`;
  const text = `${name} opens at ${7 + (n % 3)}:30. It holds ${n + 140} people. It costs ${n + 400} euros.`;
  const passage = { id: `p${n}`, pieces: [{ text, start: 0, end: text.length }] };
  return { id: `s${n}`, documentId: `d${n % 4}`, document: `d${n % 4}.md`, heading: null, text, passages: [passage] };
};
const sideOf = (n: number): Side => (n < 30 ? 'train' : n < 40 ? 'dev' : 'gate');

/** Reads what its question names, surely or not; a general question is refused by everybody. */
const readerThatIs = (sure: (question: string) => boolean): Reader => ({
  read: async (question, passages) =>
    passages.map(([piece], passage): Reading => {
      const words = /<(.+)>/.exec(question)?.[1] ?? '\0';
      const start = piece!.text.indexOf(words);
      const spans = start < 0 ? [] : [{ start, end: start + words.length }];
      const pFound = start < 0 ? 0.01 : sure(question) ? 0.9 : 0.2;
      return { passage, pFound, meanLogprob: -1, spans, form: 'span', cachedTokens: 0 };
    }),
});
const always = () => true;
const rarely = (question: string) => question.length % 3 === 0;

const depsFor = (name: string, changes: Partial<RunDeps> & { champion?: never } = {}, champion = rarely): RunDeps => {
  const sections = Array.from({ length: 120 }, (_, n) => sectionOf(n));
  const { calibration } = shipped.manifest;
  const contestant = { reader: readerThatIs(champion), calibration, givenPassage: calibration };
  const general = new Map<string, readonly number[]>();
  return {
    folder: join(home, name),
    seed: 3,
    minutes: 1,
    threads: 1,
    passages: 2,
    base: { path: base, name: 'tiny', sha256: null },
    shipped,
    champion: { id: 'shipped', contestant },
    writer: {
      write: async (pieces, answers) =>
        answers.map(({ spans: [span] }) => ({
          question: `What is <${pieces[0]!.text.slice(span![0], span![1])}> in ${pieces[0]!.text.slice(0, 4)}?`,
          meanLogprob: -1,
        })),
    },
    countTokens: (text) => text.length,
    sections,
    sides: new Map(sections.map(({ id }, n) => [id, sideOf(n)])),
    search: async (question, limit) => {
      const name = /in (\w{4})/.exec(question)?.[1] ?? question.slice(0, 4);
      const best = sections.findIndex(({ text }) => text.startsWith(name));
      return [best, best + 1, best + 2]
        .filter((n) => n >= 0 && n < 120)
        .map((n, rank) => ({ passageId: `p${n}`, score: 1 - rank / 10 }))
        .slice(0, limit);
    },
    corrections: [],
    probes: [],
    recent: async () => [],
    readerOf: async () => readerThatIs(always),
    knownGeneral: (id) => general.get(id) ?? null,
    keepGeneral: (id, scores) => void general.set(id, scores),
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
};
/** Tokens a second: little to train, the phases are what is tested. */
const slow = 20;

describe('a run', () => {
  it('trains on what it wrote, and promotes what is better on questions it has not learned from', async () => {
    const { result, candidate } = await executeRun('00000000-0000-7000-8000-000000000001', depsFor('better'), slow);
    expect(result.decision).toBe('promoted');
    expect(result.reason).toMatch(/^Better by \d+\.\d points on \d+ questions\.$/);
    expect(result.gate.map(({ suite }) => suite)).toEqual(['workspace', 'general', 'abstention']);
    expect(result.gate[0]!.n).toBeGreaterThanOrEqual(100);
    expect(result.candidate!.f1).toBeGreaterThan(result.champion!.f1);
    expect(result.train!.steps).toBeGreaterThan(0);
    const manifest = JSON.parse(readFileSync(join(candidate!, 'manifest.json'), 'utf8')) as Manifest;
    expect(manifest).toMatchObject({ id: 'reader-000000000001', parent: 'shipped', baseSha256 });
    expect(manifest.documents.toSorted()).toEqual(['d0', 'd1', 'd2', 'd3']);
    const learned = readFileSync(join(home, 'better', 'train.jsonl'), 'utf8');
    for (let n = 40; n < 120; n += 1) expect(learned).not.toContain(sectionOf(n).text);
  });

  it('keeps what serves when nothing got better', async () => {
    const { result } = await executeRun('00000000-0000-7000-8000-000000000002', depsFor('same', {}, always), slow);
    expect(result.decision).toBe('kept');
    expect(result.reason).toContain('No gain is shown');
  });

  it('is kept out by a probe that it would lose, and goes live with those that it passes', async () => {
    const probe = (id: string, question: string, answer: string | null) => ({ id, question, answer });
    const kept = probe('1', 'What is <7:30> in Oak0?', '7:30');
    const refused = probe('2', 'What is <nothing at all> in Oak0?', null);
    // Of a length that three divides: the champion reads it.
    const known = probe('3', 'What is <7:30> in Oak0??', '7:30');
    const run = (n: number, probes: RunDeps['probes'], changes: Parameters<typeof depsFor>[1] = {}) =>
      executeRun(`00000000-0000-7000-8000-00000000010${n}`, depsFor(`probes-${n}`, { probes, ...changes }), slow);
    const { result: live } = await run(1, [kept, refused, known]);
    expect(live).toMatchObject({ decision: 'promoted', probes: { asked: 3, passed: 3, lost: [] } });
    const forgetful = readerThatIs((question) => question !== known.question);
    const { result: out } = await run(2, [kept, known], { readerOf: async () => forgetful });
    expect(out).toMatchObject({ decision: 'kept', probes: { asked: 2, passed: 1, lost: ['3'] } });
    expect(out.reason).toContain('1 of 2 probes');
  });

  it('lists which of the last questions it would answer otherwise', async () => {
    const recent = async () => [
      { id: 'q1', question: 'What is <7:30> in Oak0?' },
      { id: 'q2', question: 'What is <7:30> in Oak0??' },
      { id: 'q3', question: 'What is <nothing> in Oak0?' },
    ];
    const { result } = await executeRun('00000000-0000-7000-8000-000000000104', depsFor('replay', { recent }), slow);
    expect(result.replay).toEqual({ asked: 3, changed: [{ question: 'q1', before: 'refused', after: 'answered' }] });
  });

  it('says how much text is missing, and trains nothing then', async () => {
    const deps = depsFor('few');
    const few = { ...deps, sections: deps.sections.slice(25, 60) };
    const { result, candidate } = await executeRun('00000000-0000-7000-8000-000000000003', few, slow);
    expect([result.decision, result.train, candidate]).toEqual(['kept', null, null]);
    expect(result.reason).toMatch(/Only \d+ questions .* 100 are needed: about \d+ more sections/);
  });

  it('stopped while it trains, goes on from there and writes nothing anew', async () => {
    const stop = new AbortController();
    const stopped = depsFor('resumed', {
      signal: stop.signal,
      onProgress: ({ phase }) => phase === 'training' && stop.abort(),
    });
    await expect(executeRun('00000000-0000-7000-8000-000000000004', stopped, 20 * slow)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const writer = {
      write: async () => {
        throw new Error('written twice');
      },
    };
    const { result } = await executeRun('00000000-0000-7000-8000-000000000004', depsFor('resumed', { writer }), slow);
    expect(result.decision).toBe('promoted');
  });

  it('leaves half-written files of a killed process alone', async () => {
    const folder = join(home, 'half');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'dataset.json.part'), '{"documents":[');
    const { result } = await executeRun('00000000-0000-7000-8000-000000000005', depsFor('half'), slow);
    expect(result.decision).toBe('promoted');
  });
});
