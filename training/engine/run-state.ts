/**
 * What a run needs to go on exactly where it was: parameters, moments, place in the data, best result so far.
 * One file, replaced whole, so a kill at any moment leaves the old one or the new one.
 */
import { readFileSync } from 'node:fs';
import { append, writeFileWhole } from '../../src/inference/checkpoint/durable.ts';
import type { AdamState } from './adamw.ts';

/** The numbers beside the arrays. */
export interface Progress {
  /** Digest of settings and data: another run's state is not taken up. */
  readonly digest: string;
  /** Optimizer steps tried, skipped ones included. */
  steps: number;
  /** Steps of the optimizer that counted. */
  adamSteps: number;
  epoch: number;
  /** Examples of this epoch that were seen. */
  position: number;
  tokens: number;
  questions: number;
  seconds: number;
  /** Steps left out because their gradient was not finite. */
  skipped: number;
  firstLoss: number | null;
  lastLoss: number | null;
  bestDev: number | null;
  /** Scorings since the best one. */
  sinceBest: number;
  finished: boolean;
}

export interface RunState {
  readonly progress: Progress;
  readonly adam: AdamState;
  /** Parameters of the best scoring on dev; the newest ones while there is none. */
  readonly best: Float32Array;
}

const magic = 'DOCENT-RUN-1\n';
const headerBytes = 4096;

/** @throws DocentError DISK_FULL, TARGET_UNWRITABLE; the older state stays then. */
export function saveRunState(file: string, { progress, adam, best }: RunState): void {
  const header = Buffer.alloc(headerBytes, ' ');
  header.write(magic + JSON.stringify({ ...progress, size: best.length }), 'utf8');
  writeFileWhole(file, (handle) => {
    append(handle, header);
    for (const array of [adam.parameters, adam.mean, adam.square, best]) append(handle, array);
  });
}

/** @returns null when there is none, or it is not whole or of another run. */
export function loadRunState(file: string, digest: string, size: number): RunState | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return null;
  }
  if (bytes.length !== headerBytes + 16 * size || bytes.toString('utf8', 0, magic.length) !== magic) return null;
  const { size: stored, ...progress } = JSON.parse(bytes.toString('utf8', magic.length, headerBytes)) as Progress & {
    size: number;
  };
  if (progress.digest !== digest || stored !== size) return null;
  const [parameters, mean, square, best] = [0, 1, 2, 3].map((index) => {
    const from = bytes.byteOffset + headerBytes + index * 4 * size;
    return new Float32Array(bytes.buffer.slice(from, from + 4 * size));
  }) as [Float32Array, Float32Array, Float32Array, Float32Array];
  return { progress, adam: { parameters, mean, square, step: progress.adamSteps }, best };
}
