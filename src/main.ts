/**
 * The one place that knows all rooms: makes the services that are asked for, once each, and stops them in order. Jobs
 * are wired here and nowhere else.
 */
import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createAnswerer, type StoringAnswerer } from './answers/ask.ts';
import { type Conversations, createConversations } from './answers/conversations.ts';
import { createExamples } from './answers/examples.ts';
import type { Config } from './config.ts';
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
import type { Embedder, Engine, Tokenizer } from './inference/contract.ts';
import { createEmbedder } from './inference/embedder.ts';
import { createEngine } from './inference/engine.ts';
import { loadTokenizer } from './inference/tokenizer.ts';
import { createJobs, type Jobs } from './jobs/index.ts';
import { type Calibration, uncalibrated } from './reader/calibration.ts';
import { createPromptRenderer } from './reader/prompt.ts';
import { createReader, type Reader } from './reader/read.ts';
import { type AdapterRegistry, type AdapterVersion, createAdapterRegistry } from './registry/adapters.ts';
import { type Base, resolveBase, resolveOptional } from './registry/bases.ts';
import type { Progress } from './registry/download.ts';
import { createDenseSearch, type DenseSearch, encodeVector } from './retrieval/dense.ts';
import { createRetriever, type Retriever } from './retrieval/retrieve.ts';
import { audienceParameters, visibleChannels } from './retrieval/visibility.ts';
import { openStore, type Store } from './store/index.ts';

/** Passages that were indexed while there was no embedder get their vectors. */
const embedQueue = 'passages.embed';
const embedderName = 'all-minilm-l6-v2';
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
  documents(): Promise<Documents>;
  /** Begins to run jobs; without it uploads wait for another process. */
  work(): Promise<Jobs>;
  /** What serves now, as far as it is known in this process. */
  model(): { readonly base: string; readonly adapter: string | null };
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
  /** Made once, on first use; a failed attempt may be repeated. */
  const lazy = <T>(make: () => Promise<T>): (() => Promise<T>) => {
    let made: Promise<T> | null = null;
    return () =>
      (made ??= make().catch((error: unknown) => {
        made = null;
        throw error;
      }));
  };
  const atStop = (name: string, stop: () => Promise<unknown>) => stops.push({ name, stop });
  let champion: AdapterVersion | null = null;
  let baseName = config.DOCENT_BASE;
  let engineReady = false;

  const store = lazy(async () => {
    const opened = await openStore({ config, log });
    atStop('store', () => opened.close());
    return opened;
  });

  const fetchOptions = { ...(onDownload ? { onProgress: onDownload } : {}), ...(onNote ? { log: onNote } : {}) };
  const base = lazy(async () => {
    const found = await resolveBase(config.DOCENT_BASE, config, fetchOptions);
    baseName = found.name;
    return found;
  });

  const registry = lazy(async () => {
    const [{ prisma }, { sha256 }] = await Promise.all([store(), base()]);
    const created = createAdapterRegistry({ prisma, home: config.home, baseSha256: sha256 });
    await created.registerShipped();
    champion = await created.champion();
    return created;
  });

  const tokenizer = lazy(async () => loadTokenizer((await base()).path));

  const engine = lazy(async () => {
    const [found] = await Promise.all([base(), registry()]);
    const created = createEngine({
      base: found,
      adapterFolder: champion?.folder ?? null,
      cacheFolder: join(config.home, 'cache'),
      config: {
        threads: config.DOCENT_THREADS,
        device: config.DOCENT_DEVICE,
        runtime: config.DOCENT_RUNTIME,
        weights: config.DOCENT_WEIGHTS,
        kvPoolMb: config.DOCENT_KV_POOL_MB,
      },
      log: (line: string) => log.info(line),
    });
    atStop('engine', () => created.stop());
    await created.start();
    engineReady = true;
    return created;
  });

  const embedder = lazy(async (): Promise<Embedder | null> => {
    if (config.DOCENT_DENSE === 'off') return null;
    const resolve = config.DOCENT_DENSE === 'on' ? resolveBase : resolveOptional;
    const found = await resolve(embedderName, config, fetchOptions);
    if (!found) {
      onNote?.(`Searching by words only: ${embedderName} is not to be had. DOCENT_DENSE=off stops asking for it.`);
      return null;
    }
    const created = createEmbedder({ folder: found.path, threads: config.DOCENT_THREADS });
    atStop('embedder', () => created.stop());
    await created.start();
    return created;
  });
  const dense = lazy(async (): Promise<DenseSearch | null> => {
    const [{ pool }, model] = await Promise.all([store(), embedder()]);
    return model && createDenseSearch({ pool, embedder: model });
  });

  const originals = createOriginals({ home: config.home, maxBytes: config.DOCENT_MAX_UPLOAD_MB * megabyte });
  const texts = lazy(async () => createTexts({ prisma: (await store()).prisma }));

  const jobs = lazy(async () => {
    const created = createJobs({ store: await store(), log });
    created.define<{ versionId: string }>(processQueue, async ({ versionId }) => {
      await (await documents()).process(versionId);
    });
    created.define<{ digest: string }>(removeBytesQueue, async ({ digest }) => {
      await (await documents()).removeBytes(digest);
    });
    created.define(embedQueue, async (_, { signal }) => {
      await (await dense())?.fill(signal);
    });
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
          const embed = vectors && (async (all: readonly string[]) => (await vectors.embed(all)).map(encodeVector));
          return draftVersion(extracted.text, sections, embed);
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
          if (engineReady) await (await engine()).forget();
          (await dense())?.forget();
        },
      }),
    });
  });

  const reader = lazy(async () => {
    const [model, tokens] = await Promise.all([engine(), tokenizer()]);
    return createReader({
      engine: model,
      prompt: createPromptRenderer(tokens),
      forms: () => champion?.manifest.forms ?? { yesNo: false, several: false },
    });
  });

  const retriever = lazy(async () => createRetriever({ pool: (await store()).pool, dense: await dense(), log }));
  const conversations = lazy(async () => createConversations({ prisma: (await store()).prisma }));

  const answerer = lazy(async () => {
    const [{ pool }, read, search, talks, textStore] = await Promise.all([
      store(),
      reader(),
      retriever(),
      conversations(),
      texts(),
    ]);
    return createAnswerer({
      conversations: talks,
      retriever: search,
      reader: read,
      examples: createExamples({ pool }),
      textOf: textStore.textOf,
      hasDocuments: async (audience) => {
        const sql = `with ${visibleChannels} select 1 from documents d join visible_channels vc on vc.id = d.channel_id limit 1`;
        return (await pool.query(sql, [...audienceParameters(audience)])).rowCount === 1;
      },
      model,
      passages: config.DOCENT_PASSAGES,
      calibration,
      log,
    });
  });

  const calibration = (kind: 'documents' | 'givenPassage' = 'documents'): Calibration => {
    const documents = champion?.manifest.calibration ?? uncalibrated;
    const own = kind === 'documents' ? documents : (champion?.manifest.givenPassage ?? documents);
    const wanted = config.DOCENT_MIN_CONFIDENCE;
    return wanted === 'auto' ? own : { ...own, threshold: wanted };
  };
  const model = () => ({ base: baseName, adapter: champion?.id ?? null });

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
    documents,
    model,
    calibration,
    engineState: () => ({ ok: engineReady, detail: engineReady ? baseName : 'the model is being loaded' }),
    async work() {
      const queue = await jobs();
      await documents();
      await queue.start();
      if (config.DOCENT_DENSE !== 'off') await queue.send(embedQueue, {}, { key: 'missing' });
      return queue;
    },
    async reloadAdapter() {
      champion = await (await registry()).champion();
      await (await engine()).swap(champion?.folder ?? null);
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
