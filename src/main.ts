/**
 * The one place that knows all rooms: makes the services that are asked for, once each, and stops them in order. Jobs
 * are wired here and nowhere else.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createAnswerer, type StoringAnswerer } from './answers/ask.ts';
import { type Conversations, createConversations } from './answers/conversations.ts';
import { createCorrectedAnswers } from './answers/corrected.ts';
import { createExamples } from './answers/examples.ts';
import { deleteConversationsBefore } from './answers/retention.ts';
import { createTurns, defaultTurns, type Turns } from './answers/turns.ts';
import type { Config } from './config.ts';
import { createDeparted, keptAfterRemovalDays } from './documents/departed.ts';
import { createExtractor } from './documents/extract/index.ts';
import { createDocuments, type Documents } from './documents/index.ts';
import { createLifecycle, removeBytesQueue } from './documents/lifecycle.ts';
import { createOriginals } from './documents/originals.ts';
import { createProcessor } from './documents/process.ts';
import { createReceiver, processQueue } from './documents/receive.ts';
import { buildSections } from './documents/sections.ts';
import { createTexts } from './documents/texts.ts';
import { draftVersion } from './documents/version.ts';
import { DocentError, reasonOf } from './errors.ts';
import { createInService } from './in-service.ts';
import type { Engine, Tokenizer } from './inference/contract.ts';
import { createJobs, type Jobs } from './jobs/index.ts';
import { lazy } from './lazy.ts';
import {
  createLearning,
  type Learning,
  learnLaterQueue,
  learnLaterSeconds,
  learnNightQueue,
  learnQueue,
  secondsToNight,
} from './learn/index.ts';
import { teachingDocuments, teachingScopes } from './learn/teaching.ts';
import { createModels } from './models.ts';
import type { Calibration } from './reader/calibration.ts';
import type { Reader } from './reader/read.ts';
import type { AdapterRegistry } from './registry/adapters.ts';
import type { Base } from './registry/bases.ts';
import { packageRoot } from './registry/catalog.ts';
import type { Progress } from './registry/download.ts';
import { createDenseSearch, type DenseSearch, encodeVector } from './retrieval/dense.ts';
import { createRetriever, type Retriever } from './retrieval/retrieve.ts';
import { audienceParameters, visibleChannels } from './retrieval/visibility.ts';
import { openStore, type Store } from './store/index.ts';

/** Conversations that nobody has gone on with for long go. */
const expireQueue = 'conversations.expire';
/** Workspaces that removed Docent a month ago are forgotten. */
const purgeQueue = 'workspaces.purge';
const dayMs = 24 * 60 * 60 * 1000;
/** Passages that were indexed while there was no embedder get their vectors. */
const embedQueue = 'passages.embed';
/** A run that waits is offered to another process again after this long. */
const leftToOthersSeconds = 5;
const megabyte = 1024 * 1024;

/** Everything is made on first use: `docent documents list` starts no model. */
export interface Docent {
  readonly config: Config;
  readonly log: Logger;
  store(): Promise<Store>;
  base(): Promise<Base>;
  registry(): Promise<AdapterRegistry>;
  engine(): Promise<Engine>;
  tokenizer(): Promise<Tokenizer>;
  reader(): Promise<Reader>;
  retriever(): Promise<Retriever>;
  conversations(): Promise<Conversations>;
  answerer(): Promise<StoringAnswerer>;
  readonly turns: Turns;
  documents(): Promise<Documents>;
  learning(): Promise<Learning>;
  /**
   * What a document that was deleted, or whose channel was closed, has taught stops serving now, and is learned anew
   * without it.
   */
  forgetLearned(): Promise<void>;
  /** The same for corrections that began to teach at this time: they are forgotten. */
  forgetCorrections(since: Date): Promise<void>;
  /**
   * Begins to run jobs; without it uploads wait for another process.
   * @param options.learn also runs that take minutes, which a short command leaves to the server.
   */
  work(options?: { readonly learn?: boolean }): Promise<Jobs>;
  /** What serves now, as far as it is known in this process. */
  model(workspaceId?: string | null): { readonly base: string; readonly adapter: string | null };
  /** Whether questions can be answered now; for /readyz. Never throws, starts nothing. */
  engineState(): { readonly ok: boolean; readonly detail: string };
  /** How the adapter in service is calibrated, with the threshold of the settings where they name one. */
  calibration(kind?: 'documents' | 'givenPassage'): Calibration;
  /** Reads the champion again and swaps it into service. */
  reloadAdapter(): Promise<void>;
  /** Ends everything that was started, last one first. Idempotent. */
  stop(): Promise<void>;
}

export interface DocentOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Told while model files are fetched. */
  readonly onDownload?: Progress;
  /** A line for the operator, on the way to being ready. */
  readonly onNote?: (line: string) => void;
}

function prepareHome(home: string): void {
  try {
    // Others may pass through but not look: as root, PostgreSQL runs under an account of its own below it.
    mkdirSync(home, { recursive: true, mode: 0o711 });
  } catch (error) {
    throw new DocentError('HOME_UNWRITABLE', { path: home, reason: reasonOf(error) }, { cause: error });
  }
}

export function createDocent({ config, log, onDownload, onNote }: DocentOptions): Docent {
  prepareHome(config.home);
  const stops: { readonly name: string; readonly stop: () => Promise<unknown> }[] = [];
  const atStop = (name: string, stop: () => Promise<unknown>) => stops.push({ name, stop });

  const store = lazy(async () => {
    const opened = await openStore({ config, log });
    atStop('store', () => opened.close());
    return opened;
  });

  const models = createModels({
    config,
    log,
    store,
    atStop,
    ...(onDownload ? { onDownload } : {}),
    ...(onNote ? { onNote } : {}),
  });
  const { base, registry, tokenizer, engine, embedder } = models;
  let openDense: DenseSearch | null = null;
  let learnsHere = false;
  const dense = lazy(async (): Promise<DenseSearch | null> => {
    const [{ pool }, model] = await Promise.all([store(), embedder()]);
    openDense = model && createDenseSearch({ pool, embedder: model });
    return openDense;
  });

  const originals = createOriginals({ home: config.home, maxBytes: config.DOCENT_MAX_UPLOAD_MB * megabyte });
  const texts = lazy(async () => createTexts({ prisma: (await store()).prisma }));

  /** What is trained here is served here: an engine elsewhere has its own adapters. */
  const learnsAlone = config.DOCENT_LEARN === 'auto' && config.DOCENT_REMOTE_ENGINE === '';

  const jobs = lazy(async () => {
    const created = createJobs({ store: await store(), log });
    created.define<{ versionId: string }>(processQueue, async ({ versionId }) => {
      const outcome = await (await documents()).process(versionId);
      if (!outcome || outcome.status === 'failed') return;
      // A second workspace's first document ends what one alone could teach the install.
      await forgetLearned();
      if (learnsAlone) await created.send(learnLaterQueue, {}, { key: 'later', afterSeconds: learnLaterSeconds });
    });
    created.define<{ digest: string }>(removeBytesQueue, async ({ digest }) => {
      await (await documents()).removeBytes(digest);
    });
    created.define(embedQueue, async (_, { signal }) => {
      await (await dense())?.fill(signal);
    });
    created.define(learnLaterQueue, async () => {
      if (learnsHere) {
        const learner = await learning();
        for (const scope of await learner.scopes()) await learner.request({ by: 'upload', scope });
      } else await created.send(learnLaterQueue, {}, { key: 'later', afterSeconds: learnLaterSeconds });
    });
    created.define(learnNightQueue, async () => {
      if (!learnsAlone) return;
      if (learnsHere) {
        const learner = await learning();
        for (const scope of await learner.changed()) await learner.request({ by: 'night', scope });
      }
      await created.send(learnNightQueue, {}, { key: 'night', afterSeconds: secondsToNight() });
    });
    created.define(expireQueue, async (_, { signal }) => {
      if (config.DOCENT_KEEP_DAYS === 0) return;
      const before = new Date(Date.now() - config.DOCENT_KEEP_DAYS * dayMs);
      const conversations = await deleteConversationsBefore((await store()).pool, before, signal);
      if (conversations > 0) log.info({ conversations }, 'old conversations deleted');
      await created.send(expireQueue, {}, { key: 'night', afterSeconds: secondsToNight() });
    });
    created.define(purgeQueue, async (_, { signal }) => {
      const before = new Date(Date.now() - keptAfterRemovalDays * dayMs);
      const departed = createDeparted({ prisma: (await store()).prisma, documents });
      const workspaces = await departed.purge(before, signal);
      if (workspaces > 0) log.info({ workspaces }, 'data of workspaces that were left deleted');
      await created.send(purgeQueue, {}, { key: 'night', afterSeconds: secondsToNight() });
    });
    created.define<{ runId: string }>(
      learnQueue,
      async ({ runId }, { signal }) => {
        if (learnsHere) await (await learning()).perform(runId, signal);
        else await created.send(learnQueue, { runId }, { afterSeconds: leftToOthersSeconds });
      },
      { retryLimit: 20 },
    );
    atStop('jobs', () => created.stop());
    return created;
  });

  const documents: () => Promise<Documents> = lazy(async () => {
    const { prisma, pool } = await store();
    const extractor = createExtractor({
      timeoutSeconds: config.DOCENT_EXTRACT_SECONDS,
      maxBytes: config.DOCENT_MAX_UPLOAD_MB * megabyte,
    });
    atStop('extractor', () => extractor.stop());
    const queue = await jobs();
    await queue.start({ work: false });
    return createDocuments({
      prisma,
      receiver: createReceiver({
        prisma,
        originals,
        enqueue: async (versionId, transaction) => {
          await queue.send(processQueue, { versionId }, { transaction });
        },
      }),
      processor: createProcessor({
        prisma,
        originals,
        log,
        extract: (input) => extractor.extract(input),
        prepare: async (extracted) => {
          const [tokens, vectors] = await Promise.all([tokenizer(), embedder()]);
          const sections = buildSections(extracted, { countTokens: (text) => tokens.encode(text).length });
          return draftVersion(
            extracted.text,
            sections,
            vectors && {
              encoder: vectors.version,
              embed: async (all) => (await vectors.embed(all)).map(encodeVector),
            },
          );
        },
      }),
      lifecycle: createLifecycle({
        prisma,
        pool,
        originals,
        removeLater: async (digest, transaction) => {
          await queue.send(removeBytesQueue, { digest }, { transaction });
        },
        onRemoved: async () => {
          await forgetLearned();
          if (models.ready()) await (await engine()).forget();
          // What was never opened holds nothing: a deletion starts, or fetches, no model.
          openDense?.forget();
        },
      }),
    });
  });

  const forgetLearned = async (): Promise<void> => {
    if (!existsSync(join(config.home, 'adapters'))) return;
    const { pool } = await store();
    const adapters = await registry();
    const tainted = await adapters.taintUnless((scope) => teachingDocuments(pool, scope));
    const dropped = await adapters.keepScopes(await teachingScopes(pool));
    if (tainted || dropped) await serveAndLearnWithout();
  };

  const forgetCorrections = async (since: Date): Promise<void> => {
    // Runs under way have read them already.
    const learner = await learning();
    for (const { id } of await learner.underWay()) await learner.cancel(id);
    if (await (await registry()).taintLearnedSince(since)) await serveAndLearnWithout();
  };

  const serveAndLearnWithout = async (): Promise<void> => {
    if (models.ready()) await models.reloadAdapter();
    if (learnsAlone) await (await jobs()).send(learnLaterQueue, {}, { key: 'later', afterSeconds: learnLaterSeconds });
  };

  const learning: () => Promise<Learning> = lazy(async () => {
    const [opened, queue] = await Promise.all([store(), jobs()]);
    await documents();
    return createLearning({
      home: config.home,
      log,
      store: opened,
      jobs: queue,
      base,
      registry,
      engine,
      tokenizer,
      reader: readerOf,
      retriever,
      calibration: models.calibration,
      reloadAdapter: models.reloadAdapter,
      writerFolder: join(packageRoot, 'models', 'writer'),
      passages: config.DOCENT_PASSAGES,
      minutes: config.DOCENT_LEARN_MINUTES,
      threads: config.DOCENT_THREADS || availableParallelism(),
    });
  });
  const { readerOf, inService, workspaceOf } = createInService({ models, store });
  const reader = lazy(() => readerOf(null));

  const retriever = lazy(async () => createRetriever({ pool: (await store()).pool, dense: await dense(), log }));
  const conversations = lazy(async () => createConversations({ prisma: (await store()).prisma }));

  const turns = createTurns(defaultTurns);
  const answerer = lazy(async () => {
    const [{ pool }, search, talks, textStore] = await Promise.all([store(), retriever(), conversations(), texts()]);
    const learner = await learning();
    const answers = createAnswerer({
      conversations: talks,
      retriever: search,
      inService,
      workspaceOf,
      turns,
      examples: createExamples({ pool }),
      corrected: createCorrectedAnswers({ pool }),
      textOf: textStore.textOf,
      hasDocuments: async (audience) => {
        const sql = `with ${visibleChannels} select 1 from documents d join visible_channels vc on vc.id = d.channel_id limit 1`;
        return (await pool.query(sql, [...audienceParameters(audience)])).rowCount === 1;
      },
      passages: config.DOCENT_PASSAGES,
      log,
    });
    return {
      ...answers,
      async ask(question, options) {
        const answered = learner.answering();
        try {
          return await answers.ask(question, options);
        } finally {
          answered();
        }
      },
    } satisfies StoringAnswerer;
  });

  let stopping: Promise<void> | null = null;
  return {
    config,
    log,
    store,
    base,
    registry,
    engine,
    tokenizer,
    reader,
    retriever,
    conversations,
    answerer,
    turns,
    documents,
    learning,
    forgetLearned,
    forgetCorrections,
    model: models.serving,
    calibration: models.calibration,
    reloadAdapter: models.reloadAdapter,
    engineState: () => {
      const ok = models.ready();
      return { ok, detail: ok ? models.serving().base : 'the model is being loaded' };
    },
    async work({ learn = false } = {}) {
      learnsHere ||= learn;
      const queue = await jobs();
      await documents();
      await queue.start();
      // A process that was killed between a deletion and what follows from it leaves that to the next one.
      await forgetLearned();
      if (learn && learnsAlone) await queue.send(learnNightQueue, {}, { key: 'night', afterSeconds: secondsToNight() });
      // Once now: a laptop may never be awake at night.
      if (config.DOCENT_KEEP_DAYS > 0) await queue.send(expireQueue, {}, { key: 'start' });
      await queue.send(purgeQueue, {}, { key: 'start' });
      if (config.DOCENT_DENSE !== 'off') await queue.send(embedQueue, {}, { key: 'missing' });
      return queue;
    },
    stop: () =>
      (stopping ??= (async () => {
        for (const { name, stop } of stops.reverse())
          await stop().catch((error: unknown) =>
            log.warn({ err: error, service: name }, 'could not be stopped cleanly'),
          );
      })()),
  };
}

/** Free bytes where `path` lies. */
export const freeBytes = async (path: string): Promise<number> => {
  const info = await statfs(path);
  return info.bavail * info.bsize;
};
