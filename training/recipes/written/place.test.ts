import { expect, it } from 'vitest';
import { type AskedPassage, placeQuestion, type WrittenQuestion } from './place.ts';

const prose = 'Staff get 25 days. Trainees get 5 days.\n- Swaps: 5 days ahead';
const passages = (): AskedPassage[] => [
  { at: 'a.md', pieces: [{ text: 'Leave: ' }, { text: prose, start: 10, end: 10 + prose.length }], questions: [] },
  {
    at: 'a.md',
    pieces: [
      { text: 'Shift: ' },
      { text: 'Late', start: 100, end: 104 },
      { text: '; ' },
      { text: 'Break: ' },
      { text: '30 minutes', start: 107, end: 117 },
      { text: '\n' },
      { text: 'Shift: ' },
      { text: 'Night', start: 118, end: 123 },
      { text: '; ' },
      { text: 'Break: ' },
      { text: '30 minutes', start: 126, end: 136 },
    ],
    questions: [],
  },
];
const ask = (question: Partial<WrittenQuestion>) => {
  const all = passages();
  const placed = placeQuestion({ at: 'a.md', question: '?', form: 'span', quotes: [], ...question }, all);
  return { placed, spans: all.map(({ questions }) => questions.map(({ spans }) => spans)) };
};

it('takes whole words only, and of several the ones near the question', () => {
  expect(ask({ question: 'How much do trainees get?', quotes: ['5 days'] }).spans).toEqual([[[[42, 48]]], []]);
});

it('takes the cell of the row that is named', () => {
  const row = '| Night | 30 minutes |';
  expect(ask({ question: 'Break at night?', quotes: ['30 minutes'], row }).spans).toEqual([[], [[[126, 136]]]]);
});

it('takes the line that is named', () => {
  const line = '- Swaps: 5 days ahead';
  expect(ask({ question: 'Notice for it?', quotes: ['5 days'], line }).spans).toEqual([[[[59, 65]]], []]);
});

it('puts a question without answer where it could be confused', () => {
  expect(ask({ form: 'none', near: 'Trainees get 5 days.' }).spans).toEqual([[[]], []]);
  expect(ask({ form: 'none', near: '| Late | 30 minutes |' }).spans).toEqual([[], [[]]]);
});

it('refuses what no passage holds', () => {
  expect(ask({ quotes: ['26 days'] }).placed).toBe(false);
  expect(ask({ quotes: [] }).placed).toBe(false);
});
