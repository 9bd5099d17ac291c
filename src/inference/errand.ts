/**
 * One piece of work in a process of its own: some seconds of computing and hundreds of MB of buffers that the serving
 * process neither waits for nor keeps. Knows processes and messages, not the work.
 */
import { forkModule } from '../child.ts';
import { DocentError, type ErrorCode, isDocentError, reasonOf } from '../errors.ts';

type Answer<T> =
  | { readonly done: T }
  | { readonly code: ErrorCode; readonly details: Readonly<Record<string, unknown>> };

/**
 * Forks a module that calls `carryOut` and hands it `input`: `errand(import.meta.url, './prepare-worker', source)`.
 * @param signal ends the child; the promise then rejects.
 * @throws DocentError what the work threw, or ENGINE_FAILED.
 */
export function errand<T>(callerUrl: string, module: string, input: unknown, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = forkModule(callerUrl, module);
    const fail = (reason: string) => reject(new DocentError('ENGINE_FAILED', { reason }));
    const abort = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    child.once('message', (answer: Answer<T>) => {
      if ('done' in answer) resolve(answer.done);
      else reject(new DocentError(answer.code, answer.details));
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, killedBy) => {
      signal?.removeEventListener('abort', abort);
      fail(`its process ended with ${killedBy ?? code}`);
    });
    child.send(input as object);
  });
}

/** The child's side: does the work once, answers and ends. It ends with its parent, too. */
export function carryOut<I, O>(work: (input: I) => O): void {
  process.once('message', (input: I) => {
    let answer: Answer<O>;
    try {
      answer = { done: work(input) };
    } catch (error) {
      answer = isDocentError(error)
        ? { code: error.code, details: error.details }
        : { code: 'ENGINE_FAILED', details: { reason: reasonOf(error) } };
    }
    process.send?.(answer, () => process.exit(0));
  });
  process.on('disconnect', () => process.exit(0));
}
