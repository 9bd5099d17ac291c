/**
 * Two at once that create the same row: Prisma reads before it writes, so the second one's insert can meet the first's. Or
 * one creates a row below another that is being deleted, or finds a row that is gone when it is read back.
 */

/**
 * P2002: unique constraint failed, P2003: foreign key, P2025: a record that was needed is not there; of an upsert, that it
 * went meanwhile. https://www.prisma.io/docs/orm/reference/error-reference#p2002
 */
const conflicts: readonly unknown[] = ['P2002', 'P2003', 'P2025'];
const isConflict = (error: unknown): boolean => conflicts.includes((error as { code?: unknown } | null)?.code);

/** Runs upserts again when somebody else was quicker: they then find, or make, the row. Not inside a transaction. */
export async function retryOnConflict<T>(upsert: () => Promise<T>): Promise<T> {
  try {
    return await upsert();
  } catch (error) {
    if (!isConflict(error)) throw error;
    return upsert();
  }
}
