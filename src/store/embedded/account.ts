/**
 * Whose account PostgreSQL runs under and where that account can go. PostgreSQL refuses uid 0, so as root (containers)
 * an unprivileged account runs it. Knows the file system and the account list, nothing of PostgreSQL.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** uid and gid for `spawn` and `chown`; empty = the account that we run under ourselves. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * The account for PostgreSQL: ourselves, or as root an existing unprivileged one (initdb needs an entry in /etc/passwd).
 * @throws Error when we are root and there is no other account.
 */
export function databaseAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((account) => account.uid > 0);
  const chosen = ['postgres', 'nobody']
    .map((name) => accounts.find((account) => account.name === name))
    .concat(accounts)
    .find((account) => account !== undefined);
  if (!chosen) throw new Error('PostgreSQL cannot run as root, and /etc/passwd has no other account');
  return { uid: chosen.uid, gid: chosen.gid };
}

/** Whether the account can walk to `path` (permission bits of every existing ancestor; access lists are not read). */
export function canReach(path: string, account: Account): boolean {
  if (account.uid === undefined) return true;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat) {
      const execute = stat.uid === account.uid ? 0o100 : stat.gid === account.gid ? 0o010 : 0o001;
      if (!(stat.mode & execute)) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** Where the data goes when root's home is closed to the unprivileged account (a 0700 /root, for instance). */
const systemFolder = '/var/lib/docent';

/**
 * The name of this home's folder in the system's. It is kept in the home: a home that is deleted and made again at the
 * same path begins with an empty database.
 */
function nameElsewhere(inHome: string): string {
  const file = join(inHome, 'elsewhere');
  try {
    writeFileSync(file, randomBytes(8).toString('hex'), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

/**
 * The folder that holds everything of the embedded PostgreSQL of this home: `$DOCENT_HOME/postgres`, or one of the
 * system's when the account cannot get there. Exists afterwards.
 */
export function stateFolder(home: string, account: Account): string {
  const inHome = join(home, 'postgres');
  mkdirSync(inHome, { recursive: true });
  if (account.uid === undefined) return inHome;
  if (!(statSync(inHome).mode & 0o001)) chmodSync(inHome, 0o711);
  if (canReach(inHome, account)) return inHome;
  const elsewhere = join(systemFolder, nameElsewhere(inHome), 'postgres');
  mkdirSync(elsewhere, { recursive: true });
  for (const folder of [systemFolder, dirname(elsewhere), elsewhere]) chmodSync(folder, 0o711);
  return elsewhere;
}
