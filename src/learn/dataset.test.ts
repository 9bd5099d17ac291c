/** The data set with a writer, a reader and a search of a few lines: what is kept, dropped, and never mixed. */
import { describe, expect, it } from 'vitest';
import type { Reader, Reading } from '../reader/read.ts';
import { buildDataSet, exampleLines, type LearnedQuestion } from './dataset.ts';
import type { QuestionWriter } from './question-writer.ts';
import type { Side } from './split.ts';
import type { TeachingSection } from './teaching.ts';

const sectionOf = (n: number): TeachingSection => {
  const text = `Room ${n} opens at ${7 + (n % 3)}:30. It holds ${n + 40} people. Bookings close ${n + 2} days before.`;
  return {
    id: `s${n}`,
    documentId: `d${n % 2}`,
    document: `rooms-${n % 2}.md`,
    heading: null,
    text,
    passages: [{ id: `p${n}`, pieces: [{ text: `Room ${n}: ` }, { text, start: 0, end: text.length }] }],
  };
};
const sections = Array.from({ length: 12 }, (_, n) => sectionOf(n));
const sides = new Map(sections.map(({ id }, n): [string, Side] => [id, n < 8 ? 'train' : n < 10 ? 'dev' : 'gate']));

/** Says in its question which words it is about, so that the reader below can find them. */
const writer: QuestionWriter = {
  write: async (pieces, answers) =>
    answers.map(({ spans: [span] }) => {
      const body = pieces.find(({ start }) => start === 0)!.text;
      return { question: `What says ${body.slice(0, 7)} about <${span![0]}-${span![1]}>?`, meanLogprob: -1 };
    }),
};
const readerThat = (read: (start: number, end: number) => readonly { start: number; end: number }[]): Reader => ({
  read: async (question, passages) =>
    passages.map((_, passage): Reading => {
      const [, start, end] = /<(\d+)-(\d+)>/.exec(question) ?? [];
      const spans = start ? read(Number(start), Number(end)) : [];
      return { passage, pFound: 0.9, meanLogprob: -1, spans, form: 'span', cachedTokens: 0 };
    }),
});
const reads = readerThat((start, end) => [{ start, end }]);
const everything = async () => sections.map(({ passages }) => passages[0]!.id);
const build = (reader: Reader, search: (question: string) => Promise<readonly string[]>) =>
  buildDataSet(
    sections,
    {
      writer,
      reader,
      search: async (question) => (await search(question)).map((passageId) => ({ passageId, score: 1 })),
    },
    { sides, seed: 5, budgetMs: 60_000, signal: new AbortController().signal },
  );

describe('the data set', () => {
  it('keeps questions with their words, document, section and side', async () => {
    const data = await build(reads, everything);
    const written = data.questions.filter(({ kind }) => kind === 'written');
    expect(written.length).toBeGreaterThan(20);
    for (const { words, spans, sectionId, passageId, side } of written) {
      const section = sections.find(({ id }) => id === sectionId)!;
      expect(section.text.slice(spans[0]![0], spans[0]![1])).toBe(words);
      expect([passageId, side]).toEqual([section.passages[0]!.id, sides.get(sectionId)]);
    }
    expect(data.sections).toEqual({ train: 8, dev: 2, gate: 2 });
  });
  it('learns nothing that its own passage does not give, and leaves what judges to both readers', async () => {
    const data = await build(
      readerThat(() => []),
      everything,
    );
    expect(data.questions.filter(({ side }) => side !== 'gate')).toEqual([]);
    expect(data.questions.some(({ side }) => side === 'gate')).toBe(true);
    expect(data.dropped.notRead).toBeGreaterThan(10);
  });
  it('reads a question in plain words and keeps it as people type it', async () => {
    const plain = /^What says Room \d+.? about <\d+-\d+>\?$/;
    const plainOnly: Reader = {
      read: (question, passages, options) =>
        (plain.test(question) || !question.includes('<') ? reads : readerThat(() => [])).read(
          question,
          passages,
          options,
        ),
    };
    const written = (await build(plainOnly, everything)).questions.filter(({ kind }) => kind === 'written');
    expect(written).toEqual((await build(reads, everything)).questions.filter(({ kind }) => kind === 'written'));
    expect(written.some(({ question, side }) => side !== 'gate' && !plain.test(question))).toBe(true);
  });
  it('drops what a search does not find', async () => {
    const data = await build(reads, async () => []);
    expect(data.questions).toEqual([]);
    expect(data.dropped.notFound).toBeGreaterThan(10);
  });
  it('is the same for the same seed', async () => {
    expect(await build(reads, everything)).toEqual(await build(reads, everything));
  });
});

describe('lines to learn from', () => {
  const passages = new Map(sections.flatMap((section) => section.passages.map((passage) => [passage.id, passage])));
  const passageSide = new Map(sections.map(({ id, passages: own }) => [own[0]!.id, sides.get(id)!]));
  it('hold no text of a side that judges, not even as a wrong passage', async () => {
    const { questions } = await build(reads, everything);
    const lines = exampleLines(questions, passages, 'train', passageSide);
    const texts = lines.map(({ pieces }) => pieces.map(({ text }) => text).join(''));
    for (const section of sections.filter(({ id }) => sides.get(id) !== 'train'))
      expect(texts.some((text) => text.includes(section.text))).toBe(false);
    expect(lines.every((line) => line.questions.length <= 8)).toBe(true);
  });
  it('ask a near passage too, where it lacks the words', () => {
    const asked = (words: string): LearnedQuestion => ({
      kind: 'written',
      question: 'When?',
      form: 'span',
      spans: [[0, 4]],
      words,
      side: 'train',
      documentId: 'd0',
      document: 'rooms-0.md',
      sectionId: 's0',
      passageId: 'p0',
      near: ['p1', 'p2'],
    });
    const wrongOf = (words: string) =>
      exampleLines([asked(words)], passages, 'train', passageSide).flatMap(({ questions }) =>
        questions.filter(({ form }) => form === 'none'),
      );
    expect(wrongOf('nowhere to be found')).toEqual([{ question: 'When?', form: 'none', spans: [], weight: 0.15 }]);
    // “Room” stands in every passage.
    expect(wrongOf('Room')).toEqual([]);
  });
});
