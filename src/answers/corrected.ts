/**
 * Corrections that an admin approved: whoever asks the same question again gets the corrected words at once, without
 * waiting for a run, as long as a passage that they may see says them. Knows rows and words, no model.
 */
import type { Pool } from 'pg';
import { type Audience, audienceParameters, visibleChannels } from '../retrieval/visibility.ts';
import { askedByOperator, joinPlace } from './asked-where.ts';
import { followsAnother, leans } from './follow-up.ts';

export interface CorrectedAnswers {
  /** The words for this question, those approved last first; none for a question that nobody corrected. */
  wordsFor(question: string, audience: Audience): Promise<readonly string[]>;
}

/** Given where this audience may read, or on this machine by its operator. */
const sql = `
  with ${visibleChannels}
  select q.text as question, f.correction, ${followsAnother('q')} as follows
  from feedback f
  join answers a on a.id = f.answer_id
  ${joinPlace}
  where f.review = 'approved' and f.vote < 0 and coalesce(f.correction, '') <> ''
    and (c.id in (select id from visible_channels) or ${askedByOperator})
  order by f.created_at desc
  limit 2000`;

/** Words that change nothing about what is asked. "Not", "who" and "before" do. */
const fillers = new Set(
  (
    'a an the is are am was were be been do does did can could may might shall should would will have has i we you one ' +
    'my our your me us it to of in at for on please hi hello hey tell know'
  ).split(' '),
);

/** Two questions with the same key ask the same: the same words in any order, in singular or plural. */
export function questionKey(question: string): string {
  const words = question.toLowerCase().match(/[\p{L}\p{N}]+(?:[.,:]\p{N}+)*/gu) ?? [];
  const kept = words.filter((word) => !fillers.has(word)).map((word) => word.replace(/(?<=\p{L}{2}[^s])s$/u, ''));
  return [...new Set(kept)].sort().join(' ');
}

export const createCorrectedAnswers = ({ pool }: { readonly pool: Pool }): CorrectedAnswers => ({
  async wordsFor(question, audience) {
    const key = questionKey(question);
    if (key === '') return [];
    interface Row {
      readonly question: string;
      readonly correction: string;
      readonly follows: boolean;
    }
    const { rows } = await pool.query<Row>(sql, [...audienceParameters(audience)]);
    return rows.filter((row) => !leans(row) && questionKey(row.question) === key).map(({ correction }) => correction);
  },
});
