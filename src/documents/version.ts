/** A read version goes live: its sections, passages and index are written, and swapped in, in one transaction. */
import { indexPassages } from '../retrieval/lexical.ts';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import { findAbbreviations, otherForms } from './abbreviations.ts';
import type { Extracted } from './extract/contract.ts';
import { type PassageDraft, passageText, type SectionDraft } from './passage.ts';

export type ReadFile = Extracted & { readonly format: string };

interface DraftPassage {
  readonly id: string;
  readonly sectionId: string;
  readonly ordinal: number;
  readonly headings: string;
  readonly text: string;
  /** Its text, and the other forms of its abbreviations. */
  readonly foundBy: string;
  readonly passage: PassageDraft;
  readonly vector: Uint8Array<ArrayBuffer> | null;
}

export interface VersionDraft {
  /** Of the passages' vectors. */
  readonly encoder: string | null;
  readonly sections: readonly { readonly id: string; readonly ordinal: number; readonly section: SectionDraft }[];
  readonly passages: readonly DraftPassage[];
}

/** Sentence vectors as they are stored. */
export interface Vectors {
  /** Embedder.version */
  readonly encoder: string;
  /** One for each text. */
  embed(texts: readonly string[]): Promise<readonly Uint8Array<ArrayBuffer>[]>;
}

/** @param whole the document's text. @param vectors null without dense retrieval. */
export async function draftVersion(
  whole: string,
  sections: readonly SectionDraft[],
  vectors: Vectors | null,
): Promise<VersionDraft> {
  const abbreviations = findAbbreviations(whole);
  const drafts = sections.map((section, ordinal) => ({ id: crypto.randomUUID(), ordinal, section }));
  const passages = drafts
    .flatMap(({ id, section }) => section.passages.map((passage) => ({ sectionId: id, section, passage })))
    .map(({ sectionId, section, passage }, ordinal) => {
      const text = passageText(passage.pieces);
      return {
        id: crypto.randomUUID(),
        sectionId,
        ordinal,
        headings: section.path.join(' '),
        text,
        foundBy: [text, ...otherForms(text, abbreviations)].join(' '),
        passage,
      };
    });
  const embedded = await vectors?.embed(passages.map(({ text }) => text));
  return {
    encoder: vectors?.encoder ?? null,
    sections: drafts,
    passages: passages.map((draft, i) => ({ ...draft, vector: embedded?.[i] ?? null })),
  };
}

/** Rows in one INSERT; PostgreSQL takes at most 65,535 parameters. */
const batchSize = 500;
/** A book of a thousand pages on a slow disk. */
const transactionTimeoutMs = 300_000;

const inBatches = <T>(rows: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, i) => rows.slice(i * batchSize, (i + 1) * batchSize));

/** What the earlier version said is gone from search at once; its row stays as history. */
async function retire(tx: Prisma.TransactionClient, versionId: string): Promise<void> {
  await tx.section.deleteMany({ where: { versionId } });
  await tx.documentVersion.update({ where: { id: versionId }, data: { state: 'superseded', text: null } });
}

/**
 * `ready` for a first version, `replaced` for a later one, `gone` when the document was deleted meanwhile. A newer
 * upload of the same path that was quicker stays live.
 */
export async function goLive(
  prisma: PrismaClient,
  version: Prisma.DocumentVersionGetPayload<{ include: { document: true } }>,
  read: { readonly extracted: ReadFile; readonly draft: VersionDraft; readonly language: string | null },
): Promise<'ready' | 'replaced' | 'gone'> {
  const { extracted, draft } = read;
  return prisma.$transaction(
    async (tx) => {
      await tx.$queryRaw`select 1 from documents where id = ${version.documentId}::uuid for update`;
      const document = await tx.document.findUnique({
        where: { id: version.documentId },
        include: { liveVersion: true },
      });
      if (!document) return 'gone';
      const earlier = document.liveVersion;
      if (earlier && earlier.createdAt > version.createdAt) {
        await tx.documentVersion.update({ where: { id: version.id }, data: { state: 'superseded' } });
        return 'replaced';
      }
      for (const rows of inBatches(draft.sections))
        await tx.section.createMany({
          data: rows.map(({ id, ordinal, section: { heading, path, start, end, page } }) => ({
            id,
            versionId: version.id,
            ordinal,
            heading,
            path: [...path],
            start,
            end,
            page,
          })),
        });
      for (const rows of inBatches(draft.passages)) {
        await tx.passage.createMany({
          data: rows.map(({ id, sectionId, ordinal, text, vector, passage: { pieces, start, end, page } }) => ({
            id,
            versionId: version.id,
            sectionId,
            ordinal,
            pieces: pieces as unknown as Prisma.InputJsonValue,
            start,
            end,
            page,
            length: text.split(/\s+/).length,
            embedding: vector,
            encoder: vector && draft.encoder,
          })),
        });
        await indexPassages(
          (sql, parameters) => tx.$executeRawUnsafe(sql, ...parameters),
          rows.map(({ id, foundBy, headings }) => ({ id, text: foundBy, headings, fileName: version.document.path })),
        );
      }
      await tx.documentVersion.update({
        where: { id: version.id },
        data: {
          state: 'ready',
          format: extracted.format,
          text: extracted.text,
          pages: extracted.pages,
          warnings: [...extracted.warnings],
          language: read.language,
          sectionCount: draft.sections.length,
          passageCount: draft.passages.length,
          readyAt: new Date(),
        },
      });
      const title = extracted.title ?? document.title;
      await tx.document.update({ where: { id: document.id }, data: { liveVersionId: version.id, title } });
      if (earlier) await retire(tx, earlier.id);
      return earlier ? 'replaced' : 'ready';
    },
    { timeout: transactionTimeoutMs, maxWait: 60_000 },
  );
}
