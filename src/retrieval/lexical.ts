/**
 * Lexical retrieval: BM25 over PostgreSQL's own English stems, computed inside the visible passages only, so that
 * neither ranking nor document frequencies tell anything of passages that the asker may not see.
 * BM25: Robertson & Zaragoza, The Probabilistic Relevance Framework (2009).
 */
import { distance } from 'fastest-levenshtein';
import type { Pool, PoolClient } from 'pg';
import { type Audience, audienceParameters, visiblePassages } from './visibility.ts';

/** The usual values; section headings make passages short, hence a length normalisation a little below 0.75. */
export const bm25 = { k1: 1.2, b: 0.6 } as const;
const { k1, b } = bm25;
/** Heading path and file name count, but less than what the passage itself says. */
const headingWeight = 0.8;
const fileNameWeight = 0.4;

type Queryable = Pick<Pool | PoolClient, 'query'>;

export interface IndexedPassage {
  readonly id: string;
  readonly text: string;
  readonly headings: string;
  readonly fileName: string;
}

const indexSql = `
  with input as (select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as i(id, body, headings, file_name)),
  lexemes as (
    select id, lexeme as term, coalesce(array_length(positions, 1), 1)::real as frequency from input, unnest(to_tsvector('english', body))
    union all
    select id, lexeme, ${headingWeight} from input, unnest(to_tsvector('english', headings))
    union all
    select id, lexeme, ${fileNameWeight} from input, unnest(to_tsvector('english', file_name))
  )
  insert into passage_terms (passage_id, term, frequency)
  select id, left(term, 200), sum(frequency) from lexemes group by 1, 2`;

const wordSql = `
  insert into passage_words (passage_id, word)
  select id, word from unnest($1::uuid[], $2::text[]) as w(id, word) on conflict do nothing`;

/** Words worth repairing to: letters only, at least four, as people would type them. */
export const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/\p{L}{4,40}/gu) ?? []);

/**
 * Writes the inverted index of new passages.
 * @param execute runs one statement inside the transaction that writes the passages.
 */
export async function indexPassages(
  execute: (sql: string, parameters: readonly unknown[]) => Promise<unknown>,
  passages: readonly IndexedPassage[],
): Promise<void> {
  if (passages.length === 0) return;
  const column = (key: keyof IndexedPassage) => passages.map((passage) => passage[key]);
  const fileWords = passages.map((passage) => passage.fileName.replace(/[._/\\-]+/g, ' '));
  await execute(indexSql, [column('id'), column('text'), column('headings'), fileWords]);
  const words = passages.flatMap((passage) =>
    [...wordsOf(`${passage.text} ${passage.headings}`)].map((word) => [passage.id, word] as const),
  );
  await execute(wordSql, [words.map(([id]) => id), words.map(([, word]) => word)]);
}

export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

export interface LexicalHit {
  readonly passageId: string;
  /** BM25 as a share of what a passage full of all the words would have, 0–1: comparable between questions. */
  readonly share: number;
}

const termsSql = `select distinct lexeme as term from unnest(to_tsvector('english', $1))`;

const searchSql = `
  with ${visiblePassages},
  totals as (select count(*)::float8 as n, greatest(avg(length), 1)::float8 as mean_length from visible_passages),
  wanted as (select term, max(weight) as weight from unnest($4::text[], $5::float8[]) as w(term, weight) group by term),
  hits as (
    select v.id, t.term, t.frequency, w.weight, v.length
    from passage_terms t join wanted w using (term) join visible_passages v on v.id = t.passage_id
  ),
  spread as (
    select term, max(weight) as weight, ln(1 + (max(n) - count(*) + 0.5) / (count(*) + 0.5)) as idf
    from hits cross join totals group by term
  ),
  most as (select sum(weight * idf * ${k1 + 1}) as score from spread)
  select h.id as passage_id,
         coalesce(sum(h.weight * idf * h.frequency * ${k1 + 1}
             / (h.frequency + ${k1} * (1 - ${b} + ${b} * h.length / mean_length))) / nullif(max(most.score), 0), 0) as share
  from hits h join spread using (term) cross join totals cross join most
  group by h.id order by share desc, h.id limit $6`;

const knownTermsSql = `
  with ${visiblePassages}
  select distinct t.term from passage_terms t join visible_passages v on v.id = t.passage_id where t.term = any($4::text[])`;

const candidateWordsSql = `
  with ${visiblePassages}
  select distinct w.word from passage_words w join visible_passages v on v.id = w.passage_id
  where length(w.word) between $4 and $5`;

/** One slip per four letters, two at most: "reimbursment" is repaired, "late" never becomes "date". */
const allowedSlips = (word: string): number => (word.length < 5 ? 0 : word.length < 8 ? 1 : 2);

/**
 * Misspelt words of the question, mapped to words of passages that this audience may see.
 * Costs one look-up when nothing is misspelt.
 */
async function repairs(db: Queryable, audience: Audience, text: string): Promise<readonly string[]> {
  const words = [...wordsOf(text)].filter((word) => allowedSlips(word) > 0);
  if (words.length === 0) return [];
  const stems = await db.query<{ word: string; term: string | null }>(
    `select word, (select lexeme from unnest(to_tsvector('english', word)) limit 1) as term from unnest($1::text[]) as word`,
    [words],
  );
  const terms = stems.rows.flatMap((row) => (row.term === null ? [] : [row.term]));
  const known = new Set(
    (await db.query<{ term: string }>(knownTermsSql, [...audienceParameters(audience), terms])).rows.map(
      (row) => row.term,
    ),
  );
  const unknown = stems.rows.filter((row) => row.term !== null && !known.has(row.term)).map((row) => row.word);
  if (unknown.length === 0) return [];
  const lengths = unknown.map((word) => word.length);
  const candidates = await db.query<{ word: string }>(candidateWordsSql, [
    ...audienceParameters(audience),
    Math.min(...lengths) - 2,
    Math.max(...lengths) + 2,
  ]);
  return unknown.flatMap((word) => {
    let best: string | null = null;
    let least = allowedSlips(word) + 1;
    for (const candidate of candidates.rows) {
      if (candidate.word[0] !== word[0] && word.length < 8) continue;
      const slips = distance(word, candidate.word);
      if (slips < least) [best, least] = [candidate.word, slips];
    }
    return best === null ? [] : [best];
  });
}

/**
 * The `limit` best passages that the audience may see, best first. Several texts with weights search together (the
 * question, and the one before it with less weight).
 */
export async function searchLexical(
  db: Queryable,
  audience: Audience,
  texts: readonly WeightedText[],
  limit: number,
): Promise<readonly LexicalHit[]> {
  const terms: string[] = [];
  const weights: number[] = [];
  for (const { text, weight } of texts) {
    const repaired = await repairs(db, audience, text);
    const rows = await db.query<{ term: string }>(termsSql, [[text, ...repaired].join(' ')]);
    for (const { term } of rows.rows) {
      terms.push(term);
      weights.push(weight);
    }
  }
  if (terms.length === 0) return [];
  const found = await db.query<{ passage_id: string; share: number }>(searchSql, [
    ...audienceParameters(audience),
    terms,
    weights,
    limit,
  ]);
  return found.rows.map((row) => ({ passageId: row.passage_id, share: row.share }));
}
