/**
 * A world for runs that takes no models: 120 sections, a writer whose questions hold their answers, readers that are sure
 * or not. Only the training process is real, on a tiny base. For tests.
 */
import { join } from 'node:path';
import { testConfig, writeTestBase } from '../../training/engine/testing.ts';
import { linearShapes } from '../inference/checkpoint/adapter.ts';
import { writeAdapter } from '../inference/checkpoint/adapter-writer.ts';
import { promptVersion } from '../reader/prompt.ts';
import type { Reader, Reading } from '../reader/read.ts';
import type { Manifest } from '../registry/adapters.ts';
import type { RunDeps } from './run.ts';
import type { Side } from './split.ts';
import type { TeachingSection } from './teaching.ts';

export const baseSha256 = 'test';

export interface TestWorld {
  readonly home: string;
  /** Path of the tiny base. */
  readonly base: string;
  readonly shipped: RunDeps['shipped'];
}

/** Writes base and adapter below `home`. */
export function createTestWorld(home: string): TestWorld {
  const base = writeTestBase(home);
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
  return { home, base, shipped: { folder, manifest } };
}

const names = ['Oak', 'Elm', 'Ash', 'Fir', 'Yew', 'Bay', 'Fig', 'Nut', 'Gum', 'Box'];
export const sectionOf = (n: number): TeachingSection => {
  const name = `${names[n % 10]}${Math.floor(n / 10)}`;
  const text = `${name} opens at ${7 + (n % 3)}:30. It holds ${n + 140} people. It costs ${n + 400} euros.`;
  const passage = { id: `p${n}`, pieces: [{ text, start: 0, end: text.length }] };
  return { id: `s${n}`, documentId: `d${n % 4}`, document: `d${n % 4}.md`, heading: null, text, passages: [passage] };
};
const sideOf = (n: number): Side => (n < 30 ? 'train' : n < 40 ? 'dev' : 'gate');

/** Reads what its question names, surely or not; a general question is refused by everybody. */
export const readerThatIs = (sure: (question: string) => boolean): Reader => ({
  read: async (question, passages) =>
    passages.map(([piece], passage): Reading => {
      const words = /<(.+)>/.exec(question)?.[1] ?? '\0';
      const start = piece!.text.indexOf(words);
      const spans = start < 0 ? [] : [{ start, end: start + words.length }];
      const pFound = start < 0 ? 0.01 : sure(question) ? 0.9 : 0.2;
      return { passage, pFound, meanLogprob: -1, spans, form: 'span', cachedTokens: 0 };
    }),
});
export const always = () => true;
export const rarely = (question: string) => question.length % 3 === 0;

export const depsFor = (
  { home, base, shipped }: TestWorld,
  name: string,
  changes: Partial<RunDeps> & { champion?: never } = {},
  champion = rarely,
): RunDeps => {
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
    asked: [],
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
