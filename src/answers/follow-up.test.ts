import { expect, it } from 'vitest';
import { isElliptical, resolved } from './follow-up.ts';

const previous = { question: 'How much leave do full-time employees get?', passageIds: ['p'] };

it.each([
  ['and part-time employees?', 'What about part-time employees?'],
  ['And for part-timers', 'What about part-timers?'],
  ['what about London?', 'What about London?'],
  ['and in Graz?', 'What about Graz?'],
  ['who approves them?', 'who approves them?'],
  ['and how do I request it?', 'and how do I request it?'],
  [
    'When do unused days expire for employees in the Leeds office?',
    'When do unused days expire for employees in the Leeds office?',
  ],
])('%s is read as %s', (question, read) => {
  expect(resolved(question, previous)).toBe(read);
});

it('leans on nothing without a question before', () => {
  expect(resolved('and part-timers?', null)).toBe('and part-timers?');
  expect(isElliptical('How many days of leave do full-time employees get per year?')).toBe(false);
});
