/** Question → the passages worth reading, each with its document and section. Lexical, and dense where there is a model. */
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Piece } from '../documents/passage.ts';
import { reasonOf } from '../errors.ts';
import type { DenseSearch } from './dense.ts';
import { fuse } from './fuse.ts';
import { searchLexical, type WeightedText } from './lexical.ts';
import { type Audience, audienceParameters, visiblePassages } from './visibility.ts';

export interface Candidate {
  readonly passageId: string;
  readonly versionId: string;
  readonly documentId: string;
  /** The document's path in its channel, as the uploader named it. */
  readonly document: string;
  readonly url: string | null;
  readonly heading: string | null;
  readonly headingPath: readonly string[];
  readonly page: number | null;
  readonly pieces: readonly Piece[];
  readonly start: number;
  readonly end: number;
  /** Share of the best possible BM25, plus the cosine; 0 for a passage that was added as the thread's previous source. */
  readonly score: number;
}

export interface Retriever {
  /**
   * At most `limit` passages, best first; `also` (the thread's previous source) comes on top of them if it is still
   * visible. The same text placed twice is returned once.
   */
  search(
    audience: Audience,
    texts: readonly WeightedText[],
    limit: number,
    also?: readonly string[],
  ): Promise<readonly Candidate[]>;
}

const loadSql = `
  with ${visiblePassages}
  select p.id, p.pieces, p.start, p."end", p.page, p.version_id, v.document_id, v.channel_id, d.path, d.url,
         s.heading, s.path as heading_path
  from visible_passages v
  join passages p on p.id = v.id join sections s on s.id = p.section_id join documents d on d.id = v.document_id
  where p.id = any($4::uuid[])`;

interface LoadedRow {
  readonly id: string;
  readonly pieces: Piece[];
  readonly start: number;
  readonly end: number;
  readonly page: number | null;
  readonly version_id: string;
  readonly document_id: string;
  readonly channel_id: string;
  readonly path: string;
  readonly url: string | null;
  readonly heading: string | null;
  readonly heading_path: string[];
}

/** Duplicates are looked for among a few more than are asked for. */
const spareHits = 8;
/** How far down the lexical ranking a passage may be lifted by its cosine without losing its words. */
const lexicalHits = 100;

export function createRetriever(deps: {
  readonly pool: Pool;
  readonly dense: DenseSearch | null;
  readonly log: Pick<Logger, 'warn'>;
}): Retriever {
  const { pool, dense, log } = deps;
  return {
    async search(audience, texts, limit, also = []) {
      const [lexical, cosines] = await Promise.all([
        searchLexical(pool, audience, texts, lexicalHits),
        // Words alone still find most: a dead embedder must not silence the bot.
        dense?.cosines(audience, texts).catch((error: unknown) => {
          log.warn({ reason: reasonOf(error) }, 'searching without sentence vectors');
          return null;
        }) ?? null,
      ]);
      const ranked = fuse(lexical, cosines);
      const order = ranked.slice(0, limit + spareHits).map(({ id }) => id);
      const scores = new Map(ranked.map(({ id, score }) => [id, score]));
      const ids = [...new Set([...order, ...also])];
      if (ids.length === 0) return [];
      const rows = (await pool.query<LoadedRow>(loadSql, [...audienceParameters(audience), ids])).rows;
      // Of identical texts the one placed in the asker's own channel stays.
      rows.sort((a, b) => Number(b.channel_id === audience.channelId) - Number(a.channel_id === audience.channelId));
      const byText = new Map<string, LoadedRow>();
      for (const row of rows) {
        const text = row.pieces.map((piece) => piece.text).join('');
        if (!byText.has(text)) byText.set(text, row);
      }
      const kept = new Map([...byText.values()].map((row) => [row.id, row]));
      const replaced = new Map(rows.map((row) => [row.id, byText.get(row.pieces.map((p) => p.text).join(''))!]));
      const seen = new Set<string>();
      const candidates: Candidate[] = [];
      for (const id of ids) {
        const row = kept.get(id) ?? replaced.get(id);
        if (!row || seen.has(row.id)) continue;
        const extra = also.includes(id) && !order.includes(id);
        if (!extra && candidates.length >= limit) continue;
        seen.add(row.id);
        candidates.push({
          passageId: row.id,
          versionId: row.version_id,
          documentId: row.document_id,
          document: row.path,
          url: row.url,
          heading: row.heading,
          headingPath: row.heading_path,
          page: row.page,
          pieces: row.pieces,
          start: row.start,
          end: row.end,
          score: scores.get(id) ?? 0,
        });
      }
      return candidates;
    },
  };
}
