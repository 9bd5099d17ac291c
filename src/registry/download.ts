/** Single files over HTTP: with progress, resumed after an interruption, verified, and put in place by one rename. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { DocentError, reasonOf } from '../errors.ts';

/** `done` and `total` in bytes; total is null when the server doesn't say. */
export type Progress = (name: string, done: number, total: number | null) => void;

/** A machine without internet must learn so at once: other sources are waiting. */
const connectTimeoutMs = 6_000;
/** A connection that delivers nothing for this long is given up; what arrived stays for the next try. */
const stallTimeoutMs = 30_000;

export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0;

/** Moves a finished file to its place after checking it. @throws DocentError MODEL_CORRUPT (the file is removed). */
export async function settle(part: string, target: string, sha256: string | null): Promise<void> {
  if (sha256 !== null) {
    const found = await sha256File(part);
    if (found !== sha256) {
      await rm(part, { force: true });
      throw new DocentError('MODEL_CORRUPT', { file: target, reason: `its sha256 is ${found}, expected ${sha256}` });
    }
  }
  await rename(part, target);
}

/**
 * Fetches `url` to `target`. An earlier `target.part` is continued with a Range request.
 * @throws Error when the source does not deliver, DocentError MODEL_CORRUPT or DISK_FULL.
 */
export async function download(
  url: string,
  target: string,
  options: { readonly sha256: string | null; readonly name: string; readonly onProgress: Progress },
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const part = `${target}.part`;
  const have = await sizeOf(part);
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(new Error('no connection')), connectTimeoutMs);
  try {
    const response = await fetch(url, {
      headers: have > 0 ? { range: `bytes=${have}-` } : {},
      signal: controller.signal,
      redirect: 'follow',
    });
    if (response.status === 416) {
      await settle(part, target, options.sha256);
      return;
    }
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const resumed = response.status === 206;
    const length = Number(response.headers.get('content-length')) || null;
    let done = resumed ? have : 0;
    const total = length === null ? null : done + length;
    const file = await open(part, resumed ? 'a' : 'w');
    try {
      for await (const chunk of Readable.fromWeb(response.body as NodeReadableStream)) {
        clearTimeout(timer);
        timer = setTimeout(() => controller.abort(new Error('the connection stalled')), stallTimeoutMs);
        await file.write(chunk);
        done += chunk.length;
        options.onProgress(options.name, done, total);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (total !== null && done !== total) throw new Error(`only ${done} of ${total} bytes arrived`);
    await settle(part, target, options.sha256);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new DocentError('DISK_FULL', { path: target });
    throw error instanceof DocentError
      ? error
      : new Error(reasonOf(controller.signal.reason ?? error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
