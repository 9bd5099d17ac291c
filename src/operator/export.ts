/** `docent models export`: an adapter as it is, or the base with or without one as a standalone model. */
import { copyFileSync, existsSync } from 'node:fs';
import { mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DocentError } from '../errors.ts';
import { writeError, writeFolderWhole } from '../inference/checkpoint/durable.ts';
import { exportFormats, exportModel as exportWhole, isExportFormat } from '../inference/export.ts';
import type { AdapterRegistry, AdapterVersion } from '../registry/adapters.ts';
import type { Base } from '../registry/bases.ts';
import type { ExportArguments, ExportResult } from './contract.ts';

const adapterFiles = ['adapter_config.json', 'adapter_model.safetensors', 'manifest.json', 'README.md'];

const usage = (reason: string) => new DocentError('USAGE', { reason });

/** @throws DocentError TARGET_TAKEN for anything that would be lost. */
async function checkVacant(path: string): Promise<void> {
  const info = await stat(path).catch(() => null);
  if (info && (!info.isDirectory() || (await readdir(path)).length > 0))
    throw new DocentError('TARGET_TAKEN', { path });
}

async function copyAdapter({ folder }: AdapterVersion, target: string): Promise<ExportResult['files']> {
  const names = adapterFiles.filter((name) => existsSync(join(folder, name)));
  writeFolderWhole(target, (scratch) => {
    for (const name of names) copyFileSync(join(folder, name), join(scratch, name));
  });
  const paths = names.map((name) => join(target, name));
  return Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
}

/**
 * @throws DocentError USAGE, ADAPTER_UNKNOWN, ADAPTER_INVALID, TARGET_TAKEN, TARGET_UNWRITABLE, DISK_FULL; what finding
 * or reading the base throws.
 */
export async function exportModel(
  deps: { readonly base: () => Promise<Base>; readonly registry: () => Promise<AdapterRegistry> },
  args: ExportArguments,
  signal?: AbortSignal,
): Promise<ExportResult> {
  const { id, target, merge, format: wanted, quantisation } = args;
  const isWhole = id === null || merge === true;
  if (!isWhole && (wanted ?? quantisation) !== undefined)
    throw usage('--format and --quantisation need --merge: an adapter alone is always in PEFT’s format');
  const format = wanted ?? 'safetensors';
  if (!isExportFormat(format)) throw usage(`--format takes ${Object.keys(exportFormats).join(' or ')}`);
  const precision = exportFormats[format].find((name) => name === (quantisation ?? exportFormats[format][0]));
  if (!precision) throw usage(`--quantisation takes ${exportFormats[format].join(', ')} for ${format}`);
  await checkVacant(target);

  const base = await deps.base();
  const adapter = id === null ? null : await (await deps.registry()).get(id);
  const facts = { base: base.name, adapter: id, path: target };
  try {
    if (adapter && !isWhole)
      return { ...facts, format: 'peft', quantisation: null, files: await copyAdapter(adapter, target) };
    const name = [base.name, ...(adapter ? [adapter.id] : [])].join('-').replace(/[^\w.-]+/g, '-');
    const isFile = format === 'gguf' && target.endsWith('.gguf');
    const path = format === 'gguf' && !isFile ? join(target, `${name}-${precision}.gguf`) : target;
    const folder = dirname(path);
    const made = await mkdir(folder, { recursive: true });
    const source = { base: base.path, adapterFolder: adapter?.folder ?? null, name, format, precision, target: path };
    const files = await exportWhole(source, signal).catch(async (error: unknown) => {
      if (made) await rmdir(folder).catch(() => undefined);
      throw error;
    });
    return { ...facts, format, quantisation: precision, files };
  } catch (error) {
    throw writeError(error, target);
  }
}
