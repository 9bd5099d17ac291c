/**
 * Learning as the rest of Docent sees it: runs that are asked for, waited for, cancelled, and survive the end of their
 * process. One at a time over all processes. Knows rows, jobs and the services of a run, not its phases.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DocentError, isDocentError } from '../errors.ts';
import type { Engine, Tokenizer } from '../inference/contract.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Calibration } from '../reader/calibration.ts';
import { createPromptRenderer } from '../reader/prompt.ts';
import { createReader, type Reader } from '../reader/read.ts';
import type { AdapterRegistry } from '../registry/adapters.ts';
import type { Base } from '../registry/bases.ts';
import type { Retriever } from '../retrieval/retrieve.ts';
import type { Log, Store } from '../store/index.ts';
import type { DryRun, RunProgress, RunRequest, RunResult } from './contract.ts';
import { type Correction, type Corrections, createCorrections } from './feedback.ts';
import { createProbes, type Probes } from './probes.ts';
import { createQuestionWriter } from './question-writer.ts';
import { recentQuestions } from './recent.ts';
import { reportOf } from './report.ts';
import { dataSetOf, executeRun, type RunDeps, removeRun } from './run.ts';
import { createRunRows, type KnownRun, type RunReport, type WaitOptions } from './run-rows.ts';
import { type Side, splitSections } from './split.ts';
import { loadTeachingSections, type TeachingSection } from './teaching.ts';
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
  /** The run that began last; null before the first. */
  latest(): Promise<KnownRun | null>;
  /** The first run that was asked for at this time or later; null while there is none. */
  firstSince(time: Date): Promise<KnownRun | null>;
  /** Newest first. */
  history(limit: number): Promise<readonly KnownRun[]>;
  /** Whether there is something that the last run did not learn from: other documents, or a correction. */
  changed(): Promise<boolean>;
  /** Ends a run, in whichever process it is. Idempotent. */
  cancel(runId: string): Promise<void>;
  /** What would be learned from, written anew; nothing is kept. */
  dryRun(options: { readonly minutes?: number } & Required<WaitOptions>): Promise<DryRun>;
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

export interface LearningDeps {
  readonly home: string;
  readonly log: Log;
  readonly store: Store;
  readonly jobs: Jobs;
  readonly base: () => Promise<Base>;
  readonly registry: () => Promise<AdapterRegistry>;
  readonly engine: () => Promise<Engine>;
  readonly tokenizer: () => Promise<Tokenizer>;
  readonly reader: () => Promise<Reader>;
  readonly retriever: () => Promise<Retriever>;
  readonly calibration: (kind?: 'documents' | 'givenPassage') => Calibration;
  readonly reloadAdapter: () => Promise<void>;
  /** Folder of the adapter that writes questions. */
  readonly writerFolder: string;
  readonly passages: number;
  readonly minutes: number;
  readonly threads: number;
}

const [pollMs, saveMs] = [500, 1_000];
/** Candidates that were not promoted; older ones' weights go. */
const candidatesKept = 3;
/** Two int4: Docent's learning. */
const lockKeys = [0x0d0ce27, 0x1ea24] as const;
const dryExamples = 20;
/** Questions that a candidate is asked before it goes live. */
const replayed = 100;

/** The champion's answers count from when it went live. */
const votesSql = `
  select a.adapter, count(*)::int as answers,
         (count(*) filter (where exists (select 1 from feedback f where f.answer_id = a.id and f.vote < 0)))::int as down
  from answers a
  where a.kind not in ('help', 'greeting')
    and ((a.adapter = $1 and a.created_at >= $3) or (a.adapter = $2 and a.created_at < $3))
  group by a.adapter`;

const seedOf = (runId: string): number =>
  Number.parseInt(createHash('sha256').update(runId).digest('hex').slice(0, 7), 16);
const fingerprintOf = (sections: readonly TeachingSection[], corrections: readonly Correction[]): string =>
  createHash('sha256')
    .update(JSON.stringify(sections.map(({ id, text }) => [id, text])))
    .update(JSON.stringify(corrections.map(({ question, words, passageId }) => [question, words, passageId])))
    .digest('hex');

export function createLearning(deps: LearningDeps): Learning {
  const { store, log, home } = deps;
  const { prisma, pool } = store;
  const feedback = createCorrections({ prisma, pool });
  const probes = createProbes({ prisma });
  const rows = createRunRows({ prisma, jobs: deps.jobs });
  let yielding: Yielding | null = null;

  /** Sections with their sides: those known before, and new ones from now on. */
  const split = async (sections: readonly TeachingSection[]): Promise<ReadonlyMap<string, Side>> => {
    const rows = await prisma.sectionSide.findMany();
    const known = new Map(rows.map(({ id, side }) => [id, side as Side]));
    const sides = splitSections(sections, known);
    const documents = new Map(sections.map(({ id, documentId }) => [id, documentId]));
    for (const [id, side] of sides) {
      if (known.get(id) === side) continue;
      const documentId = documents.get(id)!;
      // The document may be deleted at this moment; then its side is nobody's business.
      await prisma.sectionSide
        .upsert({ where: { id }, create: { id, documentId, side }, update: { side } })
        .catch((error: unknown) => log.warn({ code: (error as { code?: string }).code }, 'a side was not kept'));
    }
    return sides;
  };

  const generalFile = (id: string) => join(home, 'evals', `general-${id}.json`);

  const depsOf = async (
    runId: string,
    sections: readonly TeachingSection[],
    options: { readonly minutes: number; readonly onProgress: RunDeps['onProgress']; readonly signal: AbortSignal },
  ): Promise<RunDeps> => {
    const [registry, engine, tokenizer, reader, retriever, base] = await Promise.all([
      deps.registry(),
      deps.engine(),
      deps.tokenizer(),
      deps.reader(),
      deps.retriever(),
      deps.base(),
    ]);
    const [shipped, champion] = await Promise.all([registry.shipped(), registry.champion()]);
    if (!shipped || !champion)
      throw new DocentError('TRAINING_FAILED', { reason: `no adapter ships for the base ${base.name}` });
    const prompt = createPromptRenderer(tokenizer);
    const corrections = await feedback.approved(sections);
    // What is learned from can't judge any more.
    const sides = new Map([
      ...(await split(sections)),
      ...corrections.map(({ sectionId }): [string, Side] => [sectionId, 'train']),
    ]);
    for (const { sectionId } of corrections)
      await prisma.sectionSide.updateMany({ where: { id: sectionId }, data: { side: 'train' } });
    const search: RunDeps['search'] = async (question, limit) =>
      (await retriever.search({ channelId: null }, [{ text: question, weight: 1 }], limit)).filter(({ passageId }) =>
        teaching.has(passageId),
      );
    const teaching = new Set(sections.flatMap(({ passages }) => passages.map(({ id }) => id)));
    return {
      folder: join(home, 'runs', runId),
      seed: seedOf(runId),
      minutes: options.minutes,
      threads: deps.threads,
      passages: deps.passages,
      base,
      shipped,
      champion: {
        id: champion.id,
        contestant: {
          reader,
          calibration: deps.calibration(),
          givenPassage: deps.calibration('givenPassage'),
        },
      },
      writer: createQuestionWriter({ engine, tokenizer, adapter: deps.writerFolder }),
      countTokens: (text) => tokenizer.encode(text).length,
      sections,
      sides,
      search,
      corrections: corrections.map((correction) => ({ ...correction, near: [] })),
      // What an admin approved must stay right as well.
      probes: [
        ...(await probes.list()),
        ...corrections.map(({ question, words }, i) => ({ id: `correction ${i + 1}`, question, answer: words })),
      ],
      recent: () => recentQuestions(pool, replayed),
      readerOf: async (folder) =>
        createReader({ engine, prompt, forms: () => shipped.manifest.forms, adapter: folder }),
      knownGeneral: (id) =>
        existsSync(generalFile(id)) ? (JSON.parse(readFileSync(generalFile(id), 'utf8')) as number[]) : null,
      keepGeneral: (id, scores) => {
        mkdirSync(join(home, 'evals'), { recursive: true });
        writeFileSync(generalFile(id), JSON.stringify(scores));
      },
      onTraining: (run) => {
        yielding = createYielding(run);
        return () => {
          yielding?.close();
          yielding = null;
        };
      },
      onProgress: options.onProgress,
      signal: options.signal,
    };
  };

  const nothingDone = (runId: string, reason: string): RunResult => ({
    run: runId,
    dataset: {
      documents: 0,
      examples: 0,
      unanswerable: 0,
      sides: { train: 0, dev: 0, gate: 0 },
      dropped: { notRead: 0, notFound: 0, repeated: 0, noQuestion: 0 },
    },
    train: null,
    candidate: null,
    champion: null,
    probes: null,
    replay: null,
    gate: [],
    decision: 'skipped',
    reason,
  });

  const material = async () => {
    const sections = await loadTeachingSections(pool);
    return { sections, fingerprint: fingerprintOf(sections, await feedback.approved(sections)) };
  };

  interface Performed {
    readonly fingerprint: string;
    readonly result: RunResult;
    readonly candidateId: string | null;
  }

  /** The candidate goes live, unless the world changed while it was judged. @returns why it does not; null when it does. */
  const takeLive = async (
    candidateId: string,
    judgedAgainst: string,
    documentIds: ReadonlySet<string>,
    by: string,
  ): Promise<string | null> => {
    const registry = await deps.registry();
    if ((await registry.champion())?.id !== judgedAgainst)
      return 'Another adapter went live while this one was judged.';
    // Documents that were deleted meanwhile have taught it too.
    const still = await prisma.document.count({ where: { id: { in: [...documentIds] } } });
    if (still < documentIds.size) return 'A document that taught it was deleted meanwhile.';
    await registry.promote(candidateId, by);
    await deps.reloadAdapter();
    return null;
  };

  const run = async (
    runId: string,
    { request }: RunReport,
    signal: AbortSignal,
    save: (progress: RunProgress) => void,
  ): Promise<Performed> => {
    const { sections, fingerprint } = await material();
    const skipped = (reason: string) => ({ fingerprint, result: nothingDone(runId, reason), candidateId: null });
    if (sections.length === 0) return skipped('There are no documents that everybody may read: upload some.');
    const last = await rows.lastDone();
    if (!request.now && last?.fingerprint === fingerprint) return skipped('Nothing changed since the last run.');
    const minutes = request.minutes ?? deps.minutes;
    const runDeps = await depsOf(runId, sections, { minutes, onProgress: save, signal });
    const { result, candidate } = await executeRun(runId, runDeps, last?.result?.train?.tokens_per_second || null);
    const full: RunResult = { run: runId, ...result };
    if (!candidate) return { fingerprint, result: full, candidateId: null };
    for (const [name, text] of Object.entries(reportOf(full))) writeFileSync(join(candidate, name), text);
    const { id: candidateId } = await (await deps.registry()).import(candidate, 'candidate');
    if (result.decision !== 'promoted') return { fingerprint, result: full, candidateId };
    const documentIds = new Set(sections.map(({ documentId }) => documentId));
    const reason = await takeLive(candidateId, runDeps.champion.id, documentIds, request.by);
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
        const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as mine', [...lockKeys]);
        if (rows[0].mine) break;
        await sleep(pollMs, undefined, { signal });
      }
      return await work();
    } finally {
      // With the connection goes the lock.
      client.release(true);
    }
  };

  return {
    request: rows.request,
    wait: rows.wait,
    latest: rows.latest,
    firstSince: rows.firstSince,
    history: rows.history,
    cancel: rows.cancel,

    async changed() {
      const [{ sections, fingerprint }, last] = await Promise.all([material(), rows.lastDone()]);
      return sections.length > 0 && last?.fingerprint !== fingerprint;
    },

    async dryRun({ minutes = deps.minutes, onProgress, signal }) {
      const sections = await loadTeachingSections(pool);
      const runId = `dry-${process.pid}`;
      const runDeps = await depsOf(runId, sections, { minutes, onProgress, signal });
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
      const registry = await deps.registry();
      const [champion, predecessor] = await Promise.all([registry.champion(), registry.predecessor()]);
      // Only what was learned here, by itself, is taken back by itself.
      if (!champion || champion.manifest.documents.length === 0 || !predecessor) return false;
      const { rows: counted } = await pool.query<{ adapter: string; answers: number; down: number }>(votesSql, [
        champion.id,
        predecessor.id,
        predecessor.until,
      ]);
      const votesOf = (id: string): Votes => counted.find(({ adapter }) => adapter === id) ?? { answers: 0, down: 0 };
      if (!isDisliked(votesOf(champion.id), votesOf(predecessor.id))) return false;
      await registry.rollback('docent: people disliked its answers');
      await deps.reloadAdapter();
      log.warn({ adapter: champion.id, back: predecessor.id }, 'rolled back after votes');
      return true;
    },

    async perform(runId, outer) {
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
          const { result, fingerprint, candidateId } = await run(runId, report, signal, (progress) => {
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
    },

    answering: () => yielding?.begin() ?? (() => undefined),
  };
}
