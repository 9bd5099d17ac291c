import { describe, expect, it } from 'vitest';
import { looksLikeValue, rectangular, splitHeader } from './tables.ts';

describe('looksLikeValue', () => {
  it.each(['42', '1,250.00 €', '$12', '19 %', '2025-03-03', '9:30', '120 kg', '(5)', '−3 °', '800 km/h'])(
    '%s',
    (cell) => expect(looksLikeValue(cell)).toBe(true),
  );
  it.each(['Price', 'R-12', '3 business days after the order', 'Q1 revenue', ''])('not %s', (cell) =>
    expect(looksLikeValue(cell)).toBe(false),
  );
});

describe('splitHeader', () => {
  it('takes names over values for a header, also with an empty corner or years', () => {
    expect(
      splitHeader([
        ['Item', 'Price'],
        ['Coffee', '3 €'],
      ]).header,
    ).toEqual(['Item', 'Price']);
    expect(
      splitHeader([
        ['', 'Hamburg', 'Oslo'],
        ['Rent', 'high', 'low'],
      ]).header,
    ).toEqual(['', 'Hamburg', 'Oslo']);
    expect(
      splitHeader([
        ['Site', '2023', '2024'],
        ['Oslo', '12', '15'],
      ]).header,
    ).toEqual(['Site', '2023', '2024']);
  });
  it('takes a list of properties, values and repeated names for rows', () => {
    expect(
      splitHeader([
        ['Name', 'Anna'],
        ['Role', 'Director'],
      ]).header,
    ).toEqual([]);
    expect(
      splitHeader([
        ['Oslo', '12 €', 'x'],
        ['Rome', '15 €', 'y'],
      ]).header,
    ).toEqual([]);
    expect(
      splitHeader([
        ['a', 'a', 'b'],
        ['1', '2', '3'],
      ]).header,
    ).toEqual([]);
    expect(splitHeader([['Only', 'one', 'row']]).header).toEqual([]);
  });
});

it('rectangular drops empty rows and trailing columns', () =>
  expect(rectangular([['a', ' b ', ''], ['', ''], ['c']])).toEqual([
    ['a', 'b'],
    ['c', ''],
  ]));
