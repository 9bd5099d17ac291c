/** The whole product with its chats in a process of its own, which tests kill and start again on the same data. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { forkModule } from '../../src/child.ts';
import type { TestStore } from './database.ts';

export interface ChatProduct {
  /** @returns the lines by which the platforms say that they are connected */
  start(): Promise<readonly string[]>;
  /** kill -9, where it runs. */
  kill(): Promise<void>;
  /** @throws Error where it does not run */
  process(): ChildProcess;
}

/** @param environment of the fakes, and whatever a test sets */
export function chatProduct(
  place: TestStore,
  modelsFolder: string,
  environment: Readonly<Record<string, string>>,
): ChatProduct {
  let running: ChildProcess | null = null;
  return {
    async start() {
      running = forkModule(import.meta.url, './chat-process', {
        env: {
          ...process.env,
          DATABASE_URL: place.database.url,
          DOCENT_HOME: place.config.home,
          DOCENT_MODELS_DIR: modelsFolder,
          DOCENT_DEVICE: 'cpu',
          ...environment,
        },
      });
      const [lines] = await once(running, 'message');
      return lines as readonly string[];
    },
    async kill() {
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const gone = once(running, 'exit');
      running.kill('SIGKILL');
      running = null;
      await gone;
    },
    process() {
      if (!running) throw new Error('not started');
      return running;
    },
  };
}
