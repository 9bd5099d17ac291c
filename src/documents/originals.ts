/** The bytes of uploads, stored once by their sha256 under DOCENT_HOME/originals. Knows files, not documents. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DocentError } from '../errors.ts';
import type { Prisma } from '../store/generated/client.ts';

/** Bytes that are on the disk, but not yet under their digest. */
export interface WrittenOriginal {
  /** sha256, hex. */
  readonly digest: string;
  readonly bytes: number;
  /** Puts them in their place, also over the same bytes. Call it under `lockDigests`, with their row. */
  keep(): Promise<void>;
  /** Removes what was not kept. */
  discard(): Promise<void>;
}

export interface Originals {
  /** On the disk when it resolves. @throws DocentError FILE_TOO_LARGE, DISK_FULL. */
  write(name: string, content: Uint8Array | { readonly filePath: string }): Promise<WrittenOriginal>;
  pathOf(digest: string): string;
  remove(digest: string): Promise<void>;
}

const megabyte = 1024 * 1024;

/**
 * Holds these bytes until the transaction ends: whoever puts them in their place with a row, or removes them because no
 * row is left, is alone with them, in whatever process.
 */
export async function lockDigests(tx: Prisma.TransactionClient, digests: readonly string[]): Promise<void> {
  // One order for all, so that two never wait for each other.
  for (const digest of [...digests].sort())
    await tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`original/${digest}`}, 0))`;
}

export function createOriginals(deps: { readonly home: string; readonly maxBytes: number }): Originals {
  const root = join(deps.home, 'originals');
  const pathOf = (digest: string) => join(root, digest.slice(0, 2), digest);
  const tooLarge = (name: string, bytes: number) =>
    new DocentError('FILE_TOO_LARGE', {
      name,
      megabytes: Math.ceil(bytes / megabyte),
      limit: Math.floor(deps.maxBytes / megabyte),
    });
  return {
    pathOf,
    async write(name, content) {
      const size = content instanceof Uint8Array ? content.length : (await stat(content.filePath)).size;
      if (size > deps.maxBytes) throw tooLarge(name, size);
      await mkdir(root, { recursive: true });
      const scratch = join(root, `.${randomUUID()}.part`);
      const hash = createHash('sha256');
      let bytes = 0;
      try {
        const source = content instanceof Uint8Array ? Readable.from([content]) : createReadStream(content.filePath);
        await pipeline(
          source,
          async function* (chunks: AsyncIterable<Uint8Array>) {
            for await (const chunk of chunks) {
              hash.update(chunk);
              bytes += chunk.length;
              if (bytes > deps.maxBytes) throw tooLarge(name, bytes);
              yield chunk;
            }
          },
          createWriteStream(scratch, { mode: 0o600 }),
        );
        const digest = hash.digest('hex');
        await mkdir(join(root, digest.slice(0, 2)), { recursive: true });
        const file = await open(scratch, 'r+');
        await file.sync().finally(() => file.close());
        return {
          digest,
          bytes,
          keep: () => rename(scratch, pathOf(digest)),
          discard: () => rm(scratch, { force: true }),
        };
      } catch (error) {
        await rm(scratch, { force: true });
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new DocentError('DISK_FULL', { path: root });
        throw error;
      }
    },
    remove: (digest) => rm(pathOf(digest), { force: true }),
  };
}
