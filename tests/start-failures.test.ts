/** What keeps `npm start` from starting is told in one line that names the cause and what to do; exit code 1. */
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testBase } from './setup/base.ts';
import { runCommand, startCommand } from './setup/command.ts';
import { type TestDatabase, testDatabase } from './setup/database.ts';

let folder: string;
let database: TestDatabase;
const taken = createServer();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'docent-start-'));
  database = await testDatabase();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
});
afterAll(async () => {
  taken.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const isRoot = process.getuid?.() === 0;

interface Failure {
  readonly name: string;
  readonly line: RegExp;
  /** What is said while it is still being tried. */
  readonly before?: RegExp;
  readonly prepare: (cwd: string) => Record<string, string>;
  readonly skip?: boolean;
}
const failures: readonly Failure[] = [
  {
    name: 'a taken port',
    line: /PORT_TAKEN: Port \d+ on 127\.0\.0\.1 is already in use\. .*DOCENT_PORT/,
    prepare: () => ({ DOCENT_PORT: String((taken.address() as AddressInfo).port) }),
  },
  {
    name: 'an address of another machine',
    line: /SETTING_INVALID: DOCENT_HOST is invalid: 203\.0\.113\.9 is not an address of this machine/,
    prepare: () => ({ DOCENT_HOST: '203.0.113.9', DOCENT_TOKEN: 'long-random-text' }),
  },
  {
    name: 'a home that cannot be made',
    line: /HOME_UNWRITABLE: .*file\/home cannot be written: .*DOCENT_HOME/,
    prepare: (cwd) => {
      writeFileSync(join(cwd, 'file'), '');
      return { DOCENT_HOME: join(cwd, 'file', 'home') };
    },
  },
  {
    name: 'a home without the right to write',
    line: /HOME_UNWRITABLE: .* cannot be written: .*DOCENT_HOME/,
    prepare: (cwd) => {
      chmodSync(cwd, 0o500);
      return { DOCENT_HOME: join(cwd, 'home') };
    },
    skip: isRoot,
  },
  {
    name: 'an unreadable .env',
    line: /ENV_UNREADABLE: The settings file .*\.env cannot be read: .*read access/,
    prepare: (cwd) => {
      mkdirSync(join(cwd, '.env'));
      return {};
    },
  },
  {
    name: 'a database that does not answer',
    line: /DATABASE_UNREACHABLE: .*ECONNREFUSED 127\.0\.0\.1:1\. Check DATABASE_URL/,
    // It may be starting at the same time: said at once, given up after half a minute.
    before: /does not answer yet/,
    prepare: () => ({ DATABASE_URL: 'postgresql://127.0.0.1:1/docent' }),
  },
  {
    name: 'a database that is not there',
    line: /DATABASE_UNREACHABLE: .*"nowhere" does not exist\. Check DATABASE_URL/,
    prepare: () => ({ DATABASE_URL: database.url.replace(database.name, 'nowhere') }),
  },
  {
    name: 'an address that is no database',
    line: /SETTING_INVALID: DATABASE_URL is invalid: use an address that begins with postgresql:\/\//,
    prepare: () => ({ DATABASE_URL: 'mysql://127.0.0.1/docent' }),
  },
];

for (const { name, line, before, prepare, skip = false } of failures)
  test.skipIf(skip)(name, async () => {
    const cwd = mkdtempSync(join(folder, 'cwd-'));
    const settings = { DATABASE_URL: database.url, DOCENT_HOME: join(cwd, 'home'), DOCENT_PORT: '0' };
    const { code, stdout, stderr } = await runCommand(['start'], { cwd, env: { ...settings, ...prepare(cwd) } });
    const lines = stderr.split('\n').filter(Boolean);
    expect(lines).toEqual([...(before ? [before] : []), line].map((each) => expect.stringMatching(each)));
    expect([code, stdout]).toEqual([1, '']);
  });

test('a terminal that is gone does not end the service', { timeout: 120_000 }, async () => {
  const cwd = mkdtempSync(join(folder, 'cwd-'));
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  const { folder: models } = await testBase();
  const own = await testDatabase();
  const { child, ended } = startCommand(['start'], {
    cwd,
    env: {
      DATABASE_URL: own.url,
      DOCENT_HOME: join(cwd, 'home'),
      DOCENT_PORT: String(port),
      DOCENT_MODELS_DIR: models,
      DOCENT_LOG_LEVEL: 'debug',
    },
  });
  child.stdout?.destroy();
  child.stderr?.destroy();
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200;
  while (!(await ready())) {
    expect(child.exitCode).toBeNull();
    await sleep(200);
  }
  child.kill('SIGTERM');
  expect(await ended()).toBe(0);
  await own.drop();
});
