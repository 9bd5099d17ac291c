/** Creates a cluster and tells which PostgreSQL wrote an existing one. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DocentError } from '../../errors.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';

/** UTF-8 and byte order everywhere: no locale of the machine changes what an index means. */
const initdbArguments = [
  '--username=postgres',
  '--auth-local=trust',
  '--auth-host=reject',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
];

const run = (command: string, args: readonly string[], options: object): Promise<void> =>
  new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      const complaint = output.split('\n').findLast((line) => /error:|FATAL:|PANIC:/.test(line));
      reject(new Error(`${basename(command)} ended with ${code ?? signal}: ${complaint ?? output.slice(-300)}`));
    });
  });

/** An initdb whose starter was killed may still be writing there: what is left is removed by a later creation, or stays. */
function removeLeftover(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // in use
  }
}

export const clusterExists = (data: string): boolean => existsSync(join(data, 'PG_VERSION'));

/**
 * Runs initdb in a side folder and renames the result: a killed initdb leaves no half cluster. Call under the start lock.
 */
export async function createCluster(options: {
  readonly binaries: Binaries;
  readonly data: string;
  readonly account: Account;
  readonly environment: NodeJS.ProcessEnv;
}): Promise<void> {
  const { binaries, data, account, environment } = options;
  const prefix = `${basename(data)}.init.`;
  for (const name of readdirSync(dirname(data))) {
    if (name.startsWith(prefix)) removeLeftover(join(dirname(data), name));
  }
  const side = join(dirname(data), `${prefix}${process.pid}.${randomBytes(3).toString('hex')}`);
  mkdirSync(side, { mode: 0o700 });
  if (account.uid !== undefined && account.gid !== undefined) chownSync(side, account.uid, account.gid);
  try {
    await run(join(binaries.folder, 'initdb'), ['-D', side, ...initdbArguments], {
      ...account,
      env: environment,
      cwd: '/',
    });
    renameSync(side, data);
  } finally {
    rmSync(side, { recursive: true, force: true });
  }
}

/** @throws DocentError DATABASE_VERSION when another major version wrote the data. */
export function checkVersion(data: string, binaries: Binaries): void {
  const found = Number.parseInt(readFileSync(join(data, 'PG_VERSION'), 'utf8'), 10);
  if (found === binaries.major) return;
  throw new DocentError('DATABASE_VERSION', {
    path: data,
    found,
    expected: binaries.major,
    command: `mv '${data}' '${data}-${found}' && npm start   (sets the old data aside; bring it back with “docent backup” of the version that wrote it and “docent restore” of this one)`,
  });
}
