/**
 * Taking in an upload: bytes to disk, rows and job in one transaction. What `receive` has returned survives anything.
 * Knows placements and versions; reading the file is `process.ts`.
 */
import { basename } from 'node:path';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import { lockDigests, type Originals } from './originals.ts';

export interface Upload {
  readonly channelId: string;
  /** The path within the channel: the same path replaces. */
  readonly path: string;
  readonly content: Uint8Array | { readonly filePath: string };
  readonly uploaderId: string | null;
  /** The platform's id of the file; the same key is taken in once. */
  readonly sourceKey?: string | null;
  readonly url?: string | null;
  /** Where the result line goes, also after a restart. */
  readonly replyTarget?: Prisma.InputJsonValue;
}

export interface Receipt {
  readonly documentId: string;
  readonly versionId: string;
  /** `duplicate`: these bytes are in this channel already, under `path`. */
  readonly status: 'received' | 'duplicate';
  readonly path: string;
  readonly replaces: boolean;
  readonly bytes: number;
}

export const processQueue = 'process-document';

export interface Receiver {
  /** @throws DocentError FILE_TOO_LARGE, DISK_FULL. */
  receive(upload: Upload): Promise<Receipt>;
}

/** Holds the bytes (by digest) or the path within a channel until the transaction ends. */
export const lockPlacement = (tx: Prisma.TransactionClient, channelId: string, what: string) =>
  tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`${channelId}/${what}`}, 0))`;

export function createReceiver(deps: {
  readonly prisma: PrismaClient;
  readonly originals: Originals;
  readonly enqueue: (versionId: string, transaction: Prisma.TransactionClient) => Promise<void>;
}): Receiver {
  const { prisma, originals, enqueue } = deps;
  return {
    async receive(upload) {
      const written = await originals.write(basename(upload.path), upload.content);
      const { digest, bytes } = written;
      return prisma
        .$transaction(async (tx) => {
          // Two uploads at once of the same bytes, or of one path: the second waits, then sees the first.
          await lockPlacement(tx, upload.channelId, digest);
          await lockPlacement(tx, upload.channelId, upload.path);
          await lockDigests(tx, [digest]);
          await tx.$executeRaw`insert into originals (digest, bytes) values (${digest}, ${bytes}) on conflict do nothing`;
          await written.keep();
          const same = await tx.documentVersion.findFirst({
            where: { digest, state: { in: ['received', 'ready'] }, document: { channelId: upload.channelId } },
            include: { document: true },
            orderBy: { createdAt: 'desc' },
          });
          if (same) {
            return {
              documentId: same.documentId,
              versionId: same.id,
              status: 'duplicate' as const,
              path: same.document.path,
              replaces: false,
              bytes,
            };
          }
          const where = { channelId_path: { channelId: upload.channelId, path: upload.path } };
          const facts = { uploaderId: upload.uploaderId, sourceKey: upload.sourceKey ?? null, url: upload.url ?? null };
          const document = await tx.document.upsert({
            where,
            create: { channelId: upload.channelId, path: upload.path, title: basename(upload.path), ...facts },
            update: facts,
          });
          const version = await tx.documentVersion.create({
            data: {
              documentId: document.id,
              digest,
              fileName: basename(upload.path),
              ...(upload.replyTarget === undefined ? {} : { replyTarget: upload.replyTarget }),
            },
          });
          await enqueue(version.id, tx);
          return {
            documentId: document.id,
            versionId: version.id,
            status: 'received' as const,
            path: upload.path,
            replaces: document.liveVersionId !== null,
            bytes,
          };
        })
        .finally(() => written.discard());
    },
  };
}
