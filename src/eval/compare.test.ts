import { describe, expect, it } from 'vitest';
import type { Reader, Reading } from '../reader/read.ts';
import { type Contestant, generalScores, type JudgingQuestion, judge, pairedScores } from './compare.ts';

const pieces = (text: string) => [{ text, start: 0, end: text.length }];
/** Reads the given words wherever they stand, this sure. */
const readerOf = (words: string, pFound: number): Reader => ({
  read: async (_, passages) =>
    passages.map(([piece], passage): Reading => {
      const start = piece!.text.indexOf(words);
      const spans = start < 0 ? [] : [{ start, end: start + words.length }];
      return { passage, pFound: start < 0 ? 0.1 : pFound, meanLogprob: -1, spans, form: 'span', cachedTokens: 0 };
    }),
});
const plain = { slope: 1, intercept: 0, threshold: 0.5 };
const contestant = (words: string, pFound = 0.9): Contestant => ({
  reader: readerOf(words, pFound),
  calibration: plain,
  givenPassage: plain,
});
const own = pieces('Staff get 25 days of leave.');
const question: JudgingQuestion = {
  question: 'How much leave?',
  form: 'span',
  words: '25 days',
  sectionId: 's',
  passage: own,
};
const found = [
  { pieces: own, own: true, score: 1 },
  { pieces: pieces('Interns get 12 days of leave.'), own: false, score: 0.5 },
];
const signal = new AbortController().signal;

describe('a judgement', () => {
  it('scores the answer, and asks again without the passages that hold it', async () => {
    expect(await judge(question, found, contestant('25 days'), 4, signal)).toMatchObject({
      f1: 1,
      f1Otherwise: 1,
      readsOwn: true,
      answered: true,
      refused: true,
    });
    const eager = await judge(question, found, contestant('days'), 4, signal);
    expect(eager).toMatchObject({ readsOwn: true, refused: false });
    expect(eager.f1).toBeLessThan(1);
  });
  it('counts an unsure answer as a refusal', async () => {
    expect(await judge(question, found, contestant('25 days', 0.4), 4, signal)).toMatchObject({
      f1: 0,
      answered: false,
    });
  });
  it('says nothing about refusing where every passage holds the words', async () => {
    expect((await judge(question, found.slice(0, 1), contestant('25 days'), 4, signal)).refused).toBeNull();
  });
});

it('only what either reads right from its own passage is scored', async () => {
  const of = (words: string) => judge(question, found, contestant(words), 4, signal);
  const [right, wrong] = [await of('25 days'), await of('leave')];
  expect(pairedScores([question], [wrong], [wrong]).workspace).toEqual([]);
  expect(pairedScores([question], [wrong], [right]).workspace).toEqual([{ section: 's', champion: 0, candidate: 1 }]);
});

it('general questions are scored with their context given', async () => {
  const questions = [
    { question: 'How much?', answers: ['25 days'], impossible: false, context: 'Staff get 25 days.' },
    { question: 'Who pays?', answers: [], impossible: true, context: 'Nobody knows.' },
  ];
  expect(await generalScores(questions, contestant('25 days'), { signal })).toEqual([1, 1]);
  const late = { signal, until: Date.now() - 1 };
  expect(await generalScores(questions, contestant('25 days'), late)).toEqual([]);
});
