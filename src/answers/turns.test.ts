import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Asker, createTurns, inTurn } from './turns.ts';

const by = (workspaceId: string, userId: string, nth = 1) => ({ workspaceId, userId, nth });
const names = (askers: readonly ReturnType<typeof by>[]) =>
  askers.map(({ workspaceId, userId, nth }) => `${workspaceId}/${userId}${nth}`).join(' ');

describe('the order', () => {
  test('of strangers is that of their arrival', () => {
    expect(names(inTurn([by('a', 'x'), by('b', 'y'), by('c', 'z')], []))).toBe('a/x1 b/y1 c/z1');
  });

  test('lets everybody’s first go before anybody’s second, and every workspace’s before another’s second', () => {
    const waiting = [by('a', 'x', 1), by('a', 'x', 2), by('a', 'x', 3), by('a', 'y'), by('b', 'z', 1), by('b', 'z', 2)];
    expect(names(inTurn(waiting, []))).toBe('a/x1 b/z1 a/y1 b/z2 a/x2 a/x3');
  });

  test('counts what is under way', () => {
    expect(names(inTurn([by('a', 'x'), by('a', 'y'), by('b', 'z')], [by('a', 'x')]))).toBe('b/z1 a/y1 a/x1');
  });

  test('starves nobody: what came first of a workspace goes as soon as nothing of it is under way', () => {
    const flood = Array.from({ length: 20 }, (_, i) => by(`w${i}`, 'u'));
    expect(names(inTurn([by('old', 'x'), ...flood], [])).startsWith('old/x1')).toBe(true);
  });
});

describe('turns', () => {
  const options = { atOnce: 2, mostWaiting: 100, longestWaitMs: 60_000 };
  const alone: Asker = { workspaceId: null, userId: 'u' };

  test('as many as may work together, the others in turn; a failure makes room too', async () => {
    const turns = createTurns(options);
    const done: string[] = [];
    const positions: number[] = [];
    let most = 0;
    const ask = (asker: ReturnType<typeof by>) =>
      turns.take(
        asker,
        async () => {
          most = Math.max(most, turns.running());
          await sleep(2);
          done.push(names([asker]));
          if (asker.nth === 2) throw new Error('broken');
        },
        { onWaiting: (position) => positions.push(position) },
      );
    const flood = [1, 2, 3, 4, 5, 6].map((nth) => ask(by('a', 'x', nth)));
    const other = ask(by('b', 'y'));
    const results = await Promise.allSettled([...flood, other]);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(most).toBe(2);
    expect(positions).toEqual([1, 2, 3, 4, 1]);
    expect(done.indexOf('b/y1')).toBe(2);
    expect([turns.running(), turns.waiting()]).toEqual([0, 0]);
  });

  test('who leaves makes room, and is not served', async () => {
    const turns = createTurns({ ...options, atOnce: 1 });
    const leaving = new AbortController();
    let served = false;
    const first = turns.take(alone, () => sleep(20));
    const second = turns.take(
      alone,
      async () => {
        served = true;
      },
      { signal: leaving.signal },
    );
    leaving.abort();
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    await first;
    await turns.take(alone, async () => undefined);
    expect([served, turns.waiting()]).toEqual([false, 0]);
  });

  test('too many, or too long, is said', async () => {
    const turns = createTurns({ atOnce: 1, mostWaiting: 1, longestWaitMs: 10 });
    const first = turns.take(alone, () => sleep(40));
    const second = turns.take(alone, async () => undefined);
    await expect(turns.take(alone, async () => undefined)).rejects.toMatchObject({ code: 'ENGINE_BUSY' });
    await expect(second).rejects.toMatchObject({ code: 'ENGINE_BUSY' });
    await first;
    expect([turns.running(), turns.waiting()]).toEqual([0, 0]);
  });
});
