/** Conversations are kept for a while and no longer: questions, answers, quotes and votes go together. Knows rows only. */
import type { Pool } from 'pg';

/** Few enough that nobody waits for the locks. */
const atOnce = 500;

/**
 * A thread that is still asked in stays whole. What an approved correction stands on stays too: it teaches every run, and
 * an admin takes it back by `docent feedback reject`.
 */
const expired = `
  c.created_at < $1
  and not exists (select 1 from questions q where q.conversation_id = c.id and q.created_at >= $1)
  and not exists (
    select 1 from questions q
    join answers a on a.question_id = q.id
    join feedback f on f.answer_id = a.id
    where q.conversation_id = c.id and f.review = 'approved')`;
/** Locked first: a question that is just being written down waits, and one written before the lock is seen by the second look. */
const lockSql = `select c.id from conversations c where ${expired} order by c.created_at limit $2 for update skip locked`;
const deleteSql = `delete from conversations c where ${expired} and c.id = any($2::uuid[])`;

/** @returns how many conversations went. Safe to be killed and repeated. */
export async function deleteConversationsBefore(pool: Pool, time: Date, signal?: AbortSignal): Promise<number> {
  const client = await pool.connect();
  let deleted = 0;
  let failed = true;
  try {
    for (;;) {
      signal?.throwIfAborted();
      await client.query('begin');
      const { rows } = await client.query<{ id: string }>(lockSql, [time, atOnce]);
      const { rowCount } = await client.query(deleteSql, [time, rows.map(({ id }) => id)]);
      await client.query('commit');
      deleted += rowCount ?? 0;
      if (rows.length === atOnce) continue;
      failed = false;
      return deleted;
    }
  } finally {
    // What was open ends with its connection.
    client.release(failed);
  }
}
