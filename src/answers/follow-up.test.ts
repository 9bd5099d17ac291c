import { expect, it } from 'vitest';
import { isElliptical, resolved } from './follow-up.ts';

const previous = { question: 'How much leave do full-time employees get?', passageIds: ['p'] };

it.each(['and part-time employees?', 'what about London?', 'who approves them?', 'and how do I request it?'])(
  '%s is read with the question before',
  (question) => {
    expect(resolved(question, previous)).toBe(`How much leave do full-time employees get?\n${question}`);
  },
);

it('a question that stands on its own is read alone', () => {
  const question = 'When do unused days expire for employees in the Leeds office?';
  expect(resolved(question, previous)).toBe(question);
});

it('leans on nothing without a question before', () => {
  expect(resolved('and part-timers?', null)).toBe('and part-timers?');
  expect(isElliptical('How many days of leave do full-time employees get per year?')).toBe(false);
});
