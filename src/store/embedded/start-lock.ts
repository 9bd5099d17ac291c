/**
 * One starter or stopper of a cluster at a time, also among containers that share the volume: PostgreSQL's own lock (a pid
 * and shared memory) means nothing across pid and ipc namespaces, two postmasters would write the same files. The lock
 * is a folder, which every file system makes atomically; its holder keeps it fresh.
 */
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processExists } from './postmaster.ts';

/** A holder in another pid namespace cannot be looked up: its lock is stale after 8 s without a beat. */
const staleMs = 8_000;
const beatMs = 1_000;

interface Owner {
  readonly pid: number;
  readonly namespace: string;
  readonly token: string;
}

const orEmpty = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};

/** This pid namespace on this boot: only inside it does a pid say whether its process lives. */
const namespace = (): string =>
  [
    hostname(),
    orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    orEmpty(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');

const readOwner = (folder: string): Owner | null => {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Owner;
  } catch {
    return null; // being written, or gone
  }
};

/** Moves a dead holder's lock away; renaming lets only one of several waiters win. */
function clearIfStale(folder: string, me: Owner): void {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat) return;
  const other = readOwner(folder);
  const dead = other !== null && other.namespace === me.namespace && !processExists(other.pid);
  if (!dead && Date.now() - stat.mtimeMs <= staleMs) return;
  const aside = `${folder}.${me.token}`;
  try {
    renameSync(folder, aside);
    rmSync(aside, { recursive: true, force: true });
  } catch {
    // another waiter was faster
  }
}

/** Takes the lock and returns what releases it, or null when somebody else has it now (try again a little later). */
export function tryStartLock(folder: string): (() => void) | null {
  const me: Owner = { pid: process.pid, namespace: namespace(), token: randomBytes(8).toString('hex') };
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    clearIfStale(folder, me);
    return null;
  }
  let named = true;
  try {
    writeFileSync(join(folder, 'owner.json'), JSON.stringify(me));
  } catch (error) {
    // On a full disk too the server must be stopped: the folder is the lock, the name in it only helps others.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    named = false;
  }
  const beat = setInterval(() => {
    try {
      utimesSync(folder, new Date(), new Date());
    } catch {
      // taken from us while this process was stopped; release() sees the other token
    }
  }, beatMs);
  beat.unref();
  return () => {
    clearInterval(beat);
    const owner = readOwner(folder);
    if (named ? owner?.token === me.token : owner === null) rmSync(folder, { recursive: true, force: true });
  };
}
