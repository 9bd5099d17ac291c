/**
 * Gives the stateless OpenAI protocol a conversation. A caller sends all earlier messages with every request; Docent
 * keeps threads. This module finds the thread that holds exactly those messages. It knows no answers and no HTTP.
 */
import { createHash, randomUUID } from 'node:crypto';

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** Conversations that are remembered; a forgotten one is rebuilt from its last question. */
const maxThreads = 5_000;

export interface Threads {
  /**
   * The thread whose turns so far are exactly `earlier`, taken out: the caller goes on with it and calls `remember`.
   * A second request that branches off the same turns gets undefined, because the thread has moved on.
   */
  claim(user: string, earlier: readonly Turn[]): string | undefined;
  remember(user: string, turns: readonly Turn[], thread: string): void;
  fresh(): string;
}

export function createThreads(): Threads {
  const known = new Map<string, string>();
  const keyOf = (user: string, turns: readonly Turn[]): string =>
    createHash('sha256')
      .update(JSON.stringify([user, ...turns.map((turn) => [turn.role, turn.text.trim()])]))
      .digest('base64');

  return {
    claim(user, earlier) {
      const key = keyOf(user, earlier);
      const thread = known.get(key);
      known.delete(key);
      return thread;
    },
    remember(user, turns, thread) {
      known.set(keyOf(user, turns), thread);
      if (known.size > maxThreads) known.delete(known.keys().next().value!);
    },
    fresh: () => `v1-${randomUUID()}`,
  };
}
