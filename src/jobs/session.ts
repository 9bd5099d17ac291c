/**
 * The one connection of a process that holds the locks of its running jobs and hears NOTIFY. Comes back by itself after
 * the database was away. Knows connections, not jobs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Log } from '../store/index.ts';
import { channel } from './sql.ts';

export interface Session {
  /** Runs statements on the connection, one caller at a time (transactions must not mix). Rejects while it is away. */
  use<T>(action: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Resolves when connected for the first time. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const reconnectMs = 500;

export function createSession(options: {
  readonly connection: pg.ClientConfig;
  readonly log: Log;
  /** Something was sent to this queue. */
  readonly onNotify: (queue: string) => void;
  /** Called with every new connection before anybody else uses it: the first and each after a loss. */
  readonly onConnected: (client: pg.Client) => Promise<void>;
}): Session {
  const { connection, log, onNotify, onConnected } = options;
  const stopping = new AbortController();
  let current: pg.Client | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  const connect = async (): Promise<void> => {
    const client = new pg.Client({
      ...connection,
      application_name: `docent jobs ${process.pid}`,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    let ended = false;
    client.on('error', () => {}); // noticed through 'end'
    client.once('end', () => {
      ended = true;
      if (current !== client) return;
      current = null;
      if (!stopping.signal.aborted) void reconnect();
    });
    client.on('notification', ({ payload }) => onNotify(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      await onConnected(client);
      if (ended) throw new Error('lost again');
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    current = client;
  };

  const reconnect = async (): Promise<void> => {
    log.warn('the connection of the jobs was lost');
    while (!stopping.signal.aborted) {
      await sleep(reconnectMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      try {
        await connect();
        return;
      } catch {
        // the database is still away
      }
    }
  };

  return {
    use(action) {
      const run = async () => {
        if (!current) throw Object.assign(new Error('the connection of the jobs is away'), { code: '08003' });
        return await action(current);
      };
      const result = queue.then(run);
      queue = result.catch(() => {});
      return result;
    },
    start: connect,
    async stop() {
      stopping.abort();
      await queue;
      await current?.end().catch(() => {});
    },
  };
}
