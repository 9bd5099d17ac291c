/**
 * Runs once before all tests: one embedded PostgreSQL for the whole run, with a migrated template database that each test
 * file copies (tests/setup/database.ts). Test databases left by a killed run are dropped here.
 *
 * Its cluster is kept under .cache/ (initdb costs seconds). That is sound although fsync is off: the server is only asked
 * to survive killed processes, not a power cut, and a cluster that does not start is thrown away and made anew.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded/index.ts';
import { migrate, readMigrations } from '../../src/store/migrate.ts';
import { ensureTrigrams } from '../../src/store/trigrams.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** JSON-able `pg.ClientConfig` of the administrator, and the migrated template's name. */
    readonly database: {
      readonly connection: { host: string; port: number; user: string; database: string };
      readonly template: string;
    };
  }
}

const home = resolve('.cache/tests');
const log = pino({ level: 'fatal' });
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

async function start(): Promise<EmbeddedPostgres> {
  try {
    return await startEmbedded({ home, log, settings });
  } catch {
    rmSync(resolve(home, 'postgres'), { recursive: true, force: true });
    return await startEmbedded({ home, log, settings });
  }
}

/** Named after the migrations: another branch's template is another database. */
const templateName = (): string =>
  `template_${createHash('sha256')
    .update(
      readMigrations()
        .map((migration) => migration.checksum)
        .join(),
    )
    .digest('hex')
    .slice(0, 12)}`;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await start();
  const template = templateName();
  const admin = new pg.Client(server.connection);
  await admin.connect();
  try {
    const { rows } = await admin.query<{ name: string }>('SELECT datname AS name FROM pg_database');
    const names = rows.map((row) => row.name);
    // `test_<pid of the run>_…`: those of a living run beside this one stay
    for (const name of names) {
      const run = /^test_(\d+)_/.exec(name)?.[1];
      if (run && !isAlive(Number(run))) await admin.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    }
    if (!names.includes(template)) {
      const building = `building_${process.pid}`;
      await admin.query(`DROP DATABASE IF EXISTS "${building}" WITH (FORCE)`);
      await admin.query(`CREATE DATABASE "${building}"`);
      const connection = { ...server.connection, database: building };
      await migrate(connection, log);
      await ensureTrigrams(connection, log);
      await admin.query(`ALTER DATABASE "${building}" RENAME TO "${template}"`).catch(() => {}); // a run beside this one was faster
    }
  } finally {
    await admin.end();
  }
  project.provide('database', { connection: { ...server.connection }, template });
  return () => server.stop();
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};
