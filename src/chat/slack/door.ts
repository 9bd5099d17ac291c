/** Where the web server hands Slack's requests over. It is there before the chats are, and loads nothing of Slack. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type SlackRequests = (request: IncomingMessage, response: ServerResponse) => void;

export interface SlackDoor {
  readonly requests: SlackRequests;
  /** From now on they are taken by `taker`; null = by nobody. */
  open(taker: SlackRequests | null): void;
}

export function createSlackDoor(): SlackDoor {
  let taker: SlackRequests | null = null;
  return {
    requests: (request, response) => {
      if (taker) taker(request, response);
      // Slack sends it again.
      else response.writeHead(503).end();
    },
    open: (next) => {
      taker = next;
    },
  };
}
