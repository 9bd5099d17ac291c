/**
 * Brings a database to the schema of this version, at every start. Keeps Prisma's own table, checksums and advisory lock,
 * so that `prisma migrate deploy` and `status` agree with it. Knows SQL files only; what they mean stands in
 * prisma/schema.prisma, and `npm run migrate:new` writes them.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { DocentError, reasonOf } from '../errors.ts';
import type { Log } from './log.ts';

/** The advisory lock that Prisma's schema engine takes: two migrators of whatever kind never work at once. */
const prismaLock = 72707369;

const createTableSql = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id" VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum" VARCHAR(64) NOT NULL,
    "finished_at" TIMESTAMPTZ,
    "migration_name" VARCHAR(255) NOT NULL,
    "logs" TEXT,
    "rolled_back_at" TIMESTAMPTZ,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

const appliedSql = `
  SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
  FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY started_at`;

const recordSql = `
  INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
  VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`;

export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** sha256 of the file, as Prisma records it. */
  readonly checksum: string;
}

/** prisma/migrations of the package, the same from the sources and from `dist/`. */
export const migrationsFolder = (() => {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  return join(root.endsWith('dist') ? dirname(root) : root, 'prisma', 'migrations');
})();

/** All migrations in the order in which they are applied. */
export function readMigrations(folder = migrationsFolder): readonly Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

/**
 * Applies what is missing. One transaction for each migration: script and record commit together or not at all. The lock
 * is one of the transaction, so it also holds behind a pooler.
 * @returns names of the migrations applied now
 * @throws DocentError DATABASE_NEWER, MIGRATION_FAILED
 */
export async function migrate(connection: pg.ClientConfig, log: Log, folder?: string): Promise<readonly string[]> {
  const migrations = readMigrations(folder);
  const applied: string[] = [];
  const client = new pg.Client(connection);
  client.on('error', () => {}); // the statement under way reports it
  await client.connect();
  try {
    for (;;) {
      await client.query('BEGIN');
      await client.query(
        `SET LOCAL lock_timeout = '10min'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`,
      );
      await client.query(`SELECT pg_advisory_xact_lock(${prismaLock})`);
      await client.query(createTableSql);
      const next = nextMigration(migrations, (await client.query(appliedSql)).rows, log);
      if (!next) {
        await client.query('COMMIT');
        return applied;
      }
      await applyMigration(client, next);
      applied.push(next.name);
      log.info({ migration: next.name }, 'database migrated');
    }
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

interface AppliedRow {
  readonly name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

function nextMigration(migrations: readonly Migration[], rows: readonly AppliedRow[], log: Log): Migration | undefined {
  const failed = rows.find((row) => !row.finished);
  if (failed) {
    throw new DocentError('MIGRATION_FAILED', {
      name: failed.name,
      reason: 'an earlier attempt with another tool was left unfinished; repair it and run “prisma migrate resolve”',
    });
  }
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  const newer = rows.filter((row) => !known.has(row.name));
  if (newer.length > 0) throw new DocentError('DATABASE_NEWER', { names: newer.map((row) => row.name).join(', ') });
  for (const row of rows) {
    if (known.get(row.name)?.checksum !== row.checksum) {
      log.warn({ migration: row.name }, 'this migration was edited after it was applied');
    }
  }
  const done = new Set(rows.map((row) => row.name));
  return migrations.find((migration) => !done.has(migration.name));
}

async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query(migration.sql);
    await client.query(recordSql, [randomUUID(), migration.checksum, migration.name]);
    await client.query('COMMIT');
  } catch (error) {
    throw new DocentError('MIGRATION_FAILED', { name: migration.name, reason: reasonOf(error) }, { cause: error });
  }
}
