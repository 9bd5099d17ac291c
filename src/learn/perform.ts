/** Performs a run that was asked for: alone over all processes, saved while it goes on, and live or not at its end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDocentError } from '../errors.ts';
import type { RunProgress, RunResult } from './contract.ts';
import type { LearningDeps, Preparation } from './preparation.ts';
import { reportOf } from './report.ts';
import { executeRun, type RunDeps, removeRun, untrained } from './run.ts';
import type { RunReport, RunRows } from './run-rows.ts';
import type { Scope } from './teaching.ts';

const [pollMs, saveMs] = [500, 1_000];
/** Candidates that were not promoted; older ones' weights go. */
const candidatesKept = 3;
/** Two int4: Docent's learning. */
const lockKeys = [0x0d0ce27, 0x1ea24] as const;

const nothingDone = (runId: string, reason: string): RunResult => ({
  run: runId,
  dataset: {
    documents: 0,
    examples: 0,
    unanswerable: 0,
    sides: { train: 0, dev: 0, gate: 0 },
    dropped: { notRead: 0, notFound: 0, repeated: 0, noQuestion: 0 },
  },
  ...untrained,
  gate: [],
  decision: 'skipped',
  reason,
});

interface Performed {
  readonly fingerprint: string;
  readonly result: RunResult;
  readonly candidateId: string | null;
}

/** @returns what the job runs: ends when the run is decided, cancelled or failed; rejects when this process stops. */
export function createPerformer(
  deps: LearningDeps,
  rows: RunRows,
  preparation: Preparation,
  onTraining: NonNullable<RunDeps['onTraining']>,
): (runId: string, signal: AbortSignal) => Promise<void> {
  const { log, home } = deps;
  const { prisma, pool } = deps.store;

  /** The candidate goes live, unless the world changed while it was judged. @returns why it does not; null when it does. */
  const takeLive = async (
    candidateId: string,
    judgedAgainst: string,
    documentIds: ReadonlySet<string>,
    by: string,
    scope: Scope,
  ): Promise<string | null> => {
    const registry = await deps.registry();
    const serving = (await registry.champion(scope)) ?? (await registry.champion());
    if (serving?.id !== judgedAgainst) return 'Another adapter went live while this one was judged.';
    // Documents that were deleted meanwhile have taught it too.
    const still = await prisma.document.count({ where: { id: { in: [...documentIds] } } });
    if (still < documentIds.size) return 'A document that taught it was deleted meanwhile.';
    await registry.promote(candidateId, by, scope);
    await deps.reloadAdapter();
    return null;
  };

  const run = async (
    runId: string,
    scope: Scope,
    { request }: RunReport,
    signal: AbortSignal,
    save: (progress: RunProgress) => void,
  ): Promise<Performed> => {
    const material = await preparation.material(scope);
    const { sections, fingerprint } = material;
    const skipped = (reason: string) => ({ fingerprint, result: nothingDone(runId, reason), candidateId: null });
    if (sections.length === 0) return skipped('There are no documents that everybody may read: upload some.');
    const last = await rows.lastDone(scope);
    if (!request.now && last?.fingerprint === fingerprint) return skipped('Nothing changed since the last run.');
    const minutes = request.minutes ?? deps.minutes;
    const runDeps = await preparation.depsOf(runId, material, { minutes, onTraining, onProgress: save, signal });
    const { result, candidate } = await executeRun(runId, runDeps, last?.result?.train?.tokens_per_second || null);
    const full: RunResult = { run: runId, ...result };
    if (!candidate) return { fingerprint, result: full, candidateId: null };
    for (const [name, text] of Object.entries(reportOf(full))) writeFileSync(join(candidate, name), text);
    const { id: candidateId } = await (await deps.registry()).import(candidate, 'candidate', scope);
    if (result.decision !== 'promoted') return { fingerprint, result: full, candidateId };
    const documentIds = new Set(sections.map(({ documentId }) => documentId));
    const reason = await takeLive(candidateId, runDeps.champion.id, documentIds, request.by, scope);
    if (reason === null) return { fingerprint, result: full, candidateId };
    // The next run is to look at what there is then.
    return { fingerprint: '', result: { ...full, decision: 'kept', reason }, candidateId };
  };

  /** Only one run at a time, whichever process it is in: the others wait here. */
  const alone = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    try {
      for (;;) {
        signal.throwIfAborted();
        const { rows: locks } = await client.query('select pg_try_advisory_lock($1, $2) as mine', [...lockKeys]);
        if (locks[0].mine) break;
        await sleep(pollMs, undefined, { signal });
      }
      return await work();
    } finally {
      // With the connection goes the lock.
      client.release(true);
    }
  };

  return async (runId, outer) => {
    const row = await rows.find(runId);
    if (!row || !['waiting', 'running'].includes(row.state)) return;
    const { report } = row;
    const cancelled = new AbortController();
    const signal = AbortSignal.any([outer, cancelled.signal]);
    let [latest, saved]: [RunProgress | null, RunProgress | null] = [null, null];
    const saving = setInterval(() => {
      const progress = latest;
      void (async () => {
        if ((await rows.find(runId))?.state === 'cancelled') cancelled.abort();
        else if (progress && progress !== saved) {
          await rows.update(runId, ['running'], { report: { ...report, progress } });
          saved = progress;
        }
      })().catch(() => undefined); // the database is away: the next second tries again
    }, saveMs);
    try {
      await alone(signal, async () => {
        await rows.update(runId, ['waiting'], { state: 'running' });
        const { result, fingerprint, candidateId } = await run(runId, row.scope, report, signal, (progress) => {
          latest = progress;
        });
        clearInterval(saving);
        const done = { decision: result.decision, reason: result.reason, endedAt: new Date() };
        await rows.update(runId, ['running'], {
          state: 'done',
          ...done,
          candidateId,
          report: { ...report, fingerprint, result },
        });
        await (await deps.registry()).discardCandidates(candidatesKept);
        removeRun(join(home, 'runs', runId));
        log.info({ run: runId, decision: result.decision }, 'learned');
      });
    } catch (error) {
      // The process stops: another one goes on with the run.
      if (outer.aborted) throw error;
      removeRun(join(home, 'runs', runId));
      if (cancelled.signal.aborted) return;
      const known = isDocentError(error) ? error : null;
      if (!known) log.error({ err: error, run: runId }, 'a learning run failed');
      const failure = known
        ? { code: known.code, details: { ...known.details } }
        : { code: 'TRAINING_FAILED', details: { reason: 'an unexpected error, see the log' } };
      const reason = known?.line ?? 'an unexpected error, see the log';
      await rows.update(runId, ['waiting', 'running'], {
        state: 'failed',
        reason,
        endedAt: new Date(),
        report: { ...report, error: failure },
      });
    } finally {
      clearInterval(saving);
    }
  };
}
