/**
 * Who goes next when more is asked than can be read at once. Workspaces take turns, and in each its people do, so that
 * a hundred questions of one do not keep another's first waiting. Knows names and waiting, not what is done.
 */
import { DocentError } from '../errors.ts';
import { groupBy } from '../group.ts';

export interface Asker {
  /** null = the operator's own surfaces. */
  readonly workspaceId: string | null;
  readonly userId: string;
}

export interface TurnsOptions {
  /** How many are worked on together. */
  readonly atOnce: number;
  /** More are refused. */
  readonly mostWaiting: number;
  /** Who waited this long is told to come back. */
  readonly longestWaitMs: number;
}

/** Two questions are eight passages, which the engine reads together; more at once only makes all of them late. */
export const defaultTurns: TurnsOptions = { atOnce: 2, mostWaiting: 500, longestWaitMs: 5 * 60_000 };

interface TakeOptions {
  readonly signal?: AbortSignal;
  /** Told once, when there is no free place: how many go before, plus one. */
  readonly onWaiting?: (position: number) => void;
}

export interface Turns {
  /** Does `work` when its turn has come. @throws DocentError ENGINE_BUSY; CANCELLED when the signal ends the wait */
  take<T>(asker: Asker, work: () => Promise<T>, options?: TakeOptions): Promise<T>;
  waiting(): number;
  running(): number;
}

/**
 * The order in which those who wait go, each list in order of arrival. A person's nth question under way or waiting goes
 * with the nth of others; so does a workspace's, in the order of its people.
 */
export function inTurn<A extends Asker>(waiting: readonly A[], running: readonly Asker[]): readonly A[] {
  const ranked = <T>(items: readonly T[], keyOf: (item: T) => string, ahead: (key: string) => number) =>
    [...groupBy(items, keyOf)]
      .flatMap(([key, own]) => own.map((item, i) => ({ item, rank: ahead(key) + i })))
      .sort((a, b) => a.rank - b.rank || items.indexOf(a.item) - items.indexOf(b.item))
      .map(({ item }) => item);
  const workspaceOf = ({ workspaceId }: Asker) => workspaceId ?? '';
  const personOf = (asker: Asker) => `${workspaceOf(asker)}\n${asker.userId}`;
  const count = (keyOf: (asker: Asker) => string) => (key: string) =>
    running.filter((asker) => keyOf(asker) === key).length;
  return ranked(ranked(waiting, personOf, count(personOf)), workspaceOf, count(workspaceOf));
}

interface Ticket extends Asker {
  readonly begin: () => void;
}

export function createTurns({ atOnce, mostWaiting, longestWaitMs }: TurnsOptions): Turns {
  const waiting: Ticket[] = [];
  const running: Asker[] = [];

  const next = () => {
    while (running.length < atOnce && waiting.length > 0) {
      const ticket = inTurn(waiting, running)[0]!;
      waiting.splice(waiting.indexOf(ticket), 1);
      running.push(ticket);
      ticket.begin();
    }
  };

  /** Resolves with who is running now, once there is a place. */
  const place = (asker: Asker, { signal, onWaiting }: TakeOptions): Promise<Asker> =>
    new Promise((resolve, reject) => {
      const leave = (error: DocentError) => () => {
        waiting.splice(waiting.indexOf(ticket), 1);
        settle();
        reject(error);
      };
      const cancelled = leave(new DocentError('CANCELLED'));
      const timer = setTimeout(leave(new DocentError('ENGINE_BUSY')), longestWaitMs);
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancelled);
      };
      const ticket: Ticket = {
        ...asker,
        begin() {
          settle();
          resolve(ticket);
        },
      };
      signal?.addEventListener('abort', cancelled, { once: true });
      waiting.push(ticket);
      next();
      if (waiting.includes(ticket)) onWaiting?.(inTurn(waiting, running).indexOf(ticket) + 1);
    });

  return {
    async take(asker, work, options = {}) {
      if (options.signal?.aborted) throw new DocentError('CANCELLED');
      if (waiting.length >= mostWaiting) throw new DocentError('ENGINE_BUSY');
      const own = await place(asker, options);
      try {
        return await work();
      } finally {
        running.splice(running.indexOf(own), 1);
        next();
      }
    },
    waiting: () => waiting.length,
    running: () => running.length,
  };
}
