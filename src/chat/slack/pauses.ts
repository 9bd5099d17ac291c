/** Work that waits until nothing has happened to its subject for a while. Knows time; must not know what is done. */
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';

export interface Pauses {
  /** Something happened to it. */
  touch(subject: string): void;
}

export function createPauses(
  settleMs: number,
  log: Pick<BaseLogger, 'warn'>,
  work: (subject: string) => Promise<void>,
): Pauses {
  const waiting = new Map<string, NodeJS.Timeout>();
  return {
    touch(subject) {
      clearTimeout(waiting.get(subject));
      const timer = setTimeout(() => {
        waiting.delete(subject);
        work(subject).catch((error: unknown) => log.warn({ subject, reason: reasonOf(error) }, 'change not followed'));
      }, settleMs);
      timer.unref();
      waiting.set(subject, timer);
    },
  };
}
