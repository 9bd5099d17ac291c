/**
 * Dense retrieval: the cosine of the question's and each visible passage's sentence vector (MiniLM, `passages.embedding`).
 * Exact; vectors are kept in memory, visibility is asked of the database for every question.
 */
import type { Pool } from 'pg';
import { type Piece, passageText } from '../documents/passage.ts';
import type { Embedder } from '../inference/contract.ts';
import type { WeightedText } from './lexical.ts';
import { type Audience, audienceParameters, visiblePassages } from './visibility.ts';

const visibleSql = `
  with ${visiblePassages}
  select v.id from visible_passages v join passages p on p.id = v.id where p.embedding is not null and p.encoder = $4`;
const vectorsSql = 'select id, embedding from passages where id = any($1::uuid[]) and embedding is not null';
const missingSql = 'select id, pieces from passages where encoder is distinct from $2 order by id limit $1';

/** 100 MB of vectors; of more passages the rest is read for every question. */
const mostKept = 65_536;
/** Passages embedded and written at once when vectors are missing. */
const fillBatch = 32;

/** float32 little endian, as stored. */
export const encodeVector = (vector: Float32Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new Float32Array(vector).buffer);

/** A Buffer of pg lies in a pool of others: its bytes are copied. */
const decodeVector = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

export interface DenseSearch {
  /** The cosine of every visible passage that has a vector; of several texts their weighted mean. */
  cosines(audience: Audience, texts: readonly WeightedText[]): Promise<ReadonlyMap<string, number>>;
  /** Gives passages theirs that were indexed without a vector, or by another encoder; safe to be killed and repeated. @returns how many. */
  fill(signal?: AbortSignal): Promise<number>;
  /** After something was deleted: nothing of it stays in memory. */
  forget(): void;
}

export function createDenseSearch({
  pool,
  embedder,
}: {
  readonly pool: Pool;
  readonly embedder: Embedder;
}): DenseSearch {
  const kept = new Map<string, Float32Array>();
  const vectorsOf = async (ids: readonly string[]): Promise<readonly (readonly [string, Float32Array])[]> => {
    const unknown = ids.filter((id) => !kept.has(id));
    const read = new Map<string, Float32Array>();
    if (unknown.length > 0) {
      const { rows } = await pool.query<{ id: string; embedding: Uint8Array }>(vectorsSql, [unknown]);
      for (const { id, embedding } of rows) {
        const vector = decodeVector(embedding);
        read.set(id, vector);
        if (kept.size < mostKept) kept.set(id, vector);
      }
    }
    return ids.flatMap((id) => {
      const vector = read.get(id) ?? kept.get(id);
      return vector ? [[id, vector] as const] : [];
    });
  };
  return {
    async cosines(audience, texts) {
      const [queries, { rows }] = await Promise.all([
        embedder.embed(texts.map(({ text }) => text)),
        pool.query<{ id: string }>(visibleSql, [...audienceParameters(audience), embedder.version]),
      ]);
      const weight = texts.reduce((sum, text) => sum + text.weight, 0);
      const cosines = new Map<string, number>();
      for (const [id, vector] of await vectorsOf(rows.map(({ id }) => id)))
        cosines.set(id, queries.reduce((sum, query, i) => sum + texts[i]!.weight * dot(query, vector), 0) / weight);
      return cosines;
    },
    async fill(signal) {
      let filled = 0;
      for (;;) {
        signal?.throwIfAborted();
        const { rows } = await pool.query<{ id: string; pieces: Piece[] }>(missingSql, [fillBatch, embedder.version]);
        if (rows.length === 0) return filled;
        const vectors = await embedder.embed(rows.map(({ pieces }) => passageText(pieces)));
        await pool.query(
          'update passages p set embedding = v.embedding, encoder = $3 from unnest($1::uuid[], $2::bytea[]) as v(id, embedding) where p.id = v.id',
          [rows.map(({ id }) => id), vectors.map((vector) => Buffer.from(encodeVector(vector))), embedder.version],
        );
        filled += rows.length;
      }
    },
    forget: () => kept.clear(),
  };
}
