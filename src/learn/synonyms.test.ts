import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { rephrased } from './synonyms.ts';

const always = (question: string) => rephrased(question, () => 0, 1);

describe('rephrased', () => {
  it('takes other words of the same meaning and form', () => {
    expect(always('How many days of annual leave do employees receive?')).toBe(
      'How many days of vacation do staff get?',
    );
    expect(always('who submitted it')).toBe('who handed in it');
    expect(always('Do I have to tell my manager?')).toBe('Must I inform my supervisor?');
  });
  it('leaves names alone, and what it does not know', () => {
    expect(always('Is Fire Company 7 near?')).toBe('Is Fire Company 7 near?');
    expect(always('What can I do?')).toBe('What can I do?');
  });
  it('never takes a past for a participle', () => {
    for (let seed = 1; seed < 20; seed += 1)
      expect(rephrased('The book was authored by her', createRandom(seed).next, 1)).not.toMatch(/wrote/);
  });
  it('is the same with the same numbers', () => {
    const text = 'Is the deadline for expenses every month?';
    expect(rephrased(text, createRandom(3).next)).toBe(rephrased(text, createRandom(3).next));
  });
});
