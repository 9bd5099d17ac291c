/** Paths on the command line → the files to take in, each with its path within the channel. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { formatOfName, isCodeName } from '../documents/extract/index.ts';

export interface FileToIngest {
  readonly file: string;
  /** Within the channel: a file's name; in a folder that was named, the path inside it. */
  readonly path: string;
}

export interface FoundFiles {
  readonly files: readonly FileToIngest[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Named, but not there. */
  readonly missing: readonly string[];
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

/** Folders recurse; hidden files, code, installed packages and kinds that Docent does not read are left out with a reason. */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const files: FileToIngest[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const missing: string[] = [];

  const walk = async (root: string, folder: string): Promise<void> => {
    for (const entry of (await readdir(folder, { withFileTypes: true })).sort(byName)) {
      const full = join(folder, entry.name);
      const path = relative(root, full).split(sep).join('/');
      if (entry.name.startsWith('.')) skipped.push({ path, reason: 'hidden' });
      else if (entry.isDirectory() && entry.name === 'node_modules')
        skipped.push({ path, reason: 'installed packages' });
      else if (entry.isDirectory()) await walk(root, full);
      else if (!entry.isFile()) skipped.push({ path, reason: 'not a regular file' });
      else if (formatOfName(entry.name) === null)
        skipped.push({ path, reason: 'a kind of file that Docent does not read' });
      else if (isCodeName(entry.name)) skipped.push({ path, reason: 'code or configuration; name the file to add it' });
      else files.push({ file: full, path });
    }
  };

  const folders = paths.length > 1;
  for (const given of paths) {
    const info = await stat(given).catch(() => null);
    if (!info) missing.push(given);
    else if (!info.isDirectory()) files.push({ file: given, path: basename(given) });
    else {
      const before = files.length;
      await walk(given, given);
      // Two folders may hold a README each: with several, the folder's name tells them apart.
      if (folders)
        for (let i = before; i < files.length; i += 1)
          files[i] = { ...files[i]!, path: `${basename(given)}/${files[i]!.path}` };
    }
  }
  return { files, skipped, missing };
}
