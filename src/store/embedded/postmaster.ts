/**
 * The server process of a cluster: who runs it, starting it, clearing what a dead one left, stopping it.
 * Knows the files that PostgreSQL keeps beside its data (`postmaster.pid`), not who uses the database.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from './account.ts';

/** Port in the socket's file name; nothing listens on it over TCP. */
export const socketPort = 5432;

export const processExists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** The pid in `postmaster.pid` (its first line; negative in single-user mode), or null. */
export function postmasterPid(data: string): number | null {
  const pid = Math.abs(Number.parseInt(read(join(data, 'postmaster.pid')) ?? '', 10));
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}

/** Whether that process really is PostgreSQL on this data: pids are used again after a container restarts. */
export function servesData(pid: number, data: string): boolean {
  if (!processExists(pid)) return false;
  if (process.platform !== 'linux') return true;
  const state = read(`/proc/${pid}/stat`)?.split(') ')[1]?.[0];
  if (state === undefined || state === 'Z') return false;
  try {
    return realpathSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** Live processes that work in the data folder: the postmaster and every backend change into it. */
function processesIn(data: string): number[] {
  if (process.platform !== 'linux') return [];
  const real = realpathSync(data);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === real;
      } catch {
        return false;
      }
    });
}

/**
 * Removes lock files whose pid now belongs to somebody else. PostgreSQL clears those of a dead pid itself, but refuses to
 * start when the pid was used again or is a zombie. Only done when no backend of the old cluster is left.
 * @returns false when backends are still there: wait and look again.
 */
export function clearReusedPid(data: string, socket: string): boolean {
  const pid = postmasterPid(data);
  if (pid === null || !processExists(pid)) return true;
  if (processesIn(data).length > 0) return false;
  for (const file of [join(data, 'postmaster.pid'), join(socket, `.s.PGSQL.${socketPort}.lock`)]) {
    if (Math.abs(Number.parseInt(read(file) ?? '', 10)) === pid) rmSync(file, { force: true });
  }
  return true;
}

/**
 * Small on purpose: the whole product stays below 1.2 GB. The log keeps no statement and no detail line, because those
 * would quote people's documents.
 */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: String(socketPort),
  shared_buffers: '32MB',
  work_mem: '8MB',
  maintenance_work_mem: '32MB',
  max_connections: '60',
  max_parallel_workers_per_gather: '0',
  max_worker_processes: '2',
  max_logical_replication_workers: '0',
  autovacuum_max_workers: '1',
  io_method: 'sync',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  jit: 'off',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** A log beyond 4 MB is begun anew at the next start. */
const maxLogBytes = 4 * 1024 * 1024;

export interface PostmasterProcess {
  readonly child: ChildProcess;
  /** What ended it, or null while it runs. */
  ended(): string | null;
}

export function spawnPostmaster(options: {
  readonly bin: string;
  readonly data: string;
  readonly socket: string;
  readonly logFile: string;
  readonly account: Account;
  readonly environment: NodeJS.ProcessEnv;
  readonly extraSettings?: Readonly<Record<string, string>>;
}): PostmasterProcess {
  const { bin, data, socket, logFile, account, environment } = options;
  const all = { ...settings, unix_socket_directories: socket, ...options.extraSettings };
  const logBytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  const log = openSync(logFile, logBytes > maxLogBytes ? 'w' : 'a');
  const args = ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  // A session of its own, because Ctrl-C must not reach it before our pool is drained; no pipe to us, because we may die
  // first and it goes on.
  const child = spawn(join(bin, 'postgres'), args, {
    ...account,
    env: environment,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let end: string | null = null;
  child.on('error', (error) => (end ??= error.message));
  child.on('exit', (code, signal) => (end ??= `it ended with ${code ?? signal}`));
  child.unref();
  return { child, ended: () => end };
}

/** The last lines of the log, to tell why a start failed. */
export const logTail = (logFile: string): string => (read(logFile) ?? '').slice(-2_000);
