/**
 * Graphs with their weights, built once and kept on disk: the second start maps files instead of computing.
 * Knows folders and cache keys; what is in a graph is decoder.ts's business.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DocentError } from '../../errors.ts';
import { adapterDigest, readAdapter, withAdapter } from '../checkpoint/adapter.ts';
import { openCheckpoint } from '../checkpoint/checkpoint.ts';
import { buildDecoder, builderVersion, type DecoderShape, decoderShape, storeDecoder } from './decoder.ts';
import type { WeightsType } from './stored-weights.ts';
import { createWeightsFile } from './weights-file.ts';

export interface PreparedSource {
  /** A .gguf file or a checkpoint folder. */
  readonly base: string;
  /** Checksum of the base where it is known; else its size and time stand for it. */
  readonly baseSha256?: string | null;
  readonly adapterFolder: string | null;
  readonly weights: WeightsType;
  readonly cacheFolder: string;
}

export interface Prepared {
  /** The graph for each way of keeping the cache; both use the same weights. */
  readonly inPlace: string;
  readonly appended: string;
  readonly shape: DecoderShape;
}

/** Bases and adapters that stay on disk; a graph of the default base has 150 MB. */
const keptGraphs = 4;
/** Building takes seconds, minutes for the largest bases. */
const abandonedMs = 3_600_000;
const graphFiles = { inPlace: 'in-place.onnx', appended: 'appended.onnx' } as const;
const weightsFile = 'decoder.weights';
const shapeFile = 'shape.json';

function baseIdentity(path: string, sha256: string | null | undefined): string {
  if (sha256) return sha256;
  const info = statSync(path);
  const files = info.isDirectory() ? readdirSync(path).filter((name) => /\.(safetensors|json)$/.test(name)) : [''];
  return files
    .sort()
    .map((name) => {
      const { size, mtimeMs } = name === '' ? info : statSync(join(path, name));
      return `${name || path} ${size} ${mtimeMs}`;
    })
    .join('\n');
}

/** @throws DocentError ADAPTER_INVALID when the adapter's files are missing. */
function cacheKey(source: PreparedSource): string {
  const parts = [
    `builder ${builderVersion}`,
    `base ${baseIdentity(source.base, source.baseSha256)}`,
    `adapter ${source.adapterFolder === null ? 'none' : adapterDigest(source.adapterFolder)}`,
    `weights ${source.weights}`,
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 24);
}

function readPrepared(folder: string): Prepared {
  const shape = JSON.parse(readFileSync(join(folder, shapeFile), 'utf8')) as DecoderShape;
  return { inPlace: join(folder, graphFiles.inPlace), appended: join(folder, graphFiles.appended), shape };
}

/** The graph when it has been built before; null = `prepare` has work of some seconds to do. */
export function findPrepared(source: PreparedSource): Prepared | null {
  const folder = join(source.cacheFolder, cacheKey(source));
  if (!existsSync(folder)) return null;
  const now = new Date();
  utimesSync(folder, now, now);
  return readPrepared(folder);
}

/**
 * Removes the graphs that were used longest ago, and what a killed process left half-built. A graph in use stays
 * mapped even when its files go.
 */
function prune(cacheFolder: string): void {
  const age = (folder: string) => Date.now() - statSync(folder).mtimeMs;
  const folders = readdirSync(cacheFolder)
    .filter((name) => !name.startsWith('self-test'))
    .map((name) => join(cacheFolder, name));
  const complete = folders.filter((folder) => !folder.includes('.part-')).sort((a, b) => age(a) - age(b));
  const abandoned = folders.filter((folder) => folder.includes('.part-') && age(folder) > abandonedMs);
  for (const folder of [...complete.slice(keptGraphs), ...abandoned]) rmSync(folder, { recursive: true, force: true });
}

/**
 * Builds the graph unless it is there already. Takes some seconds and a few hundred MB for the default base, so it
 * belongs into a process of its own. A folder appears under its final name only when it is complete.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT, ADAPTER_INVALID.
 */
export function prepare(source: PreparedSource): Prepared {
  const found = findPrepared(source);
  if (found) return found;
  const folder = join(source.cacheFolder, cacheKey(source));
  const partial = `${folder}.part-${process.pid}`;
  const base = openCheckpoint(source.base);
  try {
    const checkpoint =
      source.adapterFolder === null ? base : withAdapter(base, readAdapter(source.adapterFolder, base.config));
    mkdirSync(partial, { recursive: true });
    const file = createWeightsFile(join(partial, weightsFile));
    const stored = storeDecoder(checkpoint, file, source.weights);
    file.close();
    for (const cache of ['inPlace', 'appended'] as const)
      writeFileSync(join(partial, graphFiles[cache]), buildDecoder(base.config, stored, { cache }));
    writeFileSync(join(partial, shapeFile), JSON.stringify(decoderShape(base.config)));
    try {
      renameSync(partial, folder);
    } catch (error) {
      // Another process was faster.
      if (!existsSync(folder)) throw error;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new DocentError('DISK_FULL', { path: source.cacheFolder }, { cause: error });
    throw error;
  } finally {
    base.close();
    rmSync(partial, { recursive: true, force: true });
  }
  prune(source.cacheFolder);
  return readPrepared(folder);
}
