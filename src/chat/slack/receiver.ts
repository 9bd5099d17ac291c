/** How Slack's messages arrive: over a socket that we open, or over HTTP that Slack opens. */
import type { Receiver } from '@slack/bolt';

export interface SlackReceiver extends Receiver {
  isConnected(): boolean;
}
