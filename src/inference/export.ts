/** A base with an adapter folded in, written as a standalone checkpoint by a process of its own. */
import type { ExportedFile, ExportSource } from './checkpoint/export.ts';
import { errand } from './errand.ts';

export { type ExportedFile, type ExportSource, exportFormats, isExportFormat } from './checkpoint/export.ts';

/**
 * @param signal stops the work and leaves the half-written files beside the target; the promise then rejects.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT, ADAPTER_INVALID, DISK_FULL, TARGET_UNWRITABLE, ENGINE_FAILED.
 */
export const exportModel = (source: ExportSource, signal?: AbortSignal): Promise<readonly ExportedFile[]> =>
  errand(import.meta.url, './export-worker', source, signal);
