/**
 * The models in service: base, adapter, engine, tokenizer, embedder, each made on first use. Knows settings and the
 * registry, not what is asked of a model.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { DocentError } from './errors.ts';
import { adapterDigest } from './inference/checkpoint/adapter.ts';
import type { Embedder, Engine, Tokenizer } from './inference/contract.ts';
import { createEmbedder } from './inference/embedder.ts';
import { createEngine } from './inference/engine.ts';
import { createRemoteEngine } from './inference/remote/engine.ts';
import { loadTokenizer } from './inference/tokenizer.ts';
import { lazy } from './lazy.ts';
import { isLoopback } from './loopback.ts';
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

/** What DOCENT_REMOTE_ENGINE_ACK must say. */
const documentsLeave = 'documents-leave-this-machine';
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
  /** Whether any workspace has an adapter of its own. */
  haveOwn(): boolean;
  /** What serves there now, as far as it is known in this process; without a workspace, in the install. */
  serving(workspaceId?: string | null): { readonly base: string; readonly adapter: string | null };
  /** Folder of a workspace's own adapter; undefined = the one that the engine has in service. */
  ownFolder(workspaceId: string | null): string | undefined;
  /** Which answers the adapter in service was trained to give. */
  forms(workspaceId?: string | null): Manifest['forms'];
  /** How the adapter in service is calibrated, with the threshold of the settings where they name one. */
  calibration(kind?: 'documents' | 'givenPassage', workspaceId?: string | null): Calibration;
  /** Whether questions can be answered now. */
  ready(): boolean;
  /** Reads the champions again and swaps that of the install into service. */
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
  /** By workspace; null = the install's. */
  let champions: ReadonlyMap<string | null, AdapterVersion> = new Map();
  const championOf = (workspaceId: string | null = null): AdapterVersion | null =>
    champions.get(workspaceId) ?? champions.get(null) ?? null;
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
    champions = await created.champions();
    return created;
  });

  const tokenizer = lazy(async () => loadTokenizer((await base()).path));

  const local = (found: Base): Engine =>
    createEngine({
      base: found,
      adapterFolder: championOf()?.folder ?? null,
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

  /** @throws DocentError SETTING_INVALID: documents may not leave this machine without a word */
  const remote = (baseHere: string): Engine => {
    const address = config.DOCENT_REMOTE_ENGINE;
    if (!isLoopback(new URL(address).hostname) && config.DOCENT_REMOTE_ENGINE_ACK !== documentsLeave)
      throw new DocentError('SETTING_INVALID', {
        name: 'DOCENT_REMOTE_ENGINE',
        reason: `${address} is another machine: questions and passages would leave this one; DOCENT_REMOTE_ENGINE_ACK=${documentsLeave} says that they may`,
      });
    return createRemoteEngine({
      url: address,
      apiKey: config.DOCENT_REMOTE_KEY,
      model: config.DOCENT_REMOTE_MODEL,
      base: baseHere,
      log: (line: string) => log.info(line),
    });
  };

  const engine = lazy(async () => {
    const [found] = await Promise.all([base(), registry()]);
    const created = config.DOCENT_REMOTE_ENGINE ? remote(found.name) : local(found);
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

  const calibration: Models['calibration'] = (kind = 'documents', workspaceId = null) => {
    const manifest = championOf(workspaceId)?.manifest;
    const documents = manifest?.calibration ?? uncalibrated;
    const own = kind === 'documents' ? documents : (manifest?.givenPassage ?? documents);
    const wanted = config.DOCENT_MIN_CONFIDENCE;
    return wanted === 'auto' ? own : { ...own, threshold: wanted };
  };

  return {
    base,
    registry,
    tokenizer,
    engine,
    embedder,
    haveOwn: () => [...champions.keys()].some((workspaceId) => workspaceId !== null),
    serving: (workspaceId) => ({ base: baseName, adapter: championOf(workspaceId)?.id ?? null }),
    ownFolder: (workspaceId) => (workspaceId === null ? undefined : champions.get(workspaceId)?.folder),
    forms: (workspaceId) => championOf(workspaceId)?.manifest.forms ?? { yesNo: false, several: false },
    calibration,
    ready: () => engineReady,
    async reloadAdapter() {
      const before = championOf()?.folder;
      champions = await (await registry()).champions();
      const { folder = null } = championOf() ?? {};
      if (folder !== before) await (await engine()).swap(folder);
    },
  };
}
