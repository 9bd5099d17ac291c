/** Sentence embeddings from a child process, started again when it dies. Knows texts and vectors only. */
import type { ChildProcess } from 'node:child_process';
import { forkModule } from '../child.ts';
import { DocentError } from '../errors.ts';
import type { EncoderOptions } from './bert.ts';
import type { Embedder } from './contract.ts';
import type { FromEmbedWorker, ToEmbedWorker } from './embed-worker.ts';

/** Length of the vectors of all-MiniLM-L6-v2, until the model itself says. */
const usualDimensions = 384;

interface Waiting {
  readonly resolve: (vectors: readonly Float32Array[]) => void;
  readonly reject: (error: DocentError) => void;
}

export interface EmbedderOptions extends EncoderOptions {
  /** Changes whenever the same text would get another vector. */
  readonly version: string;
}

export function createEmbedder({ version, ...options }: EmbedderOptions): Embedder {
  const waiting = new Map<number, Waiting>();
  let nextCall = 1;
  let dimensions = usualDimensions;
  let child: ChildProcess | null = null;
  let starting: Promise<void> | null = null;
  let stopping = false;
  const failed = (reason: string) => new DocentError('ENGINE_FAILED', { reason });

  const launch = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const created = forkModule(import.meta.url, './embed-worker', { stdio: ['ignore', 2, 2, 'ipc'] });
      child = created;
      created.on('message', (message: FromEmbedWorker) => {
        if (message.type === 'started') {
          dimensions = message.dimensions;
          resolve();
        } else if (message.call === undefined) {
          reject(failed(message.type === 'failed' ? message.reason : 'it answered nonsense'));
          created.kill('SIGKILL');
        } else {
          const call = waiting.get(message.call);
          waiting.delete(message.call);
          if (message.type === 'embedded') call?.resolve(message.vectors);
          else call?.reject(failed(message.reason));
        }
      });
      const end = (reason: string) => {
        if (child === created) {
          child = null;
          // The next text starts another process.
          starting = null;
        }
        reject(failed(reason));
        for (const { reject: rejectCall } of waiting.values()) rejectCall(failed(reason));
        waiting.clear();
      };
      created.once('error', (error) => end(error.message));
      created.once('exit', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));
      created.send({ type: 'start', ...options } satisfies ToEmbedWorker);
    });
  const ready = (): Promise<void> => {
    if (stopping) return Promise.reject(failed('it was stopped'));
    starting ??= launch();
    return starting;
  };

  return {
    version,
    get dimensions() {
      return dimensions;
    },
    start: ready,
    async stop() {
      stopping = true;
      const last = child;
      if (!last) return;
      await new Promise<void>((resolve) => {
        last.once('exit', () => resolve());
        if (last.connected) last.disconnect();
        else last.kill('SIGKILL');
      });
    },
    async embed(texts) {
      await ready();
      return new Promise((resolve, reject) => {
        const call = nextCall++;
        waiting.set(call, { resolve, reject });
        child?.send({ type: 'embed', call, texts } satisfies ToEmbedWorker, () => undefined);
        if (!child) {
          waiting.delete(call);
          reject(failed('its process is gone'));
        }
      });
    },
  };
}
