/**
 * Files of a multipart request, streamed to disk one after the other. Knows multipart and limits; what becomes of a file
 * is the caller's. https://www.rfc-editor.org/rfc/rfc7578
 */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FastifyRequest } from 'fastify';
import { DocentError } from '../errors.ts';

/** More than anybody drops at once by intention. */
const maxFiles = 200;

export interface ReceivedFile {
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  /** Plain fields that stood before the file. */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * A path as a browser sends it, made harmless: `/` between folders, no root, no `..`, no control or direction-changing
 * characters, at most 255 characters (the end counts, it holds the extension).
 */
export function cleanPath(name: string | undefined): string {
  const segments = (name ?? '')
    .normalize('NFC')
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .split(/[\\/]+/)
    .map((segment) => segment.trim())
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
  // `C:\fakepath\x` of old browsers
  if (/^[a-z]:$/i.test(segments[0] ?? '')) segments.shift();
  return segments.join('/').slice(-255).replace(/^\/+/, '') || 'upload';
}

/**
 * Calls `take` for each file; the file is deleted once `take` settles.
 * @param folder Where the bytes go meanwhile; on the disk of the originals, so that taking one over is a rename.
 * @param refuse Told about a file that is too large; the others go on.
 * @throws DocentError BAD_REQUEST when the request holds no file.
 */
export async function receiveFiles(
  request: FastifyRequest,
  folder: string,
  maxBytes: number,
  take: (file: ReceivedFile) => Promise<void>,
  refuse: (path: string, error: DocentError) => void,
): Promise<void> {
  if (!request.isMultipart()) throw new DocentError('BAD_REQUEST', { reason: 'Send files as multipart/form-data' });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = await mkdtemp(join(folder, 'upload-'));
  const fields: Record<string, string> = {};
  let count = 0;
  try {
    const parts = request.parts({
      // One byte more than allowed, so that a file of exactly the limit is not cut.
      limits: { fileSize: maxBytes + 1, files: maxFiles, fields: 10, fieldSize: 1000 },
      preservePath: true,
    });
    for await (const part of parts) {
      if (part.type === 'field') {
        fields[part.fieldname] = String(part.value);
        continue;
      }
      const path = cleanPath(part.filename);
      const file = join(own, String(count++));
      await pipeline(part.file, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
      const { size } = await stat(file);
      if (size > maxBytes) {
        const limit = Math.floor(maxBytes / 1024 / 1024);
        refuse(path, new DocentError('FILE_TOO_LARGE', { name: path, megabytes: `more than ${limit}`, limit }));
      } else {
        await take({ path, file, bytes: size, fields: { ...fields } });
      }
      await rm(file, { force: true });
    }
    if (count === 0) throw new DocentError('BAD_REQUEST', { reason: 'The request holds no file' });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
