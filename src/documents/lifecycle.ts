/** Listing, showing and deleting documents. Deleting leaves nothing of them behind; who may is checked by the caller. */
import type { Pool } from 'pg';
import { DocentError } from '../errors.ts';
import { type Audience, audienceParameters, visibleChannels } from '../retrieval/visibility.ts';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import { isUuid } from '../store/uuid.ts';
import { lockDigests, type Originals } from './originals.ts';
import { lockPlacement } from './receive.ts';

export const removeBytesQueue = 'remove-original';

export interface DocumentSummary {
  readonly id: string;
  readonly title: string;
  readonly path: string;
  readonly channel: string;
  readonly visibility: string;
  readonly status: 'ready' | 'processing' | 'failed';
  readonly error?: string;
  readonly format: string | null;
  readonly language: string | null;
  readonly sections: number;
  readonly passages: number;
  readonly bytes: number;
  readonly pages: number | null;
  readonly warnings: readonly string[];
  readonly uploaderId: string | null;
  readonly url: string | null;
  readonly updatedAt: string;
}

export interface DocumentDetail extends DocumentSummary {
  readonly text: string | null;
  readonly outline: readonly {
    readonly path: readonly string[];
    readonly start: number;
    readonly end: number;
    readonly page: number | null;
  }[];
}

export interface Lifecycle {
  /** What this audience may see; null = everything, for the operator's own command line. */
  list(audience: Audience | null): Promise<readonly DocumentSummary[]>;
  /** @throws DocentError DOCUMENT_UNKNOWN, also where it may not be seen. */
  show(id: string, audience: Audience | null): Promise<DocumentDetail>;
  /** Removes passages, index, vectors, original and quotes in stored answers. @throws DocentError DOCUMENT_UNKNOWN. */
  remove(id: string, actorId: string): Promise<void>;
  /** Bytes that no document uses go from the disk; safe to repeat. What the job runs. */
  removeBytes(digest: string): Promise<void>;
  /** The documents of a file or message that is gone on its platform. */
  removeBySource(sourceKey: string, actorId: string): Promise<number>;
}

const summarySql = `
  select d.id, d.title, d.path, c.name as channel, c.visibility, d.uploader_id, d.url, d.updated_at,
         v.state, v.error_line, v.format, v.language, v.section_count, v.passage_count, v.pages, v.warnings, o.bytes,
         d.live_version_id is not null as live
  from documents d
  join channels c on c.id = d.channel_id
  join lateral (select * from document_versions where document_id = d.id order by created_at desc limit 1) v on true
  join originals o on o.digest = v.digest`;

interface SummaryRow {
  readonly id: string;
  readonly title: string;
  readonly path: string;
  readonly channel: string;
  readonly visibility: string;
  readonly uploader_id: string | null;
  readonly url: string | null;
  readonly updated_at: Date;
  readonly state: string;
  readonly error_line: string | null;
  readonly format: string | null;
  readonly language: string | null;
  readonly section_count: number;
  readonly passage_count: number;
  readonly pages: number | null;
  readonly warnings: string[];
  readonly bytes: number;
  readonly live: boolean;
}

const toSummary = (row: SummaryRow): DocumentSummary => ({
  id: row.id,
  title: row.title,
  path: row.path,
  channel: row.channel,
  visibility: row.visibility,
  status: row.state === 'failed' ? 'failed' : row.state === 'received' ? 'processing' : 'ready',
  ...(row.error_line ? { error: row.error_line } : {}),
  format: row.format,
  language: row.language,
  sections: row.section_count,
  passages: row.passage_count,
  bytes: row.bytes,
  pages: row.pages,
  warnings: row.warnings,
  uploaderId: row.uploader_id,
  url: row.url,
  updatedAt: row.updated_at.toISOString(),
});

/** What stands in an answer once its document is gone. */
const removedText = 'This answer came from a document that was deleted.';

export function createLifecycle(deps: {
  readonly prisma: PrismaClient;
  readonly pool: Pool;
  readonly originals: Originals;
  /** Durable with the transaction: a later process calls `removeBytes` if this one is killed before it has. */
  readonly removeLater: (digest: string, transaction: Prisma.TransactionClient) => Promise<void>;
  /** What keeps texts of documents in memory drops them. */
  readonly onRemoved?: (documentId: string) => Promise<void>;
}): Lifecycle {
  const { prisma, pool, originals } = deps;

  const query = async (audience: Audience | null, id: string | null): Promise<readonly SummaryRow[]> => {
    if (id !== null && !isUuid(id)) return [];
    const order = 'order by d.path, d.id';
    if (audience === null)
      return (await pool.query<SummaryRow>(`${summarySql} where $1::uuid is null or d.id = $1::uuid ${order}`, [id]))
        .rows;
    const sql = `with ${visibleChannels} ${summarySql} join visible_channels vc on vc.id = d.channel_id
      where $4::uuid is null or d.id = $4::uuid ${order}`;
    return (await pool.query<SummaryRow>(sql, [...audienceParameters(audience), id])).rows;
  };

  /** Looks again before it removes: the same bytes may have been uploaded since their last row went. */
  const removeBytes = (digest: string): Promise<void> =>
    prisma.$transaction(async (tx) => {
      await lockDigests(tx, [digest]);
      if ((await tx.original.count({ where: { digest } })) === 0) await originals.remove(digest);
    });

  const remove = async (id: string, actorId: string): Promise<void> => {
    const orphans = await prisma.$transaction(async (tx) => {
      const place = isUuid(id) ? await tx.document.findUnique({ where: { id } }) : null;
      if (!place) throw new DocentError('DOCUMENT_UNKNOWN', { id });
      // An upload to this path waits; one that came first is deleted with the rest.
      await lockPlacement(tx, place.channelId, place.path);
      const document = await tx.document.findUnique({ where: { id }, include: { versions: true } });
      if (!document) throw new DocentError('DOCUMENT_UNKNOWN', { id });
      const digests = [...new Set(document.versions.map((version) => version.digest))];
      await lockDigests(tx, digests);
      const answers = await tx.answerSource.findMany({ where: { documentId: id }, select: { answerId: true } });
      const answerIds = [...new Set(answers.map((source) => source.answerId))];
      await tx.answerSource.updateMany({ where: { documentId: id }, data: { quote: '', section: null, document: '' } });
      await tx.answer.updateMany({
        where: { id: { in: answerIds } },
        data: { answer: null, text: removedText, seen: [] },
      });
      // Other answers may have read its passages without quoting them.
      await tx.$executeRaw`
        update answers set seen = coalesce((select jsonb_agg(s) from jsonb_array_elements(seen) s where s->>'documentId' <> ${id}), '[]')
        where seen @> ${JSON.stringify([{ documentId: id }])}::jsonb`;
      await tx.document.delete({ where: { id } });
      const unused: string[] = [];
      for (const digest of digests) {
        if ((await tx.documentVersion.count({ where: { digest } })) > 0) continue;
        await tx.original.delete({ where: { digest } });
        await deps.removeLater(digest, tx);
        unused.push(digest);
      }
      await tx.auditEntry.create({ data: { actorId, action: 'document.delete', subject: id } });
      return unused;
    });
    for (const digest of orphans) await removeBytes(digest);
    await deps.onRemoved?.(id);
  };

  return {
    list: async (audience) => (await query(audience, null)).map(toSummary),
    async show(id, audience) {
      const [row] = await query(audience, id);
      if (!row) throw new DocentError('DOCUMENT_UNKNOWN', { id });
      const live = await prisma.document.findUnique({
        where: { id },
        include: { liveVersion: { include: { sections: { orderBy: { ordinal: 'asc' } } } } },
      });
      return {
        ...toSummary(row),
        text: live?.liveVersion?.text ?? null,
        outline: (live?.liveVersion?.sections ?? []).map(({ path, start, end, page }) => ({ path, start, end, page })),
      };
    },
    remove,
    removeBytes,
    async removeBySource(sourceKey, actorId) {
      const documents = await prisma.document.findMany({ where: { sourceKey }, select: { id: true } });
      for (const { id } of documents) await remove(id, actorId);
      return documents.length;
    },
  };
}
