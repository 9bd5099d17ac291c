/** pg_trgm, which typo repair uses where it may be had. Outside the migrations: not every database gives the right. */
import pg from 'pg';
import { reasonOf } from '../errors.ts';
import type { Log } from './log.ts';

/** Creates the extension where that is allowed. @returns whether it is there now */
export async function ensureTrigrams(connection: pg.ClientConfig, log: Log): Promise<boolean> {
  const client = new pg.Client(connection);
  client.on('error', () => {}); // the statement under way reports it
  try {
    await client.connect();
    try {
      await client.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    } catch (error) {
      log.info({ reason: reasonOf(error) }, 'pg_trgm may not be created here');
    }
    const { rowCount } = await client.query(`SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'`);
    return rowCount === 1;
  } finally {
    await client.end().catch(() => {});
  }
}
