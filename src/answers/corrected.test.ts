import { describe, expect, it } from 'vitest';
import { questionKey } from './corrected.ts';

describe('two questions', () => {
  it.each([
    ['Which class on long flights?', 'which class may I book on a long flight'.replace('book on', 'on')],
    ['How many days of leave do we get?', 'hi, how many leave days get'],
  ])('are the same with other fillers, order and number: %s', (one, other) => {
    expect(questionKey(other)).toBe(questionKey(one));
  });
  it.each([
    ['Which class on long flights?', 'Which class on short flights?'],
    ['What is paid?', 'What is not paid?'],
    ['When does it open?', 'Where does it open?'],
    ['What must I do before the trip?', 'What must I do after the trip?'],
    ['Is 2.5 allowed?', 'Is 25 allowed?'],
  ])('differ in a word that matters: %s', (one, other) => {
    expect(questionKey(other)).not.toBe(questionKey(one));
  });
  it('leave nothing of a greeting', () => {
    expect(questionKey('hi, can you tell me please?')).toBe('');
  });
});
