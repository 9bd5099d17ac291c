/** Runs as rows: asked for, waited for, cancelled, and what is known of each, whichever process performs it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DocentError } from '../errors.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Prisma, PrismaClient, TrainingRun } from '../store/generated/client.ts';
import type { RunProgress, RunRequest, RunResult } from './contract.ts';
import type { Scope } from './teaching.ts';

export const learnQueue = 'learn';

export type RunState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
const open: RunState[] = ['waiting', 'running'];

export interface RunReport {
  readonly request: RunRequest;
  /** Of what was learned from. */
  readonly fingerprint?: string;
  readonly progress?: RunProgress;
  readonly result?: RunResult;
  readonly error?: { readonly code: string; readonly details: Record<string, unknown> };
}

export interface KnownRun {
  readonly id: string;
  /** As in RunRequest. */
  readonly by: string;
  readonly scope: Scope;
  readonly state: RunState;
  readonly progress: RunProgress | null;
  readonly decision: string | null;
  readonly reason: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  /** Null until it is decided. */
  readonly result: RunResult | null;
}

export interface WaitOptions {
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal?: AbortSignal;
}

interface Change {
  readonly state?: RunState;
  readonly decision?: string;
  readonly reason?: string;
  readonly report?: RunReport;
  readonly candidateId?: string | null;
  readonly endedAt?: Date;
}

export interface RunRows {
  /** @returns the id of the new run, or of the one that waits already for the same scope. */
  request(request: RunRequest): Promise<string>;
  /** @throws DocentError of the run; CANCELLED. */
  wait(runId: string, options?: WaitOptions): Promise<RunResult>;
  /** Without a scope: of any. */
  latest(scope?: Scope): Promise<KnownRun | null>;
  /** The first one that was asked for at this time or later. */
  firstSince(time: Date, scope: Scope): Promise<KnownRun | null>;
  /** Newest first. */
  history(limit: number): Promise<readonly KnownRun[]>;
  /** Those that wait or go on. */
  underWay(): Promise<readonly KnownRun[]>;
  cancel(runId: string): Promise<void>;
  find(runId: string): Promise<{ readonly state: RunState; readonly scope: Scope; readonly report: RunReport } | null>;
  /** The run that was decided last. */
  lastDone(scope: Scope): Promise<RunReport | null>;
  /** Changes a run that is in one of these states; a cancelled one stays cancelled. */
  update(runId: string, from: readonly RunState[], change: Change): Promise<void>;
}

const pollMs = 500;
const reportIn = (value: unknown): RunReport => value as RunReport;

function known(row: TrainingRun): KnownRun {
  const { id, workspaceId: scope, decision, reason, startedAt, endedAt } = row;
  const { request, progress = null, result = null } = reportIn(row.report);
  return {
    id,
    by: request.by,
    scope,
    state: row.state as RunState,
    decision,
    reason,
    startedAt,
    endedAt,
    progress,
    result,
  };
}

export function createRunRows({ prisma, jobs }: { readonly prisma: PrismaClient; readonly jobs: Jobs }): RunRows {
  const update: RunRows['update'] = async (runId, from, { report, ...rest }) => {
    await prisma.trainingRun.updateMany({
      where: { id: runId, state: { in: [...from] } },
      data: { ...rest, ...(report ? { report: report as unknown as Prisma.InputJsonValue } : {}) },
    });
  };
  const find: RunRows['find'] = async (runId) => {
    const row = await prisma.trainingRun.findUnique({ where: { id: runId } });
    return row && { state: row.state as RunState, scope: row.workspaceId, report: reportIn(row.report) };
  };

  return {
    find,
    update,

    async request(request) {
      return prisma.$transaction(async (tx) => {
        const { scope: workspaceId = null } = request;
        const waiting = await tx.trainingRun.findFirst({ where: { state: 'waiting', workspaceId } });
        if (waiting) return waiting.id;
        const report = { request } as unknown as Prisma.InputJsonValue;
        const { id } = await tx.trainingRun.create({ data: { state: 'waiting', workspaceId, report } });
        await jobs.send(learnQueue, { runId: id }, { transaction: tx });
        return id;
      });
    },

    async wait(runId, { onProgress, signal } = {}) {
      let shown = '';
      for (;;) {
        const row = await find(runId);
        if (!row) throw new DocentError('TRAINING_FAILED', { reason: 'the run is gone' });
        const { result, error, progress } = row.report;
        if (row.state === 'done' && result) return result;
        if (row.state === 'cancelled') throw new DocentError('CANCELLED');
        if (row.state === 'failed')
          throw new DocentError(
            (error?.code ?? 'TRAINING_FAILED') as 'TRAINING_FAILED',
            error?.details ?? { reason: 'an unexpected error, see the log' },
          );
        if (progress && progress.line !== shown) {
          shown = progress.line;
          onProgress?.(progress);
        }
        await sleep(pollMs, undefined, signal ? { signal } : {});
      }
    },

    async latest(scope) {
      const where = scope === undefined ? {} : { workspaceId: scope };
      const row = await prisma.trainingRun.findFirst({ where, orderBy: { startedAt: 'desc' } });
      return row && known(row);
    },
    async firstSince(time, workspaceId) {
      const row = await prisma.trainingRun.findFirst({
        where: { startedAt: { gte: time }, workspaceId },
        orderBy: { startedAt: 'asc' },
      });
      return row && known(row);
    },
    history: async (limit) =>
      (await prisma.trainingRun.findMany({ orderBy: { startedAt: 'desc' }, take: limit })).map(known),

    underWay: async () => (await prisma.trainingRun.findMany({ where: { state: { in: [...open] } } })).map(known),
    cancel: (runId) => update(runId, open, { state: 'cancelled', endedAt: new Date() }),

    async lastDone(workspaceId) {
      const row = await prisma.trainingRun.findFirst({
        where: { state: 'done', workspaceId },
        orderBy: { endedAt: 'desc' },
        select: { report: true },
      });
      return row && reportIn(row.report);
    },
  };
}
