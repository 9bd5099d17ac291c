/**
 * The models in service: base, adapter, engine, tokenizer, embedder, each made on first use. Knows settings and the
 * registry, not what is asked of a model.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { adapterDigest } from './inference/checkpoint/adapter.ts';
import type { Embedder, Engine, Tokenizer } from './inference/contract.ts';
import { createEmbedder } from './inference/embedder.ts';
import { createEngine } from './inference/engine.ts';
import { loadTokenizer } from './inference/tokenizer.ts';
import { lazy } from './lazy.ts';
import { type Calibration, uncalibrated } from './reader/calibration.ts';
import {
  type AdapterRegistry,
  type AdapterVersion,
  createAdapterRegistry,
  type Manifest,
} from './registry/adapters.ts';
import { type Base, resolveBase, resolveOptional } from './registry/bases.ts';
import { packageRoot } from './registry/catalog.ts';
import type { Progress } from './registry/download.ts';
import type { Store } from './store/index.ts';

const embedderName = 'all-minilm-l6-v2';
/** Teaches it questions and the passages that answer them (models/embedder). */
const embedderAdapter = join(packageRoot, 'models', 'embedder');

export interface Models {
  base(): Promise<Base>;
  registry(): Promise<AdapterRegistry>;
  tokenizer(): Promise<Tokenizer>;
  engine(): Promise<Engine>;
  /** Null where search by meaning is off, or its model is not to be had. */
  embedder(): Promise<Embedder | null>;
  /** What serves now, as far as it is known in this process. */
  serving(): { readonly base: string; readonly adapter: string | null };
  /** Which answers the adapter in service was trained to give. */
  forms(): Manifest['forms'];
  /** How the adapter in service is calibrated, with the threshold of the settings where they name one. */
  calibration(kind?: 'documents' | 'givenPassage'): Calibration;
  /** Whether questions can be answered now. */
  ready(): boolean;
  /** Reads the champion again and swaps it into service. */
  reloadAdapter(): Promise<void>;
}

export function createModels(deps: {
  readonly config: Config;
  readonly log: Logger;
  readonly store: () => Promise<Store>;
  readonly atStop: (name: string, stop: () => Promise<unknown>) => void;
  /** Told while model files are fetched. */
  readonly onDownload?: Progress;
  readonly onNote?: (line: string) => void;
}): Models {
  const { config, log, store, atStop, onDownload, onNote } = deps;
  const fetchOptions = { ...(onDownload ? { onProgress: onDownload } : {}), ...(onNote ? { log: onNote } : {}) };
  let champion: AdapterVersion | null = null;
  let baseName = config.DOCENT_BASE;
  let engineReady = false;

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
    // Half of the cores: a long upload that is being embedded leaves the others to whoever asks.
    const threads = Math.max(1, (config.DOCENT_THREADS || availableParallelism()) >> 1);
    const created = createEmbedder({
      folder: found.path,
      adapter: embedderAdapter,
      threads,
      version: `${embedderName}+${adapterDigest(embedderAdapter).slice(0, 16)}`,
    });
    atStop('embedder', () => created.stop());
    await created.start();
    return created;
  });

  const calibration = (kind: 'documents' | 'givenPassage' = 'documents'): Calibration => {
    const documents = champion?.manifest.calibration ?? uncalibrated;
    const own = kind === 'documents' ? documents : (champion?.manifest.givenPassage ?? documents);
    const wanted = config.DOCENT_MIN_CONFIDENCE;
    return wanted === 'auto' ? own : { ...own, threshold: wanted };
  };

  return {
    base,
    registry,
    tokenizer,
    engine,
    embedder,
    serving: () => ({ base: baseName, adapter: champion?.id ?? null }),
    forms: () => champion?.manifest.forms ?? { yesNo: false, several: false },
    calibration,
    ready: () => engineReady,
    async reloadAdapter() {
      champion = await (await registry()).champion();
      await (await engine()).swap(champion?.folder ?? null);
    },
  };
}
