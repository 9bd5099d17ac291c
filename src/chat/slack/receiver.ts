/** How Slack's messages arrive: over a socket that we open, or over HTTP that Slack opens. */
import type { ReceiverEvent } from '@slack/bolt';

/** Rejects when the event was not taken: Slack then sends it again. */
export type Take = (event: ReceiverEvent) => Promise<void>;

export interface SlackReceiver {
  start(): Promise<void>;
  stop(): Promise<void>;
  isConnected(): boolean;
}
