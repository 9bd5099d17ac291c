import { expect, test } from 'vitest';
import { createThreads, type Turn } from './threads.ts';

const turns = (...texts: string[]): Turn[] => texts.map((text, i) => ({ role: i % 2 ? 'assistant' : 'user', text }));

test('the same history continues its thread; another user or another history does not', () => {
  const threads = createThreads();
  threads.remember('a', turns('How long?', '25 days'), 't1');
  expect(threads.claim('b', turns('How long?', '25 days'))).toBe(undefined);
  expect(threads.claim('a', turns('How long?', '26 days'))).toBe(undefined);
  expect(threads.claim('a', turns('How long?', ' 25 days\n'))).toBe('t1');
});

test('a branch off an earlier turn does not enter the thread that moved on', () => {
  const threads = createThreads();
  threads.remember('a', turns('How long?', '25 days'), 't1');
  expect(threads.claim('a', turns('How long?', '25 days'))).toBe('t1');
  expect(threads.claim('a', turns('How long?', '25 days'))).toBe(undefined);
});

test('texts cannot be shifted between turns to meet another history', () => {
  const threads = createThreads();
  threads.remember('a', turns('x', 'y z'), 't1');
  expect(threads.claim('a', turns('x y', 'z'))).toBe(undefined);
});
