/**
 * Socket mode that tells Slack “received” only once the message is written down, and that stays connected. Knows
 * envelopes and connections; must not know what is in them.
 *
 * Bolt's own receiver acknowledges events before their listeners run: a process killed in between would lose the message,
 * which Slack otherwise sends again. And its reconnecting ends for good when `apps.connections.open` answers 5xx.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger as SlackLogger } from '@slack/logger';
import { SocketModeClient } from '@slack/socket-mode';
import type { WebClientOptions } from '@slack/web-api';
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import { codeOf, tokenCodes } from './calls.ts';
import type { SlackReceiver, Take } from './receiver.ts';

/** Waits between attempts to connect; the last one repeats. */
export const defaultReconnectDelaysMs: readonly number[] = [100, 1000, 2000, 5000, 15_000, 30_000];
/** A socket that opened but never says hello is given up. */
const helloMs = 30_000;

interface Envelope {
  readonly ack: (response?: unknown) => Promise<void>;
  readonly body: Record<string, unknown>;
  readonly retry_num?: number;
  readonly retry_reason?: string;
}

export function createSocketReceiver({
  appToken,
  take,
  clientOptions,
  logger,
  log,
  onConnected,
  reconnectDelaysMs = defaultReconnectDelaysMs,
}: {
  readonly appToken: string;
  readonly take: Take;
  readonly clientOptions: WebClientOptions;
  readonly logger: SlackLogger;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** After every successful connection: the first, and each after a loss. */
  readonly onConnected: () => void;
  readonly reconnectDelaysMs?: readonly number[];
}): SlackReceiver {
  const client = new SocketModeClient({ appToken, logger, clientOptions, autoReconnectEnabled: false });
  const stopping = new AbortController();
  let connected = false;
  let loop: Promise<void> = Promise.resolve();

  client.on('ws_message', (data: unknown) => {
    if (typeof data !== 'string' || !data.includes('"hello"')) return;
    const { type, num_connections: connections } = JSON.parse(data) as { type?: string; num_connections?: number };
    if (type === 'hello' && connections && connections > 1)
      log.warn(
        { connections },
        'another program uses the same SLACK_APP_TOKEN: Slack shares the messages between them',
      );
  });

  client.on('slack_event', async ({ ack, body, retry_num, retry_reason }: Envelope) => {
    let response: unknown;
    try {
      await take({
        body,
        // Bolt calls this early for events; what it says is sent when the listeners are through.
        ack: async (said) => {
          response = said;
        },
        retryNum: retry_num,
        retryReason: retry_reason,
      });
    } catch (error) {
      // Not acknowledged: Slack sends it again.
      log.error({ reason: reasonOf(error) }, 'Slack event not taken');
      return;
    }
    await ack(response).catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'Slack not told'));
  });

  const connect = async (): Promise<void> => {
    const timer = setTimeout(() => void client.disconnect().catch(() => undefined), helloMs);
    try {
      await client.start();
    } finally {
      clearTimeout(timer);
    }
    connected = true;
    onConnected();
  };

  const lost = (): Promise<void> =>
    new Promise((resolve) => {
      client.once('disconnected', () => {
        connected = false;
        resolve();
      });
    });

  const stayConnected = async (gone: Promise<void>): Promise<void> => {
    let end = gone;
    for (;;) {
      await end;
      for (let attempt = 0; ; attempt++) {
        if (stopping.signal.aborted) return;
        const delayMs = reconnectDelaysMs[Math.min(attempt, reconnectDelaysMs.length - 1)]!;
        await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
        end = lost();
        try {
          await connect();
          log.info({}, 'Slack connected again');
          break;
        } catch (error) {
          log.warn({ reason: reasonOf(error), attempt }, 'Slack is not connected');
          if (tokenCodes.has(codeOf(error) ?? '')) return;
        }
      }
    }
  };

  return {
    async start() {
      const gone = lost();
      await connect();
      loop = stayConnected(gone);
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      if (connected) await client.disconnect().catch(() => undefined);
      await loop;
    },
    isConnected: () => connected,
  };
}
