/** Prepared graphs for the engine: found on disk, or built in a process of its own. */
import { errand } from './errand.ts';
import { findPrepared, type Prepared, type PreparedSource } from './graph/prepared.ts';

/**
 * @param signal stops the work; the promise then rejects.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT, ADAPTER_INVALID, DISK_FULL, ENGINE_FAILED.
 */
export const prepareGraph = async (source: PreparedSource, signal?: AbortSignal): Promise<Prepared> =>
  findPrepared(source) ?? errand(import.meta.url, './prepare-worker', source, signal);
