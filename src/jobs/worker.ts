/**
 * Runs the jobs of this process.
 *
 * A job is claimed in one transaction: pg-boss marks it as active, the session takes its advisory lock, then both become
 * visible. So "active without a lock" always means that the worker is dead (or cut off from the database), and the reaper
 * of any living process hands the job on within seconds. Jobs of minutes or hours need no heartbeat and no timeout.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type PgBoss from 'pg-boss';
import { isDocentError } from '../errors.ts';
import { isConnectionLoss, type Log, type Store, withRetry } from '../store/index.ts';
import { createSession } from './session.ts';
import { giveBackSql, isCurrentSql, orphansSql, retryNowSql, tryLockSql, unlockSql } from './sql.ts';

export interface JobContext {
  readonly id: string;
  /** 1 for the first time. */
  readonly attempt: number;
  /** No retry follows when this one fails: the moment to tell people. */
  readonly isLastAttempt: boolean;
  /** Aborted when the process stops, or when the job was handed to another process. */
  readonly signal: AbortSignal;
}

export type Handler<T extends object> = (data: T, context: JobContext) => Promise<unknown>;

export interface Queue {
  readonly name: string;
  readonly handler: Handler<object>;
  readonly concurrency: number;
  readonly retryLimit: number;
  readonly retryDelaySeconds: number;
}

/** NOTIFY wakes at once; the poll finds what became due (retries, delays) or was missed while the session was away. */
const pollMs = 500;
/**
 * A lock must be missing in two looks this far apart. A worker that lost its connection takes its locks again within that
 * time, and a job that just ended is not mistaken for an orphan.
 */
const reapMs = 2_000;
/** What aborted handlers get to end in. */
const abortMs = 2_000;

type Job = PgBoss.JobWithMetadata<object>;

interface Running {
  readonly queue: Queue;
  readonly job: Job;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** Errors may quote documents: logs and the queue keep only the kind. */
const kindOf = (error: unknown): string =>
  isDocentError(error)
    ? error.code
    : `${(error as Error)?.name ?? typeof error}${(error as { code?: string })?.code ? ` ${(error as { code?: string }).code}` : ''}`;

/** Where it was thrown, without the message in front. */
const placeOf = (error: unknown): string | undefined =>
  error instanceof Error
    ? error.stack
        ?.split('\n')
        .filter((line) => /^\s+at /.test(line))
        .slice(0, 6)
        .join('\n')
    : undefined;

export function createWorker(options: {
  readonly boss: PgBoss;
  readonly store: Store;
  readonly log: Log;
  readonly queues: ReadonlyMap<string, Queue>;
}) {
  const { boss, store, log, queues } = options;
  const running = new Map<string, Running>();
  const filling = new Set<string>();
  /** No more jobs are taken. */
  const stopping = new AbortController();
  /** Nothing more is recorded. */
  const closing = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();

  const session = createSession({
    connection: store.direct,
    log,
    onNotify: (name) => {
      const queue = queues.get(name);
      if (queue) void fill(queue);
    },
    onConnected: retakeLocks,
  });

  /** After the database was away: go on with the running jobs that are still ours, abort those that are not. */
  async function retakeLocks(client: pg.Client): Promise<void> {
    for (const { queue, job, abort } of running.values()) {
      const locked = (await client.query(tryLockSql, [job.id])).rows[0].locked;
      const current = await client.query(isCurrentSql, [queue.name, job.id, job.retryCount]);
      if (!locked || current.rowCount === 0) abort.abort(new Error('the job was handed to another process'));
    }
  }

  /** The next job of the queue with its lock, or null. */
  const claim = (queue: Queue): Promise<Job | null> =>
    session.use(async (client) => {
      await client.query('BEGIN');
      try {
        const db = { executeSql: (text: string, values: unknown[]) => client.query(text, values) };
        const [job] = await boss.fetch<object>(queue.name, { batchSize: 1, includeMetadata: true, db });
        const mine =
          job !== undefined && !running.has(job.id) && (await client.query(tryLockSql, [job.id])).rows[0].locked;
        await client.query(mine ? 'COMMIT' : 'ROLLBACK');
        return mine ? job : null;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {});
        throw error;
      }
    });

  /** Claims jobs until the queue is empty or this process has enough of it. */
  async function fill(queue: Queue): Promise<void> {
    if (filling.has(queue.name)) return;
    filling.add(queue.name);
    try {
      while (!stopping.signal.aborted && countOf(queue) < queue.concurrency) {
        const job = await claim(queue);
        if (!job) return;
        begin(queue, job);
      }
    } catch (error) {
      if (!isConnectionLoss(error)) log.error({ queue: queue.name, error: kindOf(error) }, 'no job could be claimed');
    } finally {
      filling.delete(queue.name);
    }
  }

  const countOf = (queue: Queue): number => [...running.values()].filter((one) => one.queue === queue).length;

  function begin(queue: Queue, job: Job): void {
    const abort = new AbortController();
    const ended = run(queue, job, abort.signal).finally(() => {
      running.delete(job.id);
      void fill(queue);
    });
    running.set(job.id, { queue, job, abort, ended });
  }

  async function run(queue: Queue, job: Job, signal: AbortSignal): Promise<void> {
    const context: JobContext = {
      id: job.id,
      attempt: job.retryCount + 1,
      isLastAttempt: job.retryCount >= job.retryLimit,
      signal,
    };
    let settle = async (): Promise<unknown> => undefined;
    try {
      await queue.handler(job.data, context);
      settle = () => boss.complete(queue.name, job.id);
    } catch (error) {
      if (!signal.aborted) {
        const at = placeOf(error);
        log.warn({ queue: queue.name, job: job.id, attempt: context.attempt, error: kindOf(error), at }, 'job failed');
        settle = () => boss.fail(queue.name, job.id, { error: kindOf(error) });
      } else if (stopping.signal.aborted) {
        settle = () => store.pool.query(giveBackSql, [queue.name, job.id]);
      } // else it was handed to another process, which settles it
    }
    try {
      await withRetry(settle, { signal: closing.signal });
    } catch (error) {
      const details = { queue: queue.name, job: job.id, error: kindOf(error) };
      log.warn(details, 'the end of a job was not recorded; it runs again');
    }
    await session.use((client) => client.query(unlockSql, [job.id])).catch(() => {}); // lost with the session
  }

  /** Hands on the jobs of dead workers. */
  async function reap(suspects: ReadonlySet<string>): Promise<Set<string>> {
    const seen = new Set<string>();
    for (const queue of queues.values()) {
      const { rows } = await store.pool.query<{ id: string; mayRetry: boolean }>(orphansSql, [queue.name]);
      for (const { id, mayRetry } of rows) {
        if (running.has(id)) continue;
        seen.add(id);
        if (!suspects.has(id)) continue;
        log.warn({ queue: queue.name, job: id }, 'the process of this job died; it is run again');
        if (mayRetry) await store.pool.query(retryNowSql, [queue.name, id]);
        else await boss.fail(queue.name, id, { error: 'worker died' });
        void fill(queue);
      }
    }
    return seen;
  }

  const pollLoop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const queue of queues.values()) void fill(queue);
      await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };

  const reapLoop = async (): Promise<void> => {
    let suspects: ReadonlySet<string> = new Set();
    while (!stopping.signal.aborted) {
      try {
        suspects = await reap(suspects);
      } catch (error) {
        if (!isConnectionLoss(error)) log.error({ error: kindOf(error) }, 'looking for orphaned jobs failed');
        suspects = new Set();
      }
      await sleep(reapMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };

  let started: Promise<void> | null = null;
  return {
    start: () =>
      (started ??= (async () => {
        await session.start();
        loops = Promise.all([pollLoop(), reapLoop()]);
      })()),

    async stop(deadlineMs: number): Promise<void> {
      if (!started) return;
      stopping.abort();
      await loops;
      const all = () => Promise.all([...running.values()].map((one) => one.ended));
      await Promise.race([all(), sleep(deadlineMs, undefined, { ref: false })]);
      for (const { abort } of running.values()) abort.abort(new Error('Docent is stopping'));
      await Promise.race([all(), sleep(abortMs, undefined, { ref: false })]);
      closing.abort();
      await session.stop();
    },
  };
}
