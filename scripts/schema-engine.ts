/**
 * Prisma's schema engine as WebAssembly (the same code as the binary of its command line), reached through `pg`. For
 * authoring and checking migrations; the product applies them without it (src/store/migrate.ts).
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as background from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { migrationsFolder } from '../src/store/migrate.ts';

const schemaPath = resolve('prisma/schema.prisma');

/** Types of the catalog, https://www.postgresql.org/docs/current/datatype-character.html: the one-byte "char", and text. */
const charOid = 18;
const textOid = 25;

/**
 * adapter-pg refuses the catalog type "char", which the engine's own introspection reads: it is let through as text, and
 * the engine is told that it is a character.
 */
async function connect(config: pg.PoolConfig): Promise<SqlDriverAdapter> {
  const charColumns = new Map<string, readonly number[]>();
  const pool = new pg.Pool({ ...config, max: 2 });
  pool.on('error', () => {});
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>;
  (pool as { query: unknown }).query = async (...args: unknown[]) => {
    const result = await query(...args);
    const columns = (result.fields ?? []).flatMap((field, index) => (field.dataTypeID === charOid ? [index] : []));
    if (columns.length > 0) charColumns.set((args[0] as { text: string }).text, columns);
    for (const column of columns) result.fields[column]!.dataTypeID = textOid;
    return result;
  };
  const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (statement) => {
    const result = await queryRaw(statement);
    for (const column of charColumns.get(statement.sql) ?? []) result.columnTypes[column] = ColumnTypeEnum.Character;
    return result;
  };
  return adapter;
}

const once = async (config: pg.ClientConfig, sql: string): Promise<void> => {
  const client = new pg.Client(config);
  await client.connect();
  await client.query(sql);
  await client.end();
};

const adapterFactory = (config: pg.PoolConfig, opened: SqlDriverAdapter[]): SqlMigrationAwareDriverAdapterFactory => ({
  provider: 'postgres',
  adapterName: '@prisma/adapter-pg',
  async connect() {
    const adapter = await connect(config);
    opened.push(adapter);
    return adapter;
  },
  // adapter-pg's own drops the database before it closes its pool, which PostgreSQL refuses.
  async connectToShadowDb() {
    const name = `prisma_migrate_shadow_db_${randomUUID()}`;
    await once(config, `CREATE DATABASE "${name}"`);
    const adapter = await connect({ ...config, database: name });
    const dispose = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      await dispose();
      await once(config, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    };
    return adapter;
  },
});

let loaded = false;
function loadEngine(): void {
  if (loaded) return;
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = readFileSync(join(dirname(entry), 'schema_engine_bg.wasm'));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    './schema_engine_bg.js': background as unknown as WebAssembly.ModuleImports,
  });
  const glue = background as unknown as { __wbg_set_wasm(exports: unknown): void };
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  (globalThis as Record<string, unknown>).PRISMA_WASM_PANIC_REGISTRY ??= {
    set_message: (message: string) => console.error('schema engine:', message),
  };
  loaded = true;
}

function migrationList() {
  const lock = join(migrationsFolder, 'migration_lock.toml');
  const names = readdirSync(migrationsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    baseDir: migrationsFolder,
    lockfile: { path: 'migration_lock.toml', content: existsSync(lock) ? readFileSync(lock, 'utf8') : null },
    shadowDbInitScript: '',
    migrationDirectories: names.map((path) => ({
      path,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(migrationsFolder, path, 'migration.sql'), 'utf8') },
      },
    })),
  };
}

interface Engine {
  diff(options: object): Promise<{ exitCode: number; stdout: string | null }>;
}
type EngineConstructor = { new: (...args: unknown[]) => Promise<Engine> };

/**
 * The SQL that leads from the migrations to prisma/schema.prisma, or null when they agree.
 * @param connection an empty PostgreSQL with the right to create databases
 */
export async function missingSql(connection: pg.PoolConfig): Promise<string | null> {
  loadEngine();
  const files = [{ path: schemaPath, content: readFileSync(schemaPath, 'utf8') }];
  const { SchemaEngine } = background as unknown as { SchemaEngine: EngineConstructor };
  const opened: SqlDriverAdapter[] = []; // the engine leaves its main connection open
  try {
    const engine = await SchemaEngine.new(
      { datamodels: files.map((file) => [file.path, file.content]) },
      () => {},
      bindMigrationAwareSqlAdapterFactory(adapterFactory(connection, opened)),
    );
    const result = await engine.diff({
      from: { tag: 'migrations', ...migrationList() },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
      shadowDatabaseUrl: null,
    });
    return result.exitCode === 0 ? null : result.stdout;
  } finally {
    for (const adapter of opened) await adapter.dispose();
  }
}
