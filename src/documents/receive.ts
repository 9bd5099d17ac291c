/**
 * Taking in an upload: bytes to disk, rows and job in one transaction. What `receive` has returned survives anything.
 * Knows placements and versions; reading the file is `process.ts`.
 */
import { basename } from 'node:path';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import type { Originals } from './originals.ts';

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

export function createReceiver(deps: {
  readonly prisma: PrismaClient;
  readonly originals: Originals;
  readonly enqueue: (versionId: string, transaction: Prisma.TransactionClient) => Promise<void>;
}): Receiver {
  const { prisma, originals, enqueue } = deps;
  return {
    async receive(upload) {
      const { digest, bytes } = await originals.put(basename(upload.path), upload.content);
      return prisma.$transaction(async (tx) => {
        // Two uploads at once of the same bytes, or of one path: the second waits, then sees the first.
        for (const shared of [digest, upload.path])
          await tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`${upload.channelId}/${shared}`}, 0))`;
        await tx.$executeRaw`insert into originals (digest, bytes) values (${digest}, ${bytes}) on conflict do nothing`;
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
      });
    },
  };
}
