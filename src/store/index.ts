/**
 * The database of this process: embedded or given, migrated, with Prisma for rows and a pool for search SQL.
 * Knows how to reach it and how to leave it; knows no query.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Config } from '../config.ts';
import { DocentError, isDocentError, reasonOf } from '../errors.ts';
import { type EmbeddedPostgres, startEmbedded } from './embedded/index.ts';
import { PrismaClient } from './generated/client.ts';
import type { Log } from './log.ts';
import { migrate } from './migrate.ts';
import { isConnectionLoss, withRetry } from './retry.ts';
import { ensureTrigrams } from './trigrams.ts';

export type { Log } from './log.ts';
export { isConnectionLoss, type RetryOptions, withRetry } from './retry.ts';
export type { PrismaClient };

/** Prisma's client inside `prisma.$transaction(async (transaction) => …)`. */
export type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

export interface Store {
  readonly prisma: PrismaClient;
  /** For SQL that Prisma does not write: search, COPY. Shared with Prisma. */
  readonly pool: pg.Pool;
  /** For connections of one's own that hold a session: advisory locks, LISTEN. Never through a pooler. */
  readonly direct: pg.ClientConfig;
  readonly mode: 'embedded' | 'external';
  /** Whether pg_trgm is there: typo repair uses it. */
  readonly trigrams: boolean;
  /** Never throws; `detail` is one line for doctor and /readyz. */
  health(): Promise<{ readonly ok: boolean; readonly detail: string }>;
  /** Closes connections; the last process of a home stops the embedded server. Idempotent. */
  close(): Promise<void>;
}

/** Answering, ingesting and the console together rarely use more; a backend costs about 5 MB. */
const poolSize = 10;
const connectTimeoutMs = 5_000;
/** A database of one's own may start at the same time as we do (compose files). */
const defaultFirstContactMs = 30_000;
const healthTimeoutMs = 3_000;
/** The oldest PostgreSQL whose SQL we write, as `server_version_num`. */
const oldestVersion = 140_000;

async function endpoints(config: Config, log: Log) {
  if (config.DATABASE_URL) {
    const pooled: pg.ClientConfig = { connectionString: config.DATABASE_URL };
    const direct: pg.ClientConfig = { connectionString: config.DATABASE_DIRECT_URL || config.DATABASE_URL };
    return { embedded: null, pooled, direct };
  }
  const embedded = await startEmbedded({ home: config.home, log });
  return { embedded, pooled: embedded.connection, direct: embedded.connection };
}

async function serverVersion(connection: pg.ClientConfig): Promise<number> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => {}); // the statement under way reports it
  try {
    await client.connect();
    const { rows } = await client.query<{ n: number }>(`SELECT current_setting('server_version_num')::int AS n`);
    return rows[0]!.n;
  } finally {
    await client.end().catch(() => {});
  }
}

/** @throws DocentError DATABASE_UNREACHABLE */
async function checkServer(connection: pg.ClientConfig, firstContactMs: number, log: Log): Promise<void> {
  try {
    const version = await withRetry(() => serverVersion(connection), {
      deadlineMs: firstContactMs,
      onWaiting: () =>
        log.warn({ seconds: firstContactMs / 1000 }, 'the database does not answer yet, it is asked again for a while'),
    });
    if (version < oldestVersion)
      throw new Error(`it is PostgreSQL ${Math.floor(version / 10_000)}, Docent needs 14 or newer`);
  } catch (error) {
    throw new DocentError('DATABASE_UNREACHABLE', { reason: reasonOf(error) }, { cause: error });
  }
}

function createPool(connection: pg.ClientConfig, log: Log): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: `docent ${process.pid}`,
    keepAlive: true,
  });
  // Without these two listeners a connection that the server ends, idle or inside a transaction, ends the process.
  const lost = (error: Error): void => log.warn({ reason: reasonOf(error) }, 'database connection lost');
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

interface StoreOptions {
  readonly config: Config;
  readonly log: Log;
  /** How long to wait for a database of one's own that does not answer yet. Default 30 s. */
  readonly firstContactMs?: number;
}

/**
 * Opens the database of this process and brings its schema up to date.
 * @throws DocentError DATABASE_START_FAILED, DATABASE_VERSION, DATABASE_UNREACHABLE, DATABASE_NEWER, MIGRATION_FAILED,
 * DISK_FULL, HOME_UNWRITABLE
 */
export async function openStore({ config, log, firstContactMs = defaultFirstContactMs }: StoreOptions): Promise<Store> {
  const { embedded, pooled, direct } = await endpoints(config, log);
  try {
    return await connect(embedded, pooled, direct, log, firstContactMs);
  } catch (error) {
    await embedded?.stop();
    if (isDocentError(error)) throw error;
    if (isConnectionLoss(error))
      throw new DocentError('DATABASE_UNREACHABLE', { reason: reasonOf(error) }, { cause: error });
    throw error;
  }
}

async function connect(
  embedded: EmbeddedPostgres | null,
  pooled: pg.ClientConfig,
  direct: pg.ClientConfig,
  log: Log,
  firstContactMs: number,
): Promise<Store> {
  await checkServer(direct, firstContactMs, log);
  await migrate(direct, log);
  const trigrams = await ensureTrigrams(direct, log);
  const pool = createPool(pooled, log);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

  let closed: Promise<void> | null = null;
  return {
    prisma,
    pool,
    direct,
    mode: embedded ? 'embedded' : 'external',
    trigrams,
    async health() {
      const begun = Date.now();
      try {
        await pool.query({ text: 'SELECT 1', query_timeout: healthTimeoutMs } as pg.QueryConfig);
        const where = embedded ? `embedded PostgreSQL in ${embedded.dataFolder}` : 'PostgreSQL of DATABASE_URL';
        return { ok: true, detail: `${where}, ${Date.now() - begun} ms` };
      } catch (error) {
        return { ok: false, detail: `the database does not answer: ${reasonOf(error)}` };
      }
    },
    close: () =>
      (closed ??= (async () => {
        await prisma.$disconnect();
        await pool.end();
        await embedded?.stop();
      })()),
  };
}
