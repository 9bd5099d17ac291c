/**
 * The embedded PostgreSQL of one home: created once, started or adopted, shared by the processes of that home, stopped by
 * the last of them. Knows nothing of what is stored in it.
 *
 * Every process holds one *presence* connection for as long as it needs the server. It makes three things certain: the
 * server is not stopped under a process (the stopper looks for other clients), a process that was killed does not count
 * (its connection ended with it), and a server that dies is noticed and started again.
 */
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readlinkSync, realpathSync, symlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';
import type { Log } from '../log.ts';
import { isConnectionLoss } from '../retry.ts';
import { type Account, databaseAccount, stateFolder } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { checkVersion, clusterExists, createCluster } from './cluster.ts';
import { clearReusedPid, logTail, postmasterPid, servesData, socketPort, spawnPostmaster } from './postmaster.ts';
import { tryStartLock } from './start-lock.ts';

const pollMs = 25;
/** initdb takes 1–4 s, recovery after a crash seconds more; a slow disk may need most of a minute. */
const startTimeoutMs = 60_000;
/** Backends of connections that we have just closed vanish a little later. */
const lastClientWaitMs = 600;
const stopTimeoutMs = 30_000;
const databaseName = 'docent';

export interface EmbeddedPostgres {
  /** For `pg` and for adapters on top of it. */
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  readonly dataFolder: string;
  readonly logFile: string;
  /** Whether this process started the server, or found it running. */
  readonly startedHere: boolean;
  /** Leaves; the last one to leave stops the server. Close your own connections first. Idempotent. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** DOCENT_HOME, absolute. */
  readonly home: string;
  readonly log: Log;
  /** Further settings of the server, for tests (`fsync: 'off'`). */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Site {
  readonly account: Account;
  readonly binaries: Binaries;
  readonly state: string;
  readonly data: string;
  readonly logFile: string;
  readonly lock: string;
  readonly socket: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** A socket's path may have 107 bytes (103 on macOS): a long one is reached through a short link in the temp folder. */
function socketFolder(state: string, account: Account): string {
  const folder = join(state, 'socket');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
  if (Buffer.byteLength(folder) <= 85) return folder;
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const short = join(realpathSync(tmpdir()), `docent-${digest}`);
  try {
    symlinkSync(folder, short);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || readlinkSync(short) !== folder) throw error;
  }
  return short;
}

function prepareSite(home: string): Site {
  const account = databaseAccount();
  const state = stateFolder(home, account);
  return {
    account,
    binaries: findBinaries(state, account),
    state,
    data: join(state, 'data'),
    logFile: join(state, 'log'),
    lock: join(state, 'starting'),
    socket: socketFolder(state, account),
    environment: { PATH: process.env.PATH, LC_ALL: 'C', LC_MESSAGES: 'C', TZ: 'UTC', HOME: state },
  };
}

/** Opens the presence connection; throws what the server or the socket says. */
async function connectPresence(site: Site): Promise<pg.Client> {
  const client = new pg.Client({
    host: site.socket,
    port: socketPort,
    user: 'postgres',
    database: 'postgres',
    application_name: `docent presence ${process.pid}`,
    connectionTimeoutMillis: 3_000,
  });
  client.on('error', () => {}); // noticed through 'end'
  try {
    await client.connect();
    await client.query('SELECT 1');
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

const isDiskFull = (error: unknown, text = ''): boolean =>
  (error as NodeJS.ErrnoException)?.code === 'ENOSPC' || /No space left on device/.test(`${reasonOf(error)}${text}`);

/** Somebody is starting it up or shutting it down: SQLSTATE cannot_connect_now. */
const isChanging = (error: unknown): boolean => (error as { code?: string }).code === '57P03';

/**
 * Finds the server running or starts it, and returns the presence connection.
 * Loop: adopt if it answers; else take the start lock and look again; clear what a dead one left; create; spawn; wait.
 */
async function ensureRunning(
  site: Site,
  settings: Readonly<Record<string, string>> | undefined,
  log: Log,
): Promise<{ presence: pg.Client; startedHere: boolean }> {
  const deadline = Date.now() + startTimeoutMs;
  let unlock: (() => void) | null = null;
  try {
    while (Date.now() < deadline) {
      const pid = postmasterPid(site.data);
      let refusal: unknown = null;
      if (pid !== null) {
        try {
          return { presence: await connectPresence(site), startedHere: false };
        } catch (error) {
          refusal = error;
        }
      }
      unlock ??= tryStartLock(site.lock);
      if (!unlock) {
        await sleep(pollMs + Math.random() * 2 * pollMs);
        continue;
      }
      if (pid !== null) {
        if (isChanging(refusal) || servesData(pid, site.data) || !clearReusedPid(site.data, site.socket)) {
          await sleep(pollMs);
          continue;
        }
      }
      if (!clusterExists(site.data)) {
        const begun = Date.now();
        await createCluster(site);
        log.info({ ms: Date.now() - begun }, 'database created');
      }
      checkVersion(site.data, site.binaries);
      const postmaster = spawnPostmaster({ bin: site.binaries.folder, ...site, extraSettings: settings });
      while (Date.now() < deadline) {
        const end = postmaster.ended();
        if (end !== null) {
          const tail = logTail(site.logFile);
          if (/lock file .* already exists|is still in use/.test(tail.slice(-600))) break; // lost a race after all
          throw new Error(`${end}: ${lastComplaint(tail)}`);
        }
        try {
          return { presence: await connectPresence(site), startedHere: true };
        } catch {
          await sleep(pollMs);
        }
      }
    }
    throw new Error(`it did not answer within ${startTimeoutMs / 1000} s`);
  } finally {
    unlock?.();
  }
}

const lastComplaint = (tail: string): string =>
  tail
    .split('\n')
    .findLast((line) => /FATAL|PANIC|ERROR/.test(line))
    ?.replace(/^.*?(FATAL|PANIC|ERROR):\s*/, '') ?? 'no reason in its log';

/** Retried when the server that we had just found was being stopped by its last user. */
async function arrive(
  site: Site,
  settings: Readonly<Record<string, string>> | undefined,
  log: Log,
): Promise<{ presence: pg.Client; startedHere: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const found = await ensureRunning(site, settings, log);
    try {
      await createDatabase(found.presence);
      return found;
    } catch (error) {
      await found.presence.end().catch(() => {});
      if (attempt === 3 || !isConnectionLoss(error)) throw error;
    }
  }
}

async function createDatabase(presence: pg.Client): Promise<void> {
  const { rowCount } = await presence.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
  if (rowCount) return;
  try {
    await presence.query(`CREATE DATABASE "${databaseName}"`);
  } catch (error) {
    // 42P04 and 23505: another process was faster
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}

/**
 * Starts or adopts the PostgreSQL of this home.
 * @throws DocentError DATABASE_VERSION, DISK_FULL, DATABASE_START_FAILED (with the log's path)
 */
export async function startEmbedded({ home, log, settings }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  let site: Site | null = null;
  try {
    site = prepareSite(home);
    const first = await arrive(site, settings, log);
    return supervise(site, first, settings, log);
  } catch (error) {
    if (isDocentError(error)) throw error;
    const logFile = site?.logFile ?? join(home, 'postgres', 'log');
    if (isDiskFull(error, site ? logTail(site.logFile) : ''))
      throw new DocentError('DISK_FULL', { path: home }, { cause: error });
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw new DocentError('HOME_UNWRITABLE', { path: home, reason: reasonOf(error) }, { cause: error });
    }
    throw new DocentError('DATABASE_START_FAILED', { reason: reasonOf(error), log: logFile }, { cause: error });
  }
}

/** pg has no method for this; its Connection and the stream in it are what its own pool unrefs. */
const socketOf = (client: pg.Client): Socket =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;

/** Pause between attempts to start a server again that died. */
const reviveMs = 1_000;

function supervise(
  site: Site,
  first: { presence: pg.Client; startedHere: boolean },
  settings: Readonly<Record<string, string>> | undefined,
  log: Log,
): EmbeddedPostgres {
  let presence: pg.Client | null = first.presence;
  const leaving = new AbortController();
  let reviving: Promise<void> = Promise.resolve();

  const watch = (client: pg.Client): void => {
    socketOf(client).unref(); // waiting here must not keep the process alive
    client.once('end', () => {
      presence = null;
      if (!leaving.signal.aborted) reviving = revive();
    });
  };

  const revive = async (): Promise<void> => {
    log.warn('the embedded database ended; starting it again');
    while (!leaving.signal.aborted) {
      try {
        const again = await ensureRunning(site, settings, log);
        presence = again.presence;
        watch(again.presence);
        return;
      } catch (error) {
        log.error({ reason: reasonOf(error) }, 'the embedded database does not start');
        await sleep(reviveMs, undefined, { ref: false });
      }
    }
  };

  watch(first.presence);

  let stopped: Promise<void> | null = null;
  return {
    connection: { host: site.socket, port: socketPort, user: 'postgres', database: databaseName },
    dataFolder: site.data,
    logFile: site.logFile,
    startedHere: first.startedHere,
    stop: () =>
      (stopped ??= (async () => {
        leaving.abort();
        await reviving;
        if (!presence) return;
        socketOf(presence).ref();
        await stopIfLast(site, presence);
      })()),
  };
}

const othersSql = `
  SELECT count(*)::int AS n FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;

/** Under the start lock nobody adopts the server between the look and the signal. */
async function stopIfLast(site: Site, presence: pg.Client): Promise<void> {
  const deadline = Date.now() + stopTimeoutMs;
  let unlock = tryStartLock(site.lock);
  while (!unlock && Date.now() < deadline) {
    await sleep(pollMs);
    unlock = tryStartLock(site.lock);
  }
  try {
    if (!unlock || !(await isLast(presence))) return;
    const pid = postmasterPid(site.data);
    if (pid === null || !servesData(pid, site.data)) return; // gone, or in another container
    process.kill(pid, 'SIGINT'); // fast shutdown: ends the remaining connections, writes a checkpoint
    while (Date.now() < deadline && existsSync(join(site.data, 'postmaster.pid'))) await sleep(pollMs);
  } finally {
    await presence.end().catch(() => {});
    unlock?.();
  }
}

async function isLast(presence: pg.Client): Promise<boolean> {
  const deadline = Date.now() + lastClientWaitMs;
  try {
    for (;;) {
      const { rows } = await presence.query<{ n: number }>(othersSql);
      if (rows[0]?.n === 0) return true;
      if (Date.now() > deadline) return false;
      await sleep(pollMs);
    }
  } catch {
    return false; // it is ending already
  }
}
