/**
 * Runs the rows of many requests together: each row takes a slot of the arena, its prompt is fed in chunks (what is
 * cached of its prefix is copied), then all ready rows decode one token a pass.
 * Knows requests, models and turns; not processes, adapters' files or prompts.
 */
import type { RowResult } from './contract.ts';
import type { KvPool } from './kv-pool.ts';
import type { Arena } from './runtime/arena.ts';
import type { Runtime } from './runtime/runtime.ts';
import {
  type ActiveRow,
  createJob,
  isFinished,
  isPrefilling,
  type Job,
  type ScheduledRequest,
  settle,
} from './scheduling/job.ts';
import { createPasses } from './scheduling/passes.ts';
import { createSlots } from './scheduling/slots.ts';

export interface Ticket {
  /** Ends the request soon; its rows finish as cancelled. */
  cancel(): void;
}

export interface Counters {
  readonly prefillTokens: number;
  readonly decodedTokens: number;
  /** Passes of the model: grows as long as something moves. */
  readonly passes: number;
}

export interface Scheduler {
  /** The caller has checked that every row fits (`KvPool.longestRow`). */
  submit(request: ScheduledRequest): Ticket;
  addModel(id: string, runtime: Runtime): void;
  /** Resolves when no row needs the model any more and it is closed. */
  removeModel(id: string): Promise<void>;
  hasModel(id: string): boolean;
  counters(): Counters;
}

export function createScheduler(pool: KvPool): Scheduler {
  const models = new Map<string, Runtime>();
  const jobs: Job[] = [];
  const removals = new Map<string, () => void>();
  let passesDone = 0;
  let running = false;
  /** The run under way serves this job alone, so it may be ended when the job is cancelled. */
  let runningFor: { readonly job: Job; readonly runtime: Runtime } | null = null;

  const slots = createSlots(pool);
  const finish = (row: ActiveRow, reason: RowResult['finish']) => {
    slots.free(row);
    const { job } = row;
    if (!settle(row, reason)) return;
    jobs.splice(jobs.indexOf(job), 1);
    job.scheduled.onDone(job.results as RowResult[]);
  };
  const passes = createPasses({ pool, slots, finish });

  const fail = (job: Job, error: unknown) => {
    for (const row of slots.rows()) if (row.job === job) slots.free(row);
    const at = jobs.indexOf(job);
    if (at < 0) return;
    jobs.splice(at, 1);
    job.scheduled.onError(error);
  };

  const dropCancelled = () => {
    for (const job of [...jobs]) {
      if (!job.cancelled) continue;
      job.waiting.length = 0;
      for (const row of job.rows) if (!isFinished(row)) finish(row, 'cancelled');
    }
  };

  /** A failure ends only the requests that took part. */
  const guarded = async (runtime: Runtime, taking: readonly ActiveRow[], work: () => Promise<void>) => {
    const taken = new Set(taking.map((row) => row.job));
    runningFor = taken.size === 1 ? { job: taking[0]!.job, runtime } : null;
    try {
      await work();
    } catch (error) {
      for (const job of taken) if (!job.cancelled) fail(job, error);
    } finally {
      passesDone += 1;
      runningFor = null;
    }
  };

  /** A chunk of the first prompt, then the next token of every row that is ready, model by model. */
  const advance = async (arena: Arena) => {
    const rows = slots.rows();
    const prefilling = rows.filter(isPrefilling);
    const busy = new Set(prefilling.map((row) => row.job));
    // Rows wait for the others of their request, because decoding them together costs hardly more than one alone.
    const ready = rows.filter((row) => !isPrefilling(row) && !busy.has(row.job));
    const first = prefilling[0];
    if (first) {
      const runtime = models.get(first.job.scheduled.model)!;
      await guarded(runtime, [first], () => passes.prefill(runtime, first, arena));
    }
    for (const model of new Set(ready.map((row) => row.job.scheduled.model))) {
      const together = ready.filter((row) => row.job.scheduled.model === model && !row.job.cancelled);
      const runtime = models.get(model)!;
      if (together.length > 0) await guarded(runtime, together, () => passes.decode(runtime, together, arena));
    }
  };

  const closeUnused = () => {
    for (const [model, resolve] of [...removals]) {
      if (jobs.some((job) => job.scheduled.model === model)) continue;
      removals.delete(model);
      const runtime = models.get(model);
      models.delete(model);
      pool.forget(model);
      void Promise.resolve(runtime?.close()).finally(resolve);
    }
  };

  const loop = async () => {
    while (jobs.length > 0) {
      dropCancelled();
      slots.admit(jobs);
      const arena = pool.arena();
      if (arena && slots.rows().length > 0) await advance(arena);
      closeUnused();
      // Lets messages in: a new request, a cancellation.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    closeUnused();
    running = false;
  };
  const wake = () => {
    if (running) return;
    running = true;
    setImmediate(() => void loop());
  };

  return {
    submit(scheduled) {
      const job = createJob(scheduled);
      if (job.rows.length === 0) {
        scheduled.onDone([]);
        return { cancel: () => undefined };
      }
      jobs.push(job);
      wake();
      return {
        cancel() {
          job.cancelled = true;
          if (runningFor?.job === job) runningFor.runtime.cancel();
        },
      };
    },
    addModel: (id, runtime) => void models.set(id, runtime),
    hasModel: (id) => models.has(id) && !removals.has(id),
    removeModel: (id) =>
      new Promise((resolve) => {
        if (!models.has(id)) {
          resolve();
          return;
        }
        removals.set(id, resolve);
        if (!running) closeUnused();
      }),
    counters: () => ({ ...passes.counters, passes: passesDone }),
  };
}
