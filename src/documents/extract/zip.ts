/**
 * Looks at an office document's archive before any parser may unpack it: how many files, how large they really get
 * (counted while unpacking, since headers can lie), how deep archives nest. Knows ZIP; must not know documents.
 */
import type { Readable } from 'node:stream';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { DocentError, reasonOf } from '../../errors.ts';
import { maxNestedBytes, maxUnpackedBytes, maxZipDepth, maxZipEntries, maxZipRatio, ratioFromBytes } from './limits.ts';

const zipMagic = [0x50, 0x4b, 0x03, 0x04];
export const isZip = (bytes: Uint8Array): boolean => zipMagic.every((byte, at) => bytes[at] === byte);

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @throws DocentError FILE_DAMAGED when the directory at the archive's end is missing or broken (cut files). */
async function openZip(bytes: Uint8Array, name: string): Promise<ZipFile> {
  try {
    return await fromBufferPromise(asBuffer(bytes));
  } catch (error) {
    throw new DocentError('FILE_DAMAGED', { name, reason: `the archive is incomplete (${reasonOf(error)})` });
  }
}

/** Names of the files inside. @throws DocentError FILE_DAMAGED, FILE_BOMB */
export async function listZip(bytes: Uint8Array, name: string): Promise<Entry[]> {
  const zip = await openZip(bytes, name);
  const bomb = new DocentError('FILE_BOMB', { name });
  if (zip.entryCount > maxZipEntries) throw bomb;
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) if (entries.push(entry) > maxZipEntries) throw bomb;
  } catch (error) {
    if (error === bomb) throw error;
    throw new DocentError('FILE_DAMAGED', { name, reason: reasonOf(error) });
  }
  return entries;
}

/** Unpacked bytes that are still allowed; shared by an archive and those inside it. */
interface Budget {
  left: number;
}

/** Unpacks one entry, keeps it only when `keep`. */
async function drain(zip: ZipFile, entry: Entry, budget: Budget, bomb: DocentError, keep: boolean): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream: Readable = await zip.openReadStreamPromise(entry);
  let first = true;
  let nested = keep;
  let kept = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    budget.left -= chunk.length;
    if (budget.left < 0) throw bomb;
    if (first && !keep) nested = isZip(chunk);
    first = false;
    if (!nested) continue;
    chunks.push(chunk);
    kept += chunk.length;
    if (!keep && kept > maxNestedBytes) throw bomb;
  }
  return Buffer.concat(chunks);
}

async function measure(bytes: Uint8Array, name: string, depth: number, budget: Budget): Promise<void> {
  const bomb = new DocentError('FILE_BOMB', { name });
  if (depth > maxZipDepth) throw bomb;
  const entries = await listZip(bytes, name);
  // What the headers admit to, before a byte is unpacked.
  const stated = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  if (stated > budget.left || (stated > ratioFromBytes && stated > bytes.length * maxZipRatio)) throw bomb;
  const zip = await openZip(bytes, name);
  for (const entry of entries) {
    if (entry.fileName.endsWith('/')) continue;
    if (entry.isEncrypted()) throw new DocentError('FILE_ENCRYPTED', { name });
    try {
      const inner = await drain(zip, entry, budget, bomb, false);
      if (inner.length > 0) await measure(inner, name, depth + 1, budget);
    } catch (error) {
      if (error instanceof DocentError && !(depth > 1 && error.code === 'FILE_DAMAGED')) throw error;
      // yauzl stops a stream that gives more than its header says: that header lied.
      if (/too many bytes/.test(reasonOf(error))) throw bomb;
      // A broken picture or embedded file is no reason to refuse the text; parsers complain where it matters.
    }
  }
}

/**
 * Unpacks everything once, counting, and keeps nothing.
 * @throws DocentError FILE_BOMB, FILE_ENCRYPTED, FILE_DAMAGED
 */
export async function checkZip(bytes: Uint8Array, name: string): Promise<void> {
  const left = Math.min(maxUnpackedBytes, Math.max(ratioFromBytes, bytes.length * maxZipRatio));
  await measure(bytes, name, 1, { left });
}

/** One file of a checked archive as text, or null. */
export async function readZipText(
  bytes: Uint8Array,
  name: string,
  paths: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const zip = await openZip(bytes, name);
  const bomb = new DocentError('FILE_BOMB', { name });
  const found = new Map<string, string>();
  const budget = { left: maxUnpackedBytes };
  for (const entry of await listZip(bytes, name)) {
    if (!paths.has(entry.fileName)) continue;
    try {
      found.set(entry.fileName, (await drain(zip, entry, budget, bomb, true)).toString('utf8'));
    } catch (error) {
      if (error === bomb) throw error;
      throw new DocentError('FILE_DAMAGED', { name, reason: `${entry.fileName}: ${reasonOf(error)}` });
    }
  }
  return found;
}
