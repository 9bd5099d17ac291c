/** Prepared graphs for the engine: found on disk, or built in a process of its own. */
import { forkModule } from '../child.ts';
import { DocentError, type ErrorCode } from '../errors.ts';
import { findPrepared, type Prepared, type PreparedSource } from './graph/prepared.ts';

export type PrepareAnswer =
  | { readonly prepared: Prepared }
  | { readonly code: ErrorCode; readonly details: Readonly<Record<string, unknown>> };

/**
 * @param signal stops the work; the promise then rejects.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT, ADAPTER_INVALID, DISK_FULL, ENGINE_FAILED.
 */
export async function prepareGraph(source: PreparedSource, signal?: AbortSignal): Promise<Prepared> {
  const found = findPrepared(source);
  if (found) return found;
  return new Promise((resolve, reject) => {
    const child = forkModule(import.meta.url, './prepare-worker');
    const fail = (reason: string) => reject(new DocentError('ENGINE_FAILED', { reason }));
    const abort = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    child.once('message', (answer: PrepareAnswer) => {
      if ('prepared' in answer) resolve(answer.prepared);
      else reject(new DocentError(answer.code, answer.details));
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, killedBy) => {
      signal?.removeEventListener('abort', abort);
      fail(`preparing the model ended with ${killedBy ?? code}`);
    });
    child.send(source);
  });
}
