/**
 * The HTTP server: health, /v1, /api and the page, behind one guard. Knows HTTP and the collaborators of contract.ts;
 * must not know databases, models or chat platforms.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { DocentError, reasonOf } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import type { Context } from './context.ts';
import type { Collaborators } from './contract.ts';
import { createGuard } from './guard.ts';
import { securityHeaders } from './headers.ts';
import { createBuckets, defaultLimits, type Limits } from './limits.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { type DescribedRoute, openapiOf } from './openapi.ts';
import { servePage } from './page.ts';
import { httpStatus, openaiProblemOf, problemOf, toDocentError } from './problems.ts';
import { askRoutes } from './routes/ask.ts';
import { documentRoutes } from './routes/documents.ts';
import { healthRoutes } from './routes/health.ts';
import { openaiRoutes } from './routes/openai.ts';
import { sessionRoutes } from './routes/session.ts';
import { statusRoutes } from './routes/status.ts';
import * as schemas from './schemas.ts';
import { sendSignInPage } from './sign-in.ts';

/** JSON bodies; uploads have their own limit. A question has 4,000 characters, a long /v1 history some hundred thousand. */
const maxBodyBytes = 1024 * 1024;
/** 4 GB (the largest DOCENT_MAX_UPLOAD_MB) over a 40 Mbit/s line. */
const requestTimeoutMs = 15 * 60 * 1000;
/** Questions under way may finish before the process goes; a median answer takes under 2 s. */
const drainMs = 10_000;

export interface ServerOptions extends Collaborators {
  readonly config: Pick<Config, 'home' | 'DOCENT_HOST' | 'DOCENT_PORT' | 'DOCENT_TOKEN' | 'DOCENT_MAX_UPLOAD_MB'>;
  readonly metrics?: Metrics;
  readonly limits?: Partial<Limits>;
  readonly version?: string;
  /** What answers under /slack/ in HTTP mode; it checks Slack's signature itself, so the guard lets it through. */
  readonly slack?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Where the built page lies; tests only. */
  readonly pageFolder?: string;
}

export interface ConsoleServer {
  /** Binds. @throws DocentError PORT_TAKEN, SETTING_INVALID */
  start(): Promise<{ readonly url: string }>;
  /** Takes no new requests, ends event streams, lets questions under way finish for up to 10 s. Idempotent. */
  stop(): Promise<void>;
  /** For `inject` in tests, after `ready()`. */
  readonly app: FastifyInstance;
}

/**
 * @throws DocentError HOST_NEEDS_TOKEN
 * @example
 * const server = createServer({ config, answerer, documents, models, health, feedback, learning, queue, log });
 * const { url } = await server.start();
 */
export function createServer(options: ServerOptions): ConsoleServer {
  const { config, log } = options;
  const guard = createGuard(config.DOCENT_HOST, config.DOCENT_TOKEN);
  const metrics = options.metrics ?? createMetrics(options.queue);
  const limits = { ...defaultLimits, ...options.limits };
  const buckets = {
    requests: createBuckets(limits.requests),
    questions: createBuckets(limits.questions),
    uploads: createBuckets(limits.uploads),
    wrongTokens: createBuckets(limits.wrongTokens),
  };
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const salt = randomBytes(16);
  const described: DescribedRoute[] = [];

  const app = Fastify({ bodyLimit: maxBodyBytes, requestTimeout: requestTimeoutMs });

  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/') || route.method === 'HEAD' || !route.config?.describe) return;
    described.push({ method: String(route.method), url: route.url, describe: route.config.describe });
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    const { guard: checks = 'full', limit } = request.routeOptions.config;
    if (checks === 'none') return;
    guard.checkHost(request.headers);
    if (checks === 'host') return;

    const take = (name: 'requests' | 'questions' | 'uploads') => {
      const seconds = buckets[name].take(request.ip);
      if (seconds === 0) return;
      reply.header('retry-after', String(seconds));
      throw new DocentError('RATE_LIMITED', { seconds });
    };
    take('requests');
    if (checks !== 'session') {
      try {
        guard.checkToken(request.headers);
      } catch (error) {
        // A wrong token costs more than a missing one: this is what guessing looks like.
        if (request.headers.authorization !== undefined && buckets.wrongTokens.take(request.ip) > 0)
          throw new DocentError('RATE_LIMITED', { seconds: buckets.wrongTokens.wait(request.ip) });
        throw error;
      }
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') guard.checkOrigin(request.headers);
    if (limit) take(limit);
  });

  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/api/') && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.request(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    log.debug({ method: request.method, route, status: reply.statusCode }, 'request');
    // A connection that falls idle while stopping would hold the process for its keep-alive time.
    if (stopping.signal.aborted) setImmediate(() => app.server.closeIdleConnections());
  });

  app.setErrorHandler((thrown, request, reply) => {
    const error = toDocentError(thrown, (fields) =>
      log.error({ ...fields, route: request.routeOptions.url ?? 'none' }, 'a request failed'),
    );
    if (error.code === 'UNAUTHORIZED') {
      reply.header('www-authenticate', 'Bearer');
      const wantsPage = request.method === 'GET' && request.headers.accept?.includes('text/html');
      if (wantsPage) return sendSignInPage(reply);
    }
    const openai = request.url.startsWith('/v1/');
    return reply.code(httpStatus(error.code)).send({ error: openai ? openaiProblemOf(error) : problemOf(error) });
  });

  app.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0]!.slice(0, 200);
    throw new DocentError('ROUTE_UNKNOWN', { method: request.method, path });
  });

  // The form of the sign-in page.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4096 },
    async (_request: unknown, body: string | Buffer) => Object.fromEntries(new URLSearchParams(String(body))),
  );
  app.register(multipart, { throwFileSizeLimit: false });

  const context: Context = {
    ...options,
    metrics,
    isPrivate: !guard.needsToken,
    stopping: stopping.signal,
    givingUp: givingUp.signal,
    callerId: (address) =>
      isLoopback(address.replace(/^::ffff:/, ''))
        ? 'web:local'
        : `web:${createHmac('sha256', salt).update(address).digest('hex').slice(0, 16)}`,
  };

  app.register(async (routes) => {
    healthRoutes(routes, context);
    openaiRoutes(routes, context);
    askRoutes(routes, context);
    documentRoutes(routes, context);
    statusRoutes(routes, context);
    sessionRoutes(routes, guard, buckets.wrongTokens);
    const describe = { summary: 'This document', response: undefined };
    routes.get('/api/openapi.json', { config: { describe } }, async () =>
      openapiOf(described, schemas.problem, { version: options.version ?? '0', needsToken: guard.needsToken }),
    );
    await servePage(routes, options.pageFolder);
  });

  if (options.slack) {
    const { slack } = options;
    app.register(async (routes) => {
      // Slack signs the raw body, so nobody may read it before.
      routes.removeAllContentTypeParsers();
      routes.addContentTypeParser('*', (_request, _payload, done) => done(null));
      routes.all('/slack/*', { config: { guard: 'none' } }, (request, reply) => {
        reply.hijack();
        slack(request.raw, reply.raw);
      });
    });
  }

  const stop = async (): Promise<void> => {
    stopping.abort();
    const deadline = setTimeout(() => {
      givingUp.abort();
      // What does not even react to that is cut.
      setTimeout(() => app.server.closeAllConnections(), 500).unref();
    }, drainMs);
    try {
      await app.close();
    } finally {
      clearTimeout(deadline);
    }
  };
  let stopped: Promise<void> | undefined;

  return {
    app,
    async start() {
      const host = config.DOCENT_HOST.replace(/^\[(.*)\]$/, '$1');
      const port = config.DOCENT_PORT;
      try {
        await app.listen({ host, port });
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'EADDRINUSE') throw new DocentError('PORT_TAKEN', { port, host }, { cause: error });
        if (code === 'EACCES')
          throw new DocentError('SETTING_INVALID', {
            name: 'DOCENT_PORT',
            reason: `port ${port} needs rights that this account lacks; use one above 1023`,
          });
        if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
          throw new DocentError('SETTING_INVALID', {
            name: 'DOCENT_HOST',
            reason: `${host} is not an address of this machine (${reasonOf(error)})`,
          });
        throw error;
      }
      const bound = (app.server.address() as AddressInfo).port;
      const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
      return { url: `http://${shown.includes(':') ? `[${shown}]` : shown}:${bound}` };
    },
    stop: () => (stopped ??= stop()),
  };
}
