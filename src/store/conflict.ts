/** Two at once that create the same row: Prisma reads before it writes, so the second one's insert can meet the first's. */

/** P2002: unique constraint failed. https://www.prisma.io/docs/orm/reference/error-reference#p2002 */
const isConflict = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'P2002';

/** Runs an upsert again when somebody else was quicker: it then finds their row. Not inside a transaction. */
export async function retryOnConflict<T>(upsert: () => Promise<T>): Promise<T> {
  try {
    return await upsert();
  } catch (error) {
    if (!isConflict(error)) throw error;
    return upsert();
  }
}
