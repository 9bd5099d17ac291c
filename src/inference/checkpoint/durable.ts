/**
 * Files and folders that appear under their name only when they are whole and on the disk: written beside it, synced,
 * renamed. Knows nothing of what is in them.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';

/** Over the quota is over for whoever asked. */
const fullCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * What an operator is told when a file cannot be written; errors that are not the system's pass through.
 * @param path what the operator named, even if it was a file inside of it that failed.
 */
export function writeError(error: unknown, path: string): unknown {
  if (isDocentError(error, 'DISK_FULL') || isDocentError(error, 'TARGET_UNWRITABLE'))
    return new DocentError(error.code, { ...error.details, path }, { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (isDocentError(error) || typeof code !== 'string') return error;
  if (fullCodes.has(code)) return new DocentError('DISK_FULL', { path }, { cause: error });
  return new DocentError('TARGET_UNWRITABLE', { path, reason: reasonOf(error) }, { cause: error });
}

/** Windows cannot open folders, and keeps renames by itself. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const scratchOf = (path: string): string => `${path}.${process.pid}.part`;

/** Appends to an open file, all of it. @throws Error with the code of the system, for instance ENOSPC. */
export function append(file: number, data: NodeJS.ArrayBufferView): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
}

/**
 * @param write gets the open file.
 * @throws DocentError DISK_FULL, TARGET_UNWRITABLE; whatever `write` throws. Nothing is left behind then, an older file
 * stays.
 */
export function writeFileWhole(path: string, write: (file: number) => void): void {
  const scratch = scratchOf(path);
  try {
    const file = openSync(scratch, 'w');
    try {
      write(file);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(scratch, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(scratch, { force: true });
    throw writeError(error, path);
  }
}

/** A small text, synced. For files inside of `writeFolderWhole`. */
export const writeText = (path: string, text: string): void => {
  writeFileSync(path, text, { flush: true });
};

/**
 * Replaces a folder by one rename; a kill just before it leaves the older one beside it, under `<folder>.old`. A folder
 * that is there and empty stays (it may be a mount, or where a shell stands) and gets its files at the end.
 * @param write fills the folder that it is given, with synced files.
 * @throws DocentError DISK_FULL, TARGET_UNWRITABLE; whatever `write` throws. Nothing is left behind then, an older folder
 * stays.
 */
export function writeFolderWhole(folder: string, write: (scratch: string) => void): void {
  const there = existsSync(folder);
  const isVacant = there && readdirSync(folder).length === 0;
  const scratch = isVacant ? join(folder, scratchOf('')) : scratchOf(folder);
  const old = `${folder}.old`;
  try {
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(dirname(scratch), { recursive: true });
    mkdirSync(scratch);
    write(scratch);
    syncFolder(scratch);
    if (isVacant) {
      for (const name of readdirSync(scratch)) renameSync(join(scratch, name), join(folder, name));
      rmdirSync(scratch);
      syncFolder(folder);
      return;
    }
    if (there) {
      rmSync(old, { recursive: true, force: true });
      renameSync(folder, old);
    }
    renameSync(scratch, folder);
    syncFolder(dirname(folder));
    rmSync(old, { recursive: true, force: true });
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw writeError(error, folder);
  }
}
