/**
 * A standalone model on disk: the base, with an adapter folded in or without one, in a format of choice.
 * Takes seconds and some hundred MB for the default base, so it belongs into a process of its own (../export.ts).
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DocentError } from '../../errors.ts';
import { readAdapter, withAdapter } from './adapter.ts';
import { openCheckpoint } from './checkpoint.ts';
import { exportFolder } from './export-folder.ts';
import { exportGguf } from './export-gguf.ts';

/** What each format can keep weights as, the default first. */
export const exportFormats = {
  safetensors: ['f32', 'f16', 'bf16'],
  gguf: ['f16', 'q8_0'],
} as const;
export type ExportFormat = keyof typeof exportFormats;
export type ExportPrecision = (typeof exportFormats)[ExportFormat][number];

export const isExportFormat = (name: string): name is ExportFormat => Object.hasOwn(exportFormats, name);

export interface ExportSource {
  /** A .gguf file or a checkpoint folder. */
  readonly base: string;
  /** null = the bare base. */
  readonly adapterFolder: string | null;
  /** What tools show for the model. */
  readonly name: string;
  readonly format: ExportFormat;
  /** One of the format's. */
  readonly precision: ExportPrecision;
  /** The folder of a safetensors checkpoint, or the .gguf file; its folder exists. */
  readonly target: string;
}

export interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * @returns the files that were written, with absolute paths if `target` is one.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT, ADAPTER_INVALID, DISK_FULL, TARGET_UNWRITABLE.
 */
export function writeExport(source: ExportSource): readonly ExportedFile[] {
  const { base, adapterFolder, name, format, precision, target } = source;
  const opened = openCheckpoint(base);
  try {
    const checkpoint = adapterFolder === null ? opened : withAdapter(opened, readAdapter(adapterFolder, opened.config));
    if (format === 'gguf')
      exportGguf(target, checkpoint, base, { name, quantisation: precision === 'q8_0' ? 'Q8_0' : 'F16' });
    else exportFolder(target, checkpoint, base, precision === 'f16' ? 'F16' : precision === 'bf16' ? 'BF16' : 'F32');
  } catch (error) {
    // A number that the narrower type cannot hold.
    if (error instanceof RangeError)
      throw new DocentError('MODEL_UNSUPPORTED', { file: target, reason: error.message }, { cause: error });
    throw error;
  } finally {
    opened.close();
  }
  const paths = statSync(target).isDirectory() ? readdirSync(target).map((file) => join(target, file)) : [target];
  return paths.map((path) => ({ path, bytes: statSync(path).size }));
}
