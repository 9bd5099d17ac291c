/**
 * HTTP mode: Slack posts to `/slack/events` of Docent's own server, which tells it “received” only once the message is
 * written down, as over the socket. Knows requests and signatures; must not know what is in them.
 *
 * Bolt's own receiver answers before the listeners run, and wants a server of its own.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isValidSlackRequest } from '@slack/bolt';
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import type { SlackRequests } from './door.ts';
import type { SlackReceiver, Take } from './receiver.ts';

const path = '/slack/events';
/** Slack's largest are some ten kilobytes. */
const maxBodyBytes = 1024 * 1024;

const end = (response: ServerResponse, status: number, body?: unknown): void => {
  if (response.headersSent) return;
  if (body === undefined || body === '') response.writeHead(status).end();
  else if (typeof body === 'string') response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** null = too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Events come as JSON, commands as a form, what people press as JSON in a form. @throws SyntaxError */
function parsed(text: string, contentType = ''): Record<string, unknown> {
  if (contentType.includes('application/json')) return JSON.parse(text) as Record<string, unknown>;
  const form = Object.fromEntries(new URLSearchParams(text));
  return form.payload === undefined ? form : (JSON.parse(form.payload) as Record<string, unknown>);
}

const header = (request: IncomingMessage, name: string): string => {
  const value = request.headers[name];
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
};

/** @see https://docs.slack.dev/authentication/verifying-requests-from-slack (five minutes of clock skew) */
const isSlacks = (request: IncomingMessage, body: string, signingSecret: string): boolean =>
  isValidSlackRequest({
    signingSecret,
    body,
    headers: {
      'x-slack-signature': header(request, 'x-slack-signature'),
      'x-slack-request-timestamp': Number(header(request, 'x-slack-request-timestamp')),
    },
  });

export interface HttpReceiver extends SlackReceiver {
  readonly requests: SlackRequests;
}

export function createHttpReceiver({
  signingSecret,
  take,
  log,
  onConnected,
}: {
  readonly signingSecret: string;
  readonly take: Take;
  readonly log: Pick<BaseLogger, 'warn' | 'error'>;
  readonly onConnected: () => void;
}): HttpReceiver {
  let open = false;

  /** @see https://docs.slack.dev/apis/events-api/using-http-request-urls */
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST' || request.url?.split('?')[0] !== path) return end(response, 404);
    const text = await bodyOf(request);
    if (text === null) return end(response, 413);
    if (!isSlacks(request, text, signingSecret)) {
      log.warn({}, 'a request to /slack/events without Slack’s signature: SLACK_SIGNING_SECRET, or the clock');
      return end(response, 401);
    }
    const body = parsed(text, request.headers['content-type']);
    if (body.type === 'url_verification') return end(response, 200, { challenge: body.challenge });
    if (body.ssl_check !== undefined) return end(response, 200);
    let said: unknown;
    await take({
      body,
      // Bolt calls this early for events; what it says is sent when the listeners are through.
      ack: async (response) => {
        said = response;
      },
      retryNum: Number(header(request, 'x-slack-retry-num')) || undefined,
      retryReason: header(request, 'x-slack-retry-reason') || undefined,
    });
    end(response, 200, said);
  };

  return {
    requests: (request, response) => {
      // Slack sends it again.
      if (!open) return end(response, 503);
      answer(request, response).catch((error: unknown) => {
        log.error({ reason: reasonOf(error) }, 'Slack request not taken');
        end(response, error instanceof SyntaxError ? 400 : 500);
      });
    },
    async start() {
      open = true;
      onConnected();
    },
    async stop() {
      open = false;
    },
    isConnected: () => open,
  };
}
