/**
 * Durable background work: a queue in the database (pg-boss) whose jobs survive kill -9 and never run twice at once.
 *
 * pg-boss stores jobs and decides about retries; the running is done here, because a job is claimed together with a
 * session advisory lock (worker.ts): as long as the lock is held its worker lives, however long the job takes.
 * Knows queues, not what their jobs do. Payloads hold ids, never text.
 */
import { randomUUID } from 'node:crypto';
import PgBoss from 'pg-boss';
import type { Log, Store, Transaction } from '../store/index.ts';
import { notifySql } from './sql.ts';
import { createWorker, type Handler, type Queue } from './worker.ts';

export type { Handler, JobContext } from './worker.ts';

export interface QueueOptions {
  /** How many jobs of this queue run at once in one process. Default 1. */
  readonly concurrency?: number;
  /** How often a job is tried again after an error or the death of its process. Default 5. */
  readonly retryLimit?: number;
  /** Pause before the first retry after an error, in seconds; doubles each time. Default 1. */
  readonly retryDelaySeconds?: number;
}

export interface SendOptions {
  /** The job exists if and only if this transaction commits. */
  readonly transaction?: Transaction;
  /** While a job with this key waits to be started, sending another does nothing. */
  readonly key?: string;
  /** Not before this many seconds have passed. */
  readonly afterSeconds?: number;
  /** Higher goes first. Default 0. */
  readonly priority?: number;
}

export interface Jobs {
  /** Names a queue and what its jobs do. Before `start`. The handler must be idempotent: it may be run again. */
  define<T extends object>(name: string, handler: Handler<T>, options?: QueueOptions): void;
  /** @returns the job's id, or null when one with this key waits already */
  send(name: string, data: object, options?: SendOptions): Promise<string | null>;
  /** Prepares the queues and, unless `work` is false, begins to run jobs. Idempotent. */
  start(options?: { readonly work?: boolean }): Promise<void>;
  /** Takes no more jobs and waits for the running ones; after the deadline they are aborted and tried again later. */
  stop(options?: { readonly deadlineMs?: number }): Promise<void>;
}

/** Longer than any job; the advisory lock tells of dead workers long before. pg-boss takes less than 24 h. */
const expireInHours = 23;
const drainMs = 20_000;

/** pg-boss sends whole transactions in one text: a connection on which one failed would stay inside it. */
const executorOf = (store: Store) => ({
  async executeSql(text: string, values?: unknown[]) {
    const client = await store.pool.connect();
    let failed = true;
    try {
      const result = await client.query(text, values);
      failed = false;
      return result;
    } finally {
      client.release(failed);
    }
  },
});

const executorIn = (transaction: Transaction) => ({
  executeSql: async (text: string, values: unknown[] = []) => ({
    rows: await transaction.$queryRawUnsafe<unknown[]>(text, ...values.map((value) => value ?? null)),
  }),
});

/**
 * @example
 * const jobs = createJobs({ store, log });
 * jobs.define('extract', async ({ versionId }: { versionId: string }, { signal }) => extract(versionId, signal));
 * await jobs.start();
 * await store.prisma.$transaction(async (transaction) => {
 *   const version = await transaction.documentVersion.create(…);
 *   await jobs.send('extract', { versionId: version.id }, { transaction });
 * });
 */
export function createJobs({ store, log }: { readonly store: Store; readonly log: Log }): Jobs {
  const boss = new PgBoss({ db: executorOf(store), schedule: false });
  boss.on('error', (error) => log.warn({ code: (error as { code?: string }).code }, 'job queue maintenance failed'));
  const queues = new Map<string, Queue>();
  const worker = createWorker({ boss, store, log, queues });
  let prepared: Promise<void> | null = null;

  const prepare = async (): Promise<void> => {
    await boss.start();
    for (const queue of queues.values()) {
      const options = {
        name: queue.name,
        // “short”: one waiting job a key. Jobs without a key get one of their own in send().
        policy: 'short' as const,
        retryLimit: queue.retryLimit,
        retryDelay: queue.retryDelaySeconds,
        retryBackoff: true,
        expireInHours,
      };
      await boss.createQueue(queue.name, options);
      await boss.updateQueue(queue.name, options);
    }
  };

  return {
    define(name, handler, { concurrency = 1, retryLimit = 5, retryDelaySeconds = 1 } = {}) {
      if (prepared) throw new Error(`queue ${name} is defined after the start`);
      queues.set(name, { name, handler: handler as Handler<object>, concurrency, retryLimit, retryDelaySeconds });
    },

    async send(name, data, { transaction, key, afterSeconds = 0, priority = 0 } = {}) {
      if (!prepared) throw new Error('send() before start()');
      const options: PgBoss.SendOptions = {
        id: randomUUID(), // makes a repeated insert after a lost answer harmless
        priority,
        singletonKey: key ?? randomUUID(),
        ...(afterSeconds > 0 ? { startAfter: afterSeconds } : {}),
      };
      const payload = JSON.stringify(data) as unknown as object;
      if (transaction) {
        const id = await boss.send(name, payload, { ...options, db: executorIn(transaction) });
        if (id && afterSeconds === 0) await transaction.$executeRawUnsafe(notifySql, name);
        return id;
      }
      const id = await boss.send(name, payload, options);
      if (id && afterSeconds === 0) await store.pool.query(notifySql, [name]);
      return id;
    },

    async start({ work = true } = {}) {
      prepared ??= prepare();
      await prepared;
      if (work) await worker.start();
    },

    async stop({ deadlineMs = drainMs } = {}) {
      if (!prepared) return;
      await prepared.catch(() => {});
      await worker.stop(deadlineMs);
      await boss.stop({ graceful: false });
    },
  };
}
