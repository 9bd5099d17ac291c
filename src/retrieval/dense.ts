/** Dense retrieval over MiniLM vectors kept in `passages.embedding`; off by default (docs/log.md has the figures). */
import type { Pool } from 'pg';
import type { Embedder } from '../inference/contract.ts';
import { type Audience, audienceParameters, visiblePassages } from './visibility.ts';

const vectorsSql = `
  with ${visiblePassages}
  select v.id, p.embedding from visible_passages v join passages p on p.id = v.id where p.embedding is not null`;

/** float32 little endian, as stored. */
export const encodeVector = (vector: Float32Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new Float32Array(vector).buffer);

const decodeVector = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);

/** Ids of the `limit` visible passages nearest to the question by cosine, best first. Exact, not approximate. */
export async function searchDense(
  pool: Pool,
  embedder: Embedder,
  audience: Audience,
  question: string,
  limit: number,
): Promise<readonly string[]> {
  const [query] = await embedder.embed([question]);
  const { rows } = await pool.query<{ id: string; embedding: Uint8Array }>(vectorsSql, [
    ...audienceParameters(audience),
  ]);
  const scored = rows.map((row) => {
    const vector = decodeVector(row.embedding);
    let cosine = 0;
    for (let i = 0; i < vector.length; i += 1) cosine += vector[i]! * query![i]!;
    return { id: row.id, cosine };
  });
  return scored
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, limit)
    .map((row) => row.id);
}
