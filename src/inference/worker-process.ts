/** One life of the engine's child process: messages become calls. Knows nothing of restarts. */
import { forkModule } from '../child.ts';
import { DocentError } from '../errors.ts';
import type { RowResult } from './contract.ts';
import type { Prepared } from './graph/prepared.ts';
import type { FromWorker, ToWorker, WorkerChoice, WorkerStats } from './protocol.ts';

export interface WorkerEvents {
  readonly onToken: (call: number, row: number, token: number) => void;
  readonly onResult: (call: number, results: readonly RowResult[]) => void;
  readonly onFailed: (call: number, error: DocentError) => void;
  readonly onStats: (call: number, stats: WorkerStats) => void;
  readonly onExit: (reason: string) => void;
}

export interface WorkerProcess {
  /** @throws DocentError ENGINE_FAILED when the process cannot work or ends first. */
  start(message: Omit<Extract<ToWorker, { type: 'start' }>, 'type'>): Promise<WorkerChoice>;
  load(call: number, model: string, prepared: Prepared): Promise<void>;
  /** False when the process is gone. */
  send(message: ToWorker): boolean;
  choice(): WorkerChoice | null;
  kill(): void;
  /** Lets it end by itself, and kills it when it does not. */
  stop(): Promise<void>;
}

/** Closing sessions takes some tens of milliseconds. */
const exitMs = 2_000;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: DocentError) => void;
}

export function createWorkerProcess(events: WorkerEvents): WorkerProcess {
  // What it prints goes to stderr: stdout belongs to the JSON of commands.
  const child = forkModule(import.meta.url, './worker', { stdio: ['ignore', 2, 2, 'ipc'] });
  const loading = new Map<number, Waiting<void>>();
  let starting: Waiting<WorkerChoice> | null = null;
  let choice: WorkerChoice | null = null;
  let gone = false;

  const send = (message: ToWorker): boolean => {
    if (gone || !child.connected) return false;
    // A child that dies at this moment is noticed by its exit.
    child.send(message, () => undefined);
    return true;
  };
  const end = (reason: string) => {
    if (gone) return;
    gone = true;
    const error = new DocentError('ENGINE_FAILED', { reason });
    starting?.reject(error);
    for (const { reject } of loading.values()) reject(error);
    events.onExit(reason);
  };

  child.on('message', (message: FromWorker) => {
    switch (message.type) {
      case 'started':
        choice = message.choice;
        starting?.resolve(message.choice);
        break;
      case 'loaded':
        loading.get(message.call)?.resolve();
        loading.delete(message.call);
        break;
      case 'token':
        events.onToken(message.call, message.row, message.token);
        break;
      case 'result':
        events.onResult(message.call, message.results);
        break;
      case 'stats':
        events.onStats(message.call, message.stats);
        break;
      case 'failed': {
        const error = new DocentError(message.code, message.details);
        if (message.call === undefined) starting?.reject(error);
        else if (loading.has(message.call)) {
          loading.get(message.call)!.reject(error);
          loading.delete(message.call);
        } else events.onFailed(message.call, error);
        break;
      }
    }
  });
  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));

  return {
    start: (message) =>
      new Promise((resolve, reject) => {
        starting = { resolve, reject };
        if (!send({ type: 'start', ...message })) end('it did not start');
      }),
    load: (call, model, prepared) =>
      new Promise((resolve, reject) => {
        loading.set(call, { resolve, reject });
        if (!send({ type: 'load', call, model, prepared }))
          reject(new DocentError('ENGINE_FAILED', { reason: 'its process is gone' }));
      }),
    send,
    choice: () => choice,
    kill: () => void child.kill('SIGKILL'),
    stop: () =>
      new Promise((resolve) => {
        if (gone) {
          resolve();
          return;
        }
        const timer = setTimeout(() => child.kill('SIGKILL'), exitMs);
        child.once('exit', () => {
          clearTimeout(timer);
          resolve();
        });
        if (child.connected) child.disconnect();
      }),
  };
}
