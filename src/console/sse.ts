/** Server-sent events over a Fastify reply. Knows the wire format, not what is sent. https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** Proxies drop silent connections after 30–60 s. */
const heartbeatMs = 15_000;

export interface EventStream {
  /** A named event whose data is JSON on one line. Without a name it is the default `message` (the OpenAI form). */
  send(data: unknown, event?: string): void;
  /** A data line that is not JSON, for instance `[DONE]`. */
  sendRaw(line: string): void;
  end(): void;
  /** Aborts when the caller went away. */
  readonly signal: AbortSignal;
}

/**
 * Answers with an event stream and returns at once; `feed` writes to it. The stream ends when `feed` settles.
 * @param feed Must not throw: failures are events.
 */
export function replyWithEvents(reply: FastifyReply, feed: (events: EventStream) => Promise<void>): FastifyReply {
  const body = new PassThrough();
  const gone = new AbortController();
  const heartbeat = setInterval(() => body.writable && body.write(': still here\n\n'), heartbeatMs);
  heartbeat.unref();
  const close = () => {
    clearInterval(heartbeat);
    if (body.writable) body.end();
  };
  reply.raw.on('close', () => {
    gone.abort();
    close();
  });
  body.on('error', () => gone.abort());

  const write = (lines: string) => {
    if (body.writable) body.write(lines);
  };
  const events: EventStream = {
    send: (data, event) => write(`${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(data)}\n\n`),
    sendRaw: (line) => write(`data: ${line}\n\n`),
    end: close,
    signal: gone.signal,
  };
  feed(events).finally(close);
  return reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no') // nginx would hold events back
    .send(body);
}
