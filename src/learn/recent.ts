/** The last questions that people asked where every member may read: what a candidate would answer to them is looked at. */
import type { Pool } from 'pg';
import { askedOpenly, joinPlace } from '../answers/asked-where.ts';
import { followsAnother, leans } from '../answers/follow-up.ts';
import { wordsOnly } from '../eval/evidence.ts';
import { groupBy } from '../group.ts';
import { openWorkspaces, type Scope, teachesScope } from './teaching.ts';

export interface RecentQuestion {
  readonly id: string;
  readonly question: string;
}

const sql = `
  with ${openWorkspaces}
  select q.id, q.text as question, ${followsAnother('q')} as follows
  from answers a
  ${joinPlace}
  where a.kind not in ('help', 'greeting') and q.user_id <> 'eval'
    and ${askedOpenly}
    and (w.platform = 'local' or ${teachesScope('w.id')})
  order by q.created_at desc
  limit $2`;

/** Newest first, each wording once; what leans on its thread is left out, because it is asked alone. */
export async function recentQuestions(pool: Pool, scope: Scope, limit: number): Promise<readonly RecentQuestion[]> {
  const { rows } = await pool.query<RecentQuestion & { readonly follows: boolean }>(sql, [scope, limit * 3]);
  const whole = rows.filter((row) => !leans(row));
  return [...groupBy(whole, ({ question }) => wordsOnly(question)).values()]
    .map(([first]) => ({ id: first!.id, question: first!.question }))
    .slice(0, limit);
}
