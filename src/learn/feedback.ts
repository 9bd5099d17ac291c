/**
 * Corrections: what people said the answer should have been. One teaches when an admin approved it and a document that
 * everybody may read says it word for word; what no document says belongs into a document. Knows rows, not models.
 */
import type { Pool } from 'pg';
import { type Piece, wordsAt } from '../documents/passage.ts';
import { DocentError } from '../errors.ts';
import { type Audience, audienceParameters, visiblePassages } from '../retrieval/visibility.ts';
import type { Platform, PrismaClient } from '../store/generated/client.ts';
import { isUuid } from '../store/uuid.ts';
import type { LearnedQuestion } from './dataset.ts';
import { loadTeachingSections, type TeachingSection } from './teaching.ts';

export type Review = 'open' | 'approved' | 'rejected';

export interface ReviewedFeedback {
  readonly id: string;
  readonly question: string;
  readonly answer: string | null;
  readonly correction: string;
  readonly reason: string | null;
  readonly review: Review;
  /** Where a document says it; null = nowhere that may teach. */
  readonly source: { readonly documentId: string; readonly document: string; readonly section: string | null } | null;
}

export type Correction = Omit<LearnedQuestion, 'near'>;

export interface GivenFeedback {
  readonly answerId: string;
  readonly userId: string;
  readonly vote: number;
  /** Absent = as it was. */
  readonly reason?: string | null;
  readonly correction?: string | null;
}

export interface Corrections {
  /** Keeps one vote a person and answer. Other words than before must be approved again. @returns its id */
  record(given: GivenFeedback): Promise<string>;
  /** Whether a passage that this audience may see says these words. */
  isSaid(words: string, audience: Audience): Promise<boolean>;
  /** Those given where every member may read; closed channels' stay there. Newest first. */
  list(workspace?: { readonly platform: Platform; readonly externalId: string }): Promise<readonly ReviewedFeedback[]>;
  /** @throws DocentError FEEDBACK_UNKNOWN; CORRECTION_NOT_FOUND when it cannot be approved. */
  review(id: string, review: 'approved' | 'rejected', actorId: string): Promise<void>;
  /** What the approved ones teach. */
  approved(sections: readonly TeachingSection[]): Promise<readonly Correction[]>;
}

const sql = `
  select f.id, q.text as question, a.answer, f.correction, f.reason, f.review,
         coalesce((select array_agg(s.document_id::text) from answer_sources s where s.answer_id = a.id), '{}') as sources
  from feedback f
  join answers a on a.id = f.answer_id
  join questions q on q.id = a.question_id
  join conversations t on t.id = q.conversation_id
  join channels c on c.id = t.channel_id
  join workspaces w on w.id = c.workspace_id
  where f.vote < 0 and coalesce(f.correction, '') <> ''
    and (c.visibility in ('everyone', 'open') or (w.platform = 'local' and c.visibility = 'direct'))
    and ($1::text is null or (w.platform::text = $1 and w.external_id = $2))
  order by f.created_at desc`;

/** Passages of documents that hold the words somewhere; in which passage, the pieces tell. */
const saidSql = `
  with ${visiblePassages}
  select p.pieces from visible_passages vp
  join passages p on p.id = vp.id
  join document_versions v on v.id = vp.version_id
  where v.text ~* $4`;

interface Row extends Omit<ReviewedFeedback, 'source'> {
  /** Documents that the answer cited. */
  readonly sources: readonly string[];
}

interface Place {
  readonly section: TeachingSection;
  readonly passageId: string;
  readonly start: number;
  readonly end: number;
}

const loose = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[.!]+$/, '');

/** The words in any case and spacing, as a pattern of JavaScript and of PostgreSQL; null = there are none. */
const patternOf = (words: string): string | null =>
  loose(words)
    .split(' ')
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('\\s+') || null;

/** Where the document's own words in these pieces are the ones looked for. */
function findIn(pieces: readonly Piece[], pattern: string): readonly [number, number] | null {
  const whole = new RegExp(`(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`, 'iu');
  for (const { text, start } of pieces) {
    const match = start === undefined ? null : whole.exec(text);
    if (match && start !== undefined) return [start + match.index, start + match.index + match[0].length];
  }
  return null;
}

/** The first passage that says it, of the cited documents first; in the document's own case and spaces. */
function placeOf({ correction, sources }: Row, sections: readonly TeachingSection[]): Place | null {
  const pattern = patternOf(correction);
  if (pattern === null) return null;
  const cited = (section: TeachingSection) => Number(sources.includes(section.documentId));
  for (const section of sections.toSorted((a, b) => cited(b) - cited(a)))
    for (const { id, pieces } of section.passages) {
      const found = findIn(pieces, pattern);
      if (found) return { section, passageId: id, start: found[0], end: found[1] };
    }
  return null;
}

export function createCorrections(deps: { readonly prisma: PrismaClient; readonly pool: Pool }): Corrections {
  const { prisma, pool } = deps;
  const rows = async (workspace?: Parameters<Corrections['list']>[0]): Promise<readonly Row[]> =>
    (await pool.query<Row>(sql, [workspace?.platform ?? null, workspace?.externalId ?? null])).rows;
  return {
    async record({ answerId, userId, vote, ...words }) {
      const where = { answerId_userId: { answerId, userId } };
      const earlier = await prisma.feedback.findUnique({ where });
      const changed = words.correction !== undefined && words.correction !== (earlier?.correction ?? null);
      const { id } = await prisma.feedback.upsert({
        where,
        create: { answerId, userId, vote, ...words },
        update: { vote, ...words, ...(changed ? { review: 'open' } : {}) },
      });
      return id;
    },
    async isSaid(words, audience) {
      const pattern = patternOf(words);
      if (pattern === null) return false;
      const { rows: found } = await pool.query<{ pieces: Piece[] }>(saidSql, [
        ...audienceParameters(audience),
        pattern,
      ]);
      return found.some(({ pieces }) => findIn(pieces, pattern) !== null);
    },
    async list(workspace) {
      const [all, sections] = await Promise.all([rows(workspace), loadTeachingSections(pool)]);
      return all.map((row) => {
        const { sources: _, ...rest } = row;
        const place = placeOf(row, sections);
        const source = place && {
          documentId: place.section.documentId,
          document: place.section.document,
          section: place.section.heading,
        };
        return { ...rest, source };
      });
    },
    async review(id, review, actorId) {
      const row = isUuid(id) ? (await rows()).find((each) => each.id === id) : undefined;
      if (!row) throw new DocentError('FEEDBACK_UNKNOWN', { id });
      if (review === 'approved' && !placeOf(row, await loadTeachingSections(pool)))
        throw new DocentError('CORRECTION_NOT_FOUND', { words: row.correction });
      await prisma.$transaction([
        prisma.feedback.update({ where: { id }, data: { review } }),
        prisma.auditEntry.create({ data: { actorId, action: `feedback.${review}`, subject: id } }),
      ]);
    },
    async approved(sections) {
      const all = (await rows()).filter(({ review }) => review === 'approved');
      return all.flatMap((row) => {
        const place = placeOf(row, sections);
        if (!place) return [];
        const { section, passageId, start, end } = place;
        const { pieces } = section.passages.find(({ id }) => id === passageId)!;
        return [
          {
            kind: 'correction' as const,
            question: row.question,
            form: 'span' as const,
            spans: [[start, end]] as const,
            words: wordsAt(pieces, [[start, end]]),
            side: 'train' as const,
            documentId: section.documentId,
            document: section.document,
            sectionId: section.id,
            passageId,
          },
        ];
      });
    },
  };
}
