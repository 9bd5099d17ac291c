/** Questions that the documents did not answer, for whoever writes the documents. Private channels' stay private. */
import type { Pool } from 'pg';
import { askedOpenly, joinPlace } from '../answers/asked-where.ts';
import { wordsOnly } from '../eval/evidence.ts';
import { groupBy } from '../group.ts';

export interface Gap {
  /** As it was asked last. */
  readonly question: string;
  readonly times: number;
  /** ISO time. */
  readonly last: string;
  /** The section that came nearest, where one was named. */
  readonly nearest: { readonly document: string; readonly section: string | null } | null;
}

/** Asked where every member may read, or on this machine by its operator. */
const sql = `
  select q.text, q.created_at, s.document, s.section
  from answers a
  ${joinPlace}
  left join answer_sources s on s.answer_id = a.id and s.ordinal = 0 and s.document <> ''
  where not a.found and a.kind = 'span' and q.user_id <> 'eval'
    and ${askedOpenly}
  order by q.created_at desc
  limit 5000`;

/** Most often asked first; the same words in other case or marks are one gap. */
export async function coverageGaps(pool: Pool): Promise<readonly Gap[]> {
  interface Row {
    readonly text: string;
    readonly created_at: Date;
    readonly document: string | null;
    readonly section: string | null;
  }
  const { rows } = await pool.query<Row>(sql);
  return [...groupBy(rows, ({ text }) => wordsOnly(text)).values()]
    .map((all): Gap => {
      const { text, created_at, document, section } = all[0]!;
      return {
        question: text,
        times: all.length,
        last: created_at.toISOString(),
        nearest: document ? { document, section } : null,
      };
    })
    .sort((a, b) => b.times - a.times);
}
