/**
 * Corrections: what people said the answer should have been. One teaches when an admin approved it and a document that
 * everybody may read says it word for word; what no document says belongs into a document. Knows rows, not models.
 */
import type { Pool } from 'pg';
import { askedOpenly, joinPlace } from '../answers/asked-where.ts';
import { followsAnother, leans } from '../answers/follow-up.ts';
import { type Piece, wordsAt } from '../documents/passage.ts';
import { saidAt, saidPattern } from '../documents/said.ts';
import { DocentError } from '../errors.ts';
import { wordsOnly } from '../eval/evidence.ts';
import { groupBy } from '../group.ts';
import { lazy } from '../lazy.ts';
import { type Audience, audienceParameters, visiblePassages } from '../retrieval/visibility.ts';
import type { Platform, PrismaClient } from '../store/generated/client.ts';
import { isUuid } from '../store/uuid.ts';
import type { LearnedQuestion } from './dataset.ts';
import {
  loadTeachingSections,
  openWorkspaces,
  type Scope,
  type TeachingSection,
  teachesScope,
  teachingScopes,
} from './teaching.ts';

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

/** A workspace as its platform names it. */
interface CorrectionsPlace {
  readonly platform: Platform;
  readonly externalId: string;
}

export interface Corrections {
  /** Keeps one vote a person and answer. Other words than before must be approved again. @returns its id */
  record(given: GivenFeedback): Promise<string>;
  /** Whether a passage that this audience may see says these words. */
  isSaid(words: string, audience: Audience): Promise<boolean>;
  /** Those given where every member may read; closed channels' stay there. Newest first. */
  list(workspace?: CorrectionsPlace): Promise<readonly ReviewedFeedback[]>;
  /** One of them; null where there is none of this id. */
  find(id: string, workspace?: CorrectionsPlace): Promise<ReviewedFeedback | null>;
  /** @throws DocentError FEEDBACK_UNKNOWN; CORRECTION_NOT_FOUND when it cannot be approved. */
  review(id: string, review: 'approved' | 'rejected', actorId: string): Promise<void>;
  /**
   * Questions whose answer people liked and nobody disliked: how people here ask. Each stays on its section's side, so
   * that some of them judge.
   */
  liked(sections: readonly TeachingSection[], scope: Scope): Promise<readonly Omit<Correction, 'side'>[]>;
  /** What the approved ones teach. */
  approved(sections: readonly TeachingSection[], scope: Scope): Promise<readonly Correction[]>;
}

const sql = `
  with ${openWorkspaces}
  select f.id, case when w.platform = 'local' then null else w.id end as scope, q.text as question, a.answer, f.correction, f.reason, f.review,
         coalesce((select array_agg(s.document_id::text) from answer_sources s where s.answer_id = a.id), '{}') as sources
  from feedback f
  join answers a on a.id = f.answer_id
  ${joinPlace}
  where f.vote < 0 and coalesce(f.correction, '') <> ''
    and ${askedOpenly}
    and ($2::boolean or w.platform = 'local' or ${teachesScope('w.id')})
    and ($3::text is null or (w.platform::text = $3 and w.external_id = $4))
  order by f.created_at desc`;

/** Newest first; yes and no need the words that show it, which the quote is not exactly. */
const likedSql = `
  with ${openWorkspaces}
  select q.text as question, a.answer as correction, ${followsAnother('q')} as follows, array_agg(distinct s.document_id::text) as sources
  from answers a
  ${joinPlace}
  join answer_sources s on s.answer_id = a.id and s.quote <> ''
  where a.found and a.kind = 'span' and a.answer is not null
    and exists (select 1 from feedback f where f.answer_id = a.id and f.vote > 0)
    and not exists (select 1 from feedback f where f.answer_id = a.id and f.vote < 0)
    and ${askedOpenly}
    and (w.platform = 'local' or ${teachesScope('w.id')})
  group by q.id, a.id
  order by q.created_at desc
  limit 500`;

/** Passages of documents that hold the words somewhere; in which passage, the pieces tell. */
const saidSql = `
  with ${visiblePassages}
  select p.pieces from visible_passages vp
  join passages p on p.id = vp.id
  join document_versions v on v.id = vp.version_id
  where v.text ~* $4`;

interface Row extends Omit<ReviewedFeedback, 'source'> {
  /** Where it was given; null = on this machine. */
  readonly scope: Scope;
  /** Documents that the answer cited. */
  readonly sources: readonly string[];
}

interface Place {
  readonly section: TeachingSection;
  readonly passageId: string;
  readonly start: number;
  readonly end: number;
}

/** The first passage that says it, of the cited documents first; in the document's own case and spaces. */
function placeOf(
  { correction, sources }: Pick<Row, 'correction' | 'sources'>,
  sections: readonly TeachingSection[],
): Place | null {
  const cited = (section: TeachingSection) => Number(sources.includes(section.documentId));
  for (const section of sections.toSorted((a, b) => cited(b) - cited(a)))
    for (const { id, pieces } of section.passages) {
      const at = saidAt(pieces, correction);
      if (at) return { section, passageId: id, start: at[0], end: at[1] };
    }
  return null;
}

function described(row: Row, sections: readonly TeachingSection[]): ReviewedFeedback {
  const { sources: _, scope: __, ...rest } = row;
  const place = placeOf(row, sections);
  const source = place && {
    documentId: place.section.documentId,
    document: place.section.document,
    section: place.section.heading,
  };
  return { ...rest, source };
}

/** What a question with its answer's place teaches. */
function learned(question: string, { section, passageId, start, end }: Place) {
  const { pieces } = section.passages.find(({ id }) => id === passageId)!;
  return {
    question,
    form: 'span' as const,
    spans: [[start, end]] as const,
    words: wordsAt(pieces, [[start, end]]),
    documentId: section.documentId,
    document: section.document,
    sectionId: section.id,
    passageId,
  };
}

export function createCorrections(deps: { readonly prisma: PrismaClient; readonly pool: Pool }): Corrections {
  const { prisma, pool } = deps;
  /** What teaches a scope. */
  const teaching = async (scope: Scope): Promise<readonly Row[]> =>
    (await pool.query<Row>(sql, [scope, false, null, null])).rows;
  const given = async (workspace?: CorrectionsPlace): Promise<readonly Row[]> =>
    (await pool.query<Row>(sql, [null, true, workspace?.platform ?? null, workspace?.externalId ?? null])).rows;
  /** Sections that may teach where it was given. */
  const sectionsFor = () => {
    const scopes = lazy(() => teachingScopes(pool));
    const loaded = new Map<Scope, Promise<readonly TeachingSection[]>>();
    return async ({ scope }: Row): Promise<readonly TeachingSection[]> => {
      const own = (await scopes()).includes(scope) ? scope : null;
      const sections = loaded.get(own) ?? loadTeachingSections(pool, own);
      loaded.set(own, sections);
      return sections;
    };
  };
  const find: Corrections['find'] = async (id, workspace) => {
    const row = isUuid(id) ? (await given(workspace)).find((each) => each.id === id) : undefined;
    return row ? described(row, await sectionsFor()(row)) : null;
  };
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
      const pattern = saidPattern(words);
      if (pattern === null) return false;
      const { rows: found } = await pool.query<{ pieces: Piece[] }>(saidSql, [
        ...audienceParameters(audience),
        pattern,
      ]);
      return found.some(({ pieces }) => saidAt(pieces, words) !== null);
    },
    async list(workspace) {
      const sectionsOf = sectionsFor();
      return Promise.all((await given(workspace)).map(async (row) => described(row, await sectionsOf(row))));
    },
    find,
    async review(id, review, actorId) {
      const known = await find(id);
      if (!known) throw new DocentError('FEEDBACK_UNKNOWN', { id });
      if (review === 'approved' && !known.source)
        throw new DocentError('CORRECTION_NOT_FOUND', { words: known.correction });
      await prisma.$transaction([
        prisma.feedback.update({ where: { id }, data: { review } }),
        prisma.auditEntry.create({ data: { actorId, action: `feedback.${review}`, subject: id } }),
      ]);
    },
    async liked(sections, scope) {
      type Liked = Pick<Row, 'question' | 'correction' | 'sources'> & { readonly follows: boolean };
      const { rows } = await pool.query<Liked>(likedSql, [scope]);
      const asked = rows.filter((row) => !leans(row));
      return [...groupBy(asked, ({ question }) => wordsOnly(question)).values()].flatMap(([row]) => {
        const place = placeOf(row!, sections);
        return place ? [{ kind: 'liked' as const, ...learned(row!.question, place) }] : [];
      });
    },
    async approved(sections, scope) {
      const all = (await teaching(scope)).filter(({ review }) => review === 'approved');
      return all.flatMap((row) => {
        const place = placeOf(row, sections);
        if (!place) return [];
        return [{ kind: 'correction' as const, side: 'train' as const, ...learned(row.question, place) }];
      });
    },
  };
}
