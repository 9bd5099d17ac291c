/** The embedded PostgreSQL under kill -9: of initdb, of the server, of the process that started it. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { forkModule } from '../src/child.ts';
import { type EmbeddedPostgres, startEmbedded } from '../src/store/embedded/index.ts';
import { postmasterPid, processExists } from '../src/store/embedded/postmaster.ts';

const log = pino({ level: 'fatal' });
const root = mkdtempSync(join(tmpdir(), 'docent-embedded-'));
chmodSync(root, 0o755); // as root, PostgreSQL runs under an account that must get there
const home = join(root, 'home');
const open: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

const start = async (where = home): Promise<EmbeddedPostgres> => {
  const server = await startEmbedded({ home: where, log });
  open.push(server);
  return server;
};

const query = async (server: EmbeddedPostgres, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client(server.connection);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
};

const startProcess = (where = home): ChildProcess => {
  const child = forkModule(import.meta.url, './setup/embedded-process', {
    env: { ...process.env, DOCENT_HOME: where },
  });
  children.push(child);
  return child;
};

const kill = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await once(child, 'exit');
};

const isGone = (pid: number) =>
  vi.waitFor(
    () => expect(processExists(pid) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')).toBe(false),
    {
      timeout: 20_000,
    },
  );

afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) await kill(child);
  for (const server of open.splice(0)) await server.stop();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('one home', () => {
  test('is created once; the next start finds what was written', async () => {
    const server = await start();
    expect(server.startedHere).toBe(true);
    await query(server, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)');
    const pid = postmasterPid(server.dataFolder)!;
    await server.stop();
    expect(postmasterPid(server.dataFolder)).toBeNull();
    expect(processExists(pid) && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') S ')).toBe(false);
    const again = await start();
    expect(await query(again, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  test('is shared by processes: the last one to leave stops it, whoever started it', async () => {
    const child = startProcess();
    expect((await once(child, 'message'))[0]).toEqual({ startedHere: true });
    const server = await start();
    expect(server.startedHere).toBe(false);
    child.send('stop');
    await once(child, 'exit');
    expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
    expect(postmasterPid(server.dataFolder)).toBeNull();
  });

  test('several starting at once get one server', async () => {
    const four = [1, 2, 3, 4].map(() => startProcess());
    const answers = await Promise.all(four.map(async (child) => (await once(child, 'message'))[0]));
    expect(answers.filter((answer) => answer.startedHere)).toHaveLength(1);
    for (const child of four) child.send('stop');
    await Promise.all(four.map((child) => once(child, 'exit')));
    expect(postmasterPid(join(home, 'postgres', 'data'))).toBeNull();
  });

  test('with a path longer than a socket may have', async () => {
    const deep = join(root, 'a-folder-with-a-long-name'.repeat(5));
    const server = await start(deep);
    expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

test('as root, a closed home keeps its data in a folder of the system, and begins anew when it is made anew', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root needs this');
  const closed = join(root, 'closed');
  const dispose = async (server: EmbeddedPostgres) => {
    await server.stop();
    rmSync(join(server.dataFolder, '../..'), { recursive: true });
    rmSync(closed, { recursive: true });
  };
  mkdirSync(closed, { mode: 0o700 });
  const server = await start(closed);
  expect(server.dataFolder).not.toContain(closed);
  expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await dispose(server);
  mkdirSync(closed, { mode: 0o700 });
  const anew = await start(closed);
  expect(anew.dataFolder).not.toBe(server.dataFolder);
  expect(existsSync(server.dataFolder)).toBe(false);
  await dispose(anew);
});

describe('kill -9', () => {
  test('of initdb half-way: the next start makes a whole cluster', async () => {
    const fresh = join(root, 'killed-initdb');
    const child = startProcess(fresh);
    const state = join(fresh, 'postgres');
    const side = () => {
      try {
        return readdirSync(state).find((name) => name.startsWith('data.init.'));
      } catch {
        return undefined;
      }
    };
    await vi.waitFor(() => expect(readdirSync(join(state, side()!)).length).toBeGreaterThan(3), {
      timeout: 30_000,
      interval: 2,
    });
    const initdb = childrenOf(child.pid!);
    await kill(child);
    for (const pid of initdb) killIfThere(pid);
    const server = await start(fresh);
    expect(server.startedHere).toBe(true);
    expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(readdirSync(state).filter((name) => name.startsWith('data.init.'))).toEqual([]);
  });

  test('of the process that started it: the next one takes the running server over', async () => {
    const child = startProcess();
    await once(child, 'message');
    await kill(child);
    const server = await start();
    expect(server.startedHere).toBe(false);
    await server.stop();
    expect(postmasterPid(server.dataFolder)).toBeNull();
  });

  test('of the process and the server: the next start recovers what was committed', async () => {
    const child = startProcess();
    await once(child, 'message');
    const observer = await start();
    await query(observer, 'CREATE TABLE IF NOT EXISTS crashed (n int); INSERT INTO crashed VALUES (1)');
    const pid = postmasterPid(observer.dataFolder)!;
    await kill(child);
    process.kill(pid, 'SIGKILL');
    await isGone(pid);
    await vi.waitFor(async () => expect((await query(observer, 'SELECT n FROM crashed')).length).toBeGreaterThan(0), {
      timeout: 30_000,
    });
    expect(postmasterPid(observer.dataFolder)).not.toBe(pid); // the survivor started it again by itself
    await observer.stop();
    const next = await start();
    expect(next.startedHere).toBe(true);
    expect((await query(next, 'SELECT n FROM crashed')).length).toBeGreaterThan(0);
  });

  test('leaves a pid file whose pid now belongs to somebody else', async () => {
    const server = await start();
    const pid = postmasterPid(server.dataFolder)!;
    const file = join(server.dataFolder, 'postmaster.pid');
    const content = readFileSync(file, 'utf8');
    await server.stop();
    writeFileSync(file, content.replace(String(pid), String(process.pid)));
    const next = await start();
    expect(next.startedHere).toBe(true);
  });
});

describe('a start that cannot be', () => {
  test('data of another major version names the command', async () => {
    const other = join(root, 'other-version');
    const server = await start(other);
    await server.stop();
    writeFileSync(join(server.dataFolder, 'PG_VERSION'), '16\n');
    await expect(start(other)).rejects.toMatchObject({
      code: 'DATABASE_VERSION',
      details: { found: 16, expected: 18, command: expect.stringContaining(server.dataFolder) },
    });
  });

  test('a server that refuses names its reason and its log', async () => {
    const failing = startEmbedded({ home, log, settings: { shared_buffers: 'much' } });
    await expect(failing).rejects.toMatchObject({
      code: 'DATABASE_START_FAILED',
      message: expect.stringContaining('shared_buffers'),
      fix: expect.stringContaining(join(home, 'postgres', 'log')),
    });
    await start(); // and nothing is broken by it
  });

  test('a full disk is named', async (context) => {
    const small = join(root, 'small-disk');
    mkdirSync(small);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs', small], { stdio: 'ignore' });
    } catch {
      context.skip('mounting needs privileges');
    }
    try {
      await expect(start(small)).rejects.toMatchObject({ code: 'DISK_FULL' });
    } finally {
      execFileSync('umount', ['-l', small]);
    }
  });
});

const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        return readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid);
      } catch {
        return false;
      }
    });

const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended already
  }
};
