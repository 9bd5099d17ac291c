/** A database of its own for a test file: a copy of the migrated template, made in ≈ 50 ms and dropped afterwards. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { inject } from 'vitest';
import { type Config, loadConfig } from '../../src/config.ts';
import { openStore, type Store } from '../../src/store/index.ts';

export interface TestDatabase {
  /** As DATABASE_URL, for child processes. */
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

const asAdmin = async (sql: string): Promise<void> => {
  const admin = new pg.Client(inject('database').connection);
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
};

export async function testDatabase(): Promise<TestDatabase> {
  const { connection, template } = inject('database');
  const name = `test_${process.ppid}_${randomBytes(5).toString('hex')}`;
  await asAdmin(`CREATE DATABASE "${name}" TEMPLATE "${template}"`);
  return {
    url: `postgresql://${connection.user}@localhost/${name}?host=${encodeURIComponent(connection.host)}&port=${connection.port}`,
    name,
    drop: () => asAdmin(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
  };
}

export interface TestStore {
  readonly store: Store;
  /** Settings that lead to this database and to a home of its own. */
  readonly config: Config;
  readonly database: TestDatabase;
  /** Closes the store, drops the database, removes the home. */
  dispose(): Promise<void>;
}

/**
 * @example
 * const { store, dispose } = await testStore();
 * afterAll(dispose);
 */
export async function testStore(environment: Readonly<Record<string, string>> = {}): Promise<TestStore> {
  const database = await testDatabase();
  const home = mkdtempSync(join(tmpdir(), 'docent-test-'));
  const config = loadConfig({ DATABASE_URL: database.url, DOCENT_HOME: home, ...environment }, home);
  const store = await openStore({ config, log: pino({ level: 'fatal' }) });
  return {
    store,
    config,
    database,
    async dispose() {
      await store.close();
      await database.drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
