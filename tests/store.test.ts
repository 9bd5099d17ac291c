/** The store over a real PostgreSQL: schema, migrations, losing the database and finding it again. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { missingSql } from '../scripts/schema-engine.ts';
import { loadConfig } from '../src/config.ts';
import { isConnectionLoss, openStore, withRetry } from '../src/store/index.ts';
import { migrate, readMigrations } from '../src/store/migrate.ts';
import { testDatabase, testStore } from './setup/database.ts';

const log = pino({ level: 'fatal' });

test('the migrations lead to exactly prisma/schema.prisma', async () => {
  expect(await missingSql(inject('database').connection)).toBeNull();
});

describe('migrating', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  const query = async (sql: string, values: unknown[] = []) => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return await client.query(sql, values);
    } finally {
      await client.end();
    }
  };
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  test('records what Prisma records, and does nothing the second time', async () => {
    const { rows } = await query('SELECT migration_name, checksum, finished_at FROM "_prisma_migrations"');
    const expected = readMigrations();
    expect(rows.map((row) => row.migration_name)).toEqual(expected.map((migration) => migration.name));
    expect(rows[0].checksum).toBe(createHash('sha256').update(expected[0]!.sql).digest('hex'));
    expect(await migrate({ connectionString: database.url }, log)).toEqual([]);
  });

  test('a failing migration leaves nothing behind and names itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docent-migrations-'));
    const { cpSync, mkdirSync, writeFileSync } = await import('node:fs');
    cpSync('prisma/migrations', folder, { recursive: true });
    mkdirSync(join(folder, '99990101000000_broken'));
    const broken = 'CREATE TABLE half (id int); SELECT no_such_function();';
    writeFileSync(join(folder, '99990101000000_broken', 'migration.sql'), broken);
    await expect(migrate({ connectionString: database.url }, log, folder)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      details: { name: '99990101000000_broken' },
    });
    expect((await query(`SELECT to_regclass('half') AS found`)).rows[0].found).toBeNull();
    rmSync(folder, { recursive: true });
  });

  test('two at once apply each migration once', async () => {
    const { connection } = inject('database');
    const name = `test_${process.ppid}_twice`;
    await query(`CREATE DATABASE "${name}"`);
    try {
      const both = await Promise.all([1, 2].map(() => migrate({ ...connection, database: name }, log)));
      expect(both.flat().sort()).toEqual(readMigrations().map((migration) => migration.name));
    } finally {
      await query(`DROP DATABASE "${name}" WITH (FORCE)`);
    }
  });

  test('data of a newer version is refused', async () => {
    await query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at) VALUES ('x', 'y', '99990101_future', now())`,
    );
    const config = loadConfig({ DATABASE_URL: database.url }, tmpdir());
    await expect(openStore({ config, log })).rejects.toMatchObject({
      code: 'DATABASE_NEWER',
      message: expect.stringContaining('99990101_future'),
    });
  });
});

test('an install has each alias once, a workspace too', async () => {
  const { store, dispose } = await testStore();
  try {
    const { prisma } = store;
    await prisma.adapter.create({
      data: { id: 'a', folder: 'models/reader', baseSha256: '0', promptVersion: '1', digest: '0' },
    });
    const alias = { alias: 'champion', adapterId: 'a' };
    await prisma.adapterAlias.create({ data: alias });
    await expect(prisma.adapterAlias.create({ data: alias })).rejects.toMatchObject({ code: 'P2002' });
    const workspace = await prisma.workspace.create({ data: { platform: 'slack', externalId: 'T1', name: 'Acme' } });
    await prisma.adapterAlias.create({ data: { ...alias, workspaceId: workspace.id } });
    expect(store.trigrams).toBe(true);
    expect(store.mode).toBe('external');
  } finally {
    await dispose();
  }
});

/** A TCP way to the database's socket that can be cut. */
async function cuttableWay(): Promise<{ port: number; cut(): void; restore(): Promise<void>; close(): void }> {
  const { connection } = inject('database');
  const sockets = new Set<Socket>();
  const create = () =>
    createServer((incoming) => {
      const outgoing = dial(join(connection.host, `.s.PGSQL.${connection.port}`));
      for (const [one, other] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
  let server = create();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port,
    cut,
    async restore() {
      server = create();
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
    close: cut,
  };
}

describe('when the database is away', () => {
  test('the process lives on, waits, tells once, and goes on', async () => {
    const database = await testDatabase();
    const way = await cuttableWay();
    const url = `postgresql://postgres@127.0.0.1:${way.port}/${database.name}`;
    const store = await openStore({ config: loadConfig({ DATABASE_URL: url }, tmpdir()), log });
    try {
      expect((await store.health()).ok).toBe(true);
      const inTransaction = store.prisma.$transaction(
        async (transaction) => {
          await transaction.workspace.count();
          way.cut();
          await transaction.workspace.count();
        },
        { timeout: 60_000 },
      );
      const lost = await inTransaction.catch((error: unknown) => error);
      expect(isConnectionLoss(lost)).toBe(true);
      expect((await store.health()).ok).toBe(false);

      let told = 0;
      const counted = withRetry(() => store.prisma.workspace.count(), {
        deadlineMs: 60_000,
        onWaiting: () => {
          told++;
          setTimeout(() => void way.restore(), 300);
        },
      });
      expect(await counted).toBe(0);
      expect(told).toBe(1);
      expect((await store.health()).ok).toBe(true);
    } finally {
      await store.close();
      way.close();
      await database.drop();
    }
  });

  test('a wrong statement is no loss', async () => {
    const { store, dispose } = await testStore();
    try {
      let runs = 0;
      const wrong = withRetry(() => {
        runs++;
        return store.pool.query('SELECT no_such_column');
      });
      await expect(wrong).rejects.toMatchObject({ code: '42703' });
      expect(runs).toBe(1);
      const twice = { data: { platform: 'slack' as const, externalId: 'T9', name: 'Acme' } };
      await store.prisma.workspace.create(twice);
      const error = await store.prisma.workspace.create(twice).catch((thrown: unknown) => thrown);
      expect(isConnectionLoss(error)).toBe(false);
    } finally {
      await dispose();
    }
  });

  test('waiting ends with its deadline and its signal', async () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    await expect(withRetry(() => Promise.reject(refused), { deadlineMs: 50 })).rejects.toBe(refused);
    const abort = new AbortController();
    const waiting = withRetry(() => Promise.reject(refused), { signal: abort.signal, onWaiting: () => abort.abort() });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('an address where nothing answers is named', async () => {
    const config = loadConfig(
      { DATABASE_URL: 'postgresql://nobody@127.0.0.1:5432/x?host=/no/such/folder&password=x' },
      tmpdir(),
    );
    await expect(openStore({ config, log, firstContactMs: 200 })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
  });
});
