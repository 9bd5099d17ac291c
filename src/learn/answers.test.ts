import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { tableCells, tableQuestion, worthAsking } from './answers.ts';

const wordsIn = (text: string, limit = 20, offset = 0): string[] =>
  worthAsking(
    [{ text: 'Leave: ' }, { text, start: offset, end: offset + text.length }],
    limit,
    createRandom(3).next,
  ).map(({ spans }) => spans.map(([start, end]) => text.slice(start - offset, end - offset)).join());

describe('words worth a question', () => {
  it('are numbers with their units, dates, times, names, conditions and duties', () => {
    const found = wordsIn(
      'Staff accrue 25 working days a year from 1 April 2025. The desk opens at 8:30. Requests go to the Head of People Operations. ' +
        'Leave lapses on Mondays unless the manager agrees in writing. You must lock the screen at night.',
      40,
      100,
    );
    expect(found).toEqual(expect.arrayContaining(['25 working days', '1 April 2025', '8:30', 'Mondays']));
    expect(found).toContain('unless the manager agrees in writing');
    expect(found.some((words) => words.startsWith('lock the screen'))).toBe(true);
  });
  it('take no word that only happens to follow a number', () => {
    expect(wordsIn('We moved in 2024 because of the rent, and 15 probation meetings were held.')).not.toContain(
      '2024 because',
    );
  });
  it('do not overlap, and come from every kind before one kind has two', () => {
    const text = 'It costs 5 euros, 6 euros, 7 euros or 9 euros, if the form is complete and signed.';
    const found = wordsIn(text, 2);
    expect(found).toHaveLength(2);
    expect(found.some((words) => words.startsWith('if the form'))).toBe(true);
  });
  it('are never what Docent wrote between them', () => {
    expect(worthAsking([{ text: 'Chapter 12: 30 days' }], 5, createRandom(1).next)).toEqual([]);
  });
});

describe('cells of a table', () => {
  const row = (plan: string, price: string, start: number) => [
    { text: 'Plan: ' },
    { text: plan, start, end: start + plan.length },
    { text: '; Price: ' },
    { text: price, start: start + 20, end: start + 20 + price.length },
    { text: '. ' },
  ];
  const pieces = [{ text: 'Prices: ' }, ...row('Basic', '€5', 0), ...row('Plus', '€9', 60)].slice(1);

  it('stand with their column and the first cell of their row', () => {
    expect(tableCells(pieces).map(({ column, row: key, cell }) => [column, key, cell.text])).toEqual([
      ['Price', 'Basic', '€5'],
      ['Price', 'Plus', '€9'],
    ]);
  });
  it('are asked for by both', () => {
    const question = tableQuestion(tableCells(pieces)[1]!, createRandom(2).next);
    expect(question).toContain('Plus');
    expect(question.toLowerCase()).toContain('price');
  });
});
