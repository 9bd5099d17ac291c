/** Jobs over a real queue, with real processes that are killed. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { forkModule } from '../src/child.ts';
import { createJobs, type Jobs } from '../src/jobs/index.ts';
import { type TestStore, testStore } from './setup/database.ts';

const log = pino({ level: 'fatal' });
let home: TestStore;
const open: Jobs[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = await testStore();
});
afterAll(() => home.dispose());
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const jobs of open.splice(0)) await jobs.stop();
});

const newJobs = (): Jobs => {
  const jobs = createJobs({ store: home.store, log });
  open.push(jobs);
  return jobs;
};

describe('sending', () => {
  test('a job joins the transaction: no commit, no job', async () => {
    const jobs = newJobs();
    const seen: string[] = [];
    jobs.define('joined', async ({ id }: { id: string }) => void seen.push(id));
    await jobs.start();
    const undone = home.store.prisma.$transaction(async (transaction) => {
      expect(await jobs.send('joined', { id: 'undone' }, { transaction })).not.toBeNull();
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    await home.store.prisma.$transaction((transaction) => jobs.send('joined', { id: 'kept' }, { transaction }));
    await vi.waitFor(() => expect(seen).toEqual(['kept']), { timeout: 10_000 });
  });

  test('a key makes one waiting job; other keys and none are free', async () => {
    const jobs = newJobs();
    jobs.define('keyed', async () => undefined);
    await jobs.start({ work: false });
    expect(await jobs.send('keyed', {}, { key: 'a' })).not.toBeNull();
    expect(await jobs.send('keyed', {}, { key: 'a' })).toBeNull();
    expect(await jobs.send('keyed', {}, { key: 'b' })).not.toBeNull();
    expect(await jobs.send('keyed', {})).not.toBeNull();
    expect(await jobs.send('keyed', {})).not.toBeNull();
  });
});

describe('running', () => {
  test('never more at once than the queue allows', async () => {
    const jobs = newJobs();
    let now = 0;
    let most = 0;
    let done = 0;
    jobs.define(
      'narrow',
      async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 30));
        now--;
        done++;
      },
      { concurrency: 2 },
    );
    await jobs.start();
    for (let i = 0; i < 8; i++) await jobs.send('narrow', {});
    await vi.waitFor(() => expect(done).toBe(8), { timeout: 20_000 });
    expect(most).toBe(2);
  });

  test('an error is tried again up to the limit, and the last attempt knows it', async () => {
    const jobs = newJobs();
    const attempts: [number, boolean][] = [];
    jobs.define(
      'failing',
      async (_: object, { attempt, isLastAttempt }) => {
        attempts.push([attempt, isLastAttempt]);
        throw new Error('the words of a document');
      },
      { retryLimit: 1, retryDelaySeconds: 0 },
    );
    await jobs.start();
    const id = await jobs.send('failing', {});
    const state = async () =>
      (await home.store.pool.query('SELECT state, output FROM pgboss.job WHERE id = $1', [id])).rows[0];
    await vi.waitFor(async () => expect((await state()).state).toBe('failed'), { timeout: 20_000 });
    expect(attempts).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(JSON.stringify((await state()).output)).not.toContain('words');
  });

  test('stopping waits for running jobs; after the deadline they are aborted and not counted as tried', async () => {
    const first = newJobs();
    let begun = 0;
    first.define('long', async (_: object, { signal }) => {
      begun++;
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await first.start();
    await first.send('long', {});
    await vi.waitFor(() => expect(begun).toBe(1), { timeout: 10_000 });
    await first.stop({ deadlineMs: 50 });
    const second = newJobs();
    const attempts: number[] = [];
    second.define('long', async (_: object, { attempt }) => void attempts.push(attempt));
    await second.start();
    await vi.waitFor(() => expect(attempts).toEqual([1]), { timeout: 10_000 });
  });

  test('goes on with a running job when the database ends all connections', async () => {
    const jobs = newJobs();
    let runs = 0;
    let finish = () => {};
    jobs.define('steady', async (_: object, { signal }) => {
      runs++;
      await new Promise<void>((resolve) => (finish = resolve));
      signal.throwIfAborted();
    });
    await jobs.start();
    const id = await jobs.send('steady', {});
    await vi.waitFor(() => expect(runs).toBe(1), { timeout: 10_000 });
    const before = await lockHolders(id!);
    expect(before).toHaveLength(1);
    await home.store.pool.query('SELECT pg_terminate_backend($1)', before);
    await vi.waitFor(
      async () => {
        const holders = await lockHolders(id!);
        expect(holders).toHaveLength(1);
        expect(holders).not.toEqual(before);
      },
      { timeout: 10_000 },
    );
    finish();
    const state = async () =>
      (await home.store.pool.query('SELECT state FROM pgboss.job WHERE id = $1', [id])).rows[0].state;
    await vi.waitFor(async () => expect(await state()).toBe('completed'), { timeout: 10_000 });
    expect(runs).toBe(1);
  });
});

/** Backends that hold the lock of this job. */
const lockHolders = async (id: string): Promise<number[]> =>
  (
    await home.store.pool.query(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = (hashtext($1)::bigint & 4294967295)::oid`,
      [id],
    )
  ).rows.map((row) => row.pid);

describe('killed processes', () => {
  const startWorker = async (file: string): Promise<ChildProcess> => {
    const child = forkModule(import.meta.url, './setup/job-worker', {
      env: { ...process.env, DATABASE_URL: home.database.url, JOB_FILE: file },
    });
    children.push(child);
    await once(child, 'message');
    return child;
  };

  test('kill -9 in the middle of jobs: each is run again by another process, never two at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docent-jobs-'));
    const file = join(folder, 'lines');
    appendFileSync(file, '');
    const jobs = newJobs();
    jobs.define('work', async () => undefined);
    await jobs.start({ work: false });
    const total = 6;
    for (let i = 0; i < total; i++) await jobs.send('work', { n: i });

    const lines = () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' ') as [event: string, n: string, pid: string]);
    const first = await startWorker(file);
    const second = await startWorker(file);
    /** The first worker is in the middle of a job: under load it may be between two, and a kill there restarts nothing. */
    const isBusy = () => {
      const own = lines().filter(([, , pid]) => pid === String(first.pid));
      return own.at(-1)?.[0] === 'begin';
    };
    await vi.waitFor(() => expect(isBusy()).toBe(true), { timeout: 30_000, interval: 10 });
    first.kill('SIGKILL');
    await once(first, 'exit');
    appendFileSync(file, `dead - ${first.pid}\n`);
    await startWorker(file);
    await vi.waitFor(
      () =>
        expect(
          new Set(
            lines()
              .filter(([event]) => event === 'end')
              .map(([, n]) => n),
          ).size,
        ).toBe(total),
      {
        timeout: 60_000,
      },
    );
    expect(second.exitCode).toBeNull();

    // Replay: a job begins only while nobody living holds it.
    const holders = new Map<string, string>();
    let restarted = 0;
    for (const [event, n, pid] of lines()) {
      if (event === 'begin') {
        expect(holders.get(n)).toBeUndefined();
        holders.set(n, pid);
      } else if (event === 'end') {
        expect(holders.get(n)).toBe(pid);
        holders.delete(n);
      } else {
        for (const [job, holder] of holders) {
          if (holder !== pid) continue;
          holders.delete(job);
          restarted++;
        }
      }
    }
    expect(restarted).toBeGreaterThan(0);
    rmSync(folder, { recursive: true });
  });
});
