/**
 * A mention in a channel arrives twice, as `app_mention` (without its files) and as `message` (with them), in either
 * order, and either may be missing. Here they become one. Knows arrival; must not know what a message means.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlackMessage } from './wire.ts';

/** How long a mention that cannot be read again waits for its twin. */
const defaultWaitMs = 1_500;
/** Keys whose copies are dropped; copies arrive within minutes. */
const maxRecent = 2_000;

export interface Twins {
  mention(event: SlackMessage): Promise<void>;
  message(event: SlackMessage): Promise<void>;
}

export function createTwins({
  reread,
  handle,
  waitMs = defaultWaitMs,
}: {
  /** The message as it stands in the channel, or null when Slack does not show it. */
  readonly reread: (event: SlackMessage) => Promise<SlackMessage | null>;
  readonly handle: (event: SlackMessage) => Promise<void>;
  readonly waitMs?: number;
}): Twins {
  const recent = new Map<string, Promise<void>>();
  const waiting = new Map<string, (twin: SlackMessage) => void>();
  const keyOf = ({ channel, ts }: SlackMessage): string => `${channel}:${ts}`;

  const once = (key: string, work: () => Promise<void>): Promise<void> => {
    const known = recent.get(key);
    if (known) return known;
    const run = work();
    recent.set(key, run);
    run.catch(() => recent.delete(key)); // Slack sends it again
    const oldest = recent.size > maxRecent ? recent.keys().next().value : undefined;
    if (oldest !== undefined) recent.delete(oldest);
    return run;
  };

  return {
    message(event) {
      waiting.get(keyOf(event))?.(event);
      return once(keyOf(event), () => handle(event));
    },
    mention: (event) =>
      once(keyOf(event), async () => {
        const twin = new Promise<SlackMessage>((resolve) => waiting.set(keyOf(event), resolve));
        try {
          const whole =
            (await Promise.race([twin, reread(event)])) ??
            (await Promise.race([twin, sleep(waitMs, null, { ref: false })])) ??
            event;
          await handle({ ...whole, channel: event.channel });
        } finally {
          waiting.delete(keyOf(event));
        }
      }),
  };
}
