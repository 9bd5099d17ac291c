/**
 * Learning as the rest of Docent sees it: runs that are asked for, waited for, cancelled, and survive the end of their
 * process. One at a time over all processes. Knows rows, jobs and the services of a run, not its phases.
 */
import { mkdirSync } from 'node:fs';
import type { DryRun, RunRequest, RunResult } from './contract.ts';
import { type Corrections, createCorrections } from './feedback.ts';
import { createPerformer } from './perform.ts';
import { createPreparation, type LearningDeps } from './preparation.ts';
import { createProbes, type Probes } from './probes.ts';
import { dataSetOf, removeRun } from './run.ts';
import { createRunRows, type KnownRun, type WaitOptions } from './run-rows.ts';
import { type Scope, teachingScopes } from './teaching.ts';
import { isDisliked, type Votes } from './watch.ts';
import { createYielding, type Yielding } from './yielding.ts';

export { type KnownRun, learnQueue } from './run-rows.ts';

/** After an upload; more uploads until then are learned from together. */
export const learnLaterQueue = 'learn.later';
export const learnLaterSeconds = 600;
/** At night, what changed without an upload: corrections that were approved, runs that were put off. */
export const learnNightQueue = 'learn.night';
const nightHour = 3;
/** Until the next night, local time. */
export const secondsToNight = (now = new Date()): number => {
  const night = new Date(now);
  night.setHours(nightHour, 0, 0, 0);
  if (night <= now) night.setDate(night.getDate() + 1);
  return Math.ceil((night.getTime() - now.getTime()) / 1000);
};

export interface Learning {
  /** Durable: the run happens even if this process dies. @returns its id; of the one that waits already, where one does. */
  request(request: RunRequest): Promise<string>;
  /** @throws DocentError of the run; CANCELLED. Waiting no longer does not end the run. */
  wait(runId: string, options?: WaitOptions): Promise<RunResult>;
  /** The run that began last, of a scope or of any; null before the first. */
  latest(scope?: Scope): Promise<KnownRun | null>;
  /** The first run that was asked for at this time or later; null while there is none. */
  firstSince(time: Date, scope: Scope): Promise<KnownRun | null>;
  /** Newest first. */
  history(limit: number): Promise<readonly KnownRun[]>;
  /** Those that have an adapter of their own. */
  scopes(): Promise<readonly Scope[]>;
  /** Whose adapter a workspace's documents teach: its own, or the install's. */
  scopeOf(workspaceId: string): Promise<Scope>;
  /** Those with something that their last run did not learn from: other documents, or a correction. */
  changed(): Promise<readonly Scope[]>;
  /** Those that wait or go on. */
  underWay(): Promise<readonly KnownRun[]>;
  /** Ends a run, in whichever process it is. Idempotent. */
  cancel(runId: string): Promise<void>;
  /** What would be learned from, written anew; nothing is kept. */
  dryRun(options: { readonly minutes?: number; readonly scope?: Scope } & Required<WaitOptions>): Promise<DryRun>;
  /**
   * After a vote: goes back to the adapter before, where people like its answers better beyond luck.
   * @returns whether it did.
   */
  watch(): Promise<boolean>;
  /** Corrections by people. */
  readonly feedback: Corrections;
  /** The operator's own regression questions. */
  readonly probes: Probes;
  /** What the job runs. */
  perform(runId: string, signal: AbortSignal): Promise<void>;
  /** Somebody waits for an answer: training stands aside until the returned function is called. */
  answering(): () => void;
}

const dryExamples = 20;

/** The champion's answers count from when it went live. */
const votesSql = `
  select a.adapter, count(*)::int as answers,
         (count(*) filter (where exists (select 1 from feedback f where f.answer_id = a.id and f.vote < 0)))::int as down
  from answers a
  where a.kind not in ('help', 'greeting')
    and ((a.adapter = $1 and a.created_at >= $3) or (a.adapter = $2 and a.created_at < $3))
  group by a.adapter`;

export function createLearning(deps: LearningDeps): Learning {
  const { log } = deps;
  const { prisma, pool } = deps.store;
  const feedback = createCorrections({ prisma, pool });
  const probes = createProbes({ prisma });
  const rows = createRunRows({ prisma, jobs: deps.jobs });
  const preparation = createPreparation(deps, { feedback, probes });
  let yielding: Yielding | null = null;
  const perform = createPerformer(deps, rows, preparation, (run) => {
    yielding = createYielding(run);
    return () => {
      yielding?.close();
      yielding = null;
    };
  });

  /** After a vote: back to what served this scope before, where people like its answers better beyond luck. */
  const watchScope = async (scope: Scope): Promise<boolean> => {
    const registry = await deps.registry();
    const [champion, predecessor] = await Promise.all([registry.champion(scope), registry.predecessor(scope)]);
    // Only what was learned here, by itself, is taken back by itself.
    if (!champion || champion.manifest.documents.length === 0 || !predecessor) return false;
    const { rows: counted } = await pool.query<{ adapter: string; answers: number; down: number }>(votesSql, [
      champion.id,
      predecessor.id,
      predecessor.until,
    ]);
    const votesOf = (id: string): Votes => counted.find(({ adapter }) => adapter === id) ?? { answers: 0, down: 0 };
    if (!isDisliked(votesOf(champion.id), votesOf(predecessor.id))) return false;
    await registry.rollback('docent: people disliked its answers', scope);
    await deps.reloadAdapter();
    log.warn({ adapter: champion.id, back: predecessor.id }, 'rolled back after votes');
    return true;
  };

  return {
    request: rows.request,
    wait: rows.wait,
    latest: rows.latest,
    firstSince: rows.firstSince,
    history: rows.history,
    underWay: rows.underWay,
    cancel: rows.cancel,

    scopes: () => teachingScopes(pool),
    scopeOf: async (workspaceId) => ((await teachingScopes(pool)).includes(workspaceId) ? workspaceId : null),

    async changed() {
      const isChanged = async (scope: Scope): Promise<boolean> => {
        const [{ sections, fingerprint }, last] = await Promise.all([
          preparation.material(scope),
          rows.lastDone(scope),
        ]);
        return sections.length > 0 && last?.fingerprint !== fingerprint;
      };
      const changed: Scope[] = [];
      for (const scope of await teachingScopes(pool)) if (await isChanged(scope)) changed.push(scope);
      return changed;
    },

    async dryRun({ minutes = deps.minutes, scope = null, onProgress, signal }) {
      const runId = `dry-${process.pid}`;
      const runDeps = await preparation.depsOf(runId, await preparation.material(scope), {
        minutes,
        onProgress,
        signal,
      });
      mkdirSync(runDeps.folder, { recursive: true });
      try {
        const { data, summary } = await dataSetOf(runDeps);
        const kinds = [...new Set(data.questions.map(({ kind }) => kind))];
        const examples = Object.fromEntries(
          kinds.map((kind) => [
            kind,
            data.questions
              .filter((question) => question.kind === kind)
              .slice(0, dryExamples)
              .map(({ question, words, document, side }) => ({ question, words, document, side })),
          ]),
        );
        return { dataset: summary, examples };
      } finally {
        removeRun(runDeps.folder);
      }
    },

    feedback,
    probes,

    async watch() {
      let wentBack = false;
      for (const scope of await teachingScopes(pool)) wentBack = (await watchScope(scope)) || wentBack;
      return wentBack;
    },

    perform,

    answering: () => yielding?.begin() ?? (() => undefined),
  };
}
