/** POST /operator/<operation>: the server's side of remote.ts. Only who can read server.json may call it. */
import { timingSafeEqual } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { DocentError } from '../errors.ts';
import { type Operator, operations } from './contract.ts';
import type { OperatorLine } from './remote.ts';

const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** Registers the routes on a fastify instance. `secret` is the one in server.json. */
export function operatorRoutes(deps: { readonly operator: Operator; readonly secret: string; readonly log: Logger }) {
  const { operator, secret, log } = deps;
  return async (server: FastifyInstance): Promise<void> => {
    server.addHook('onRequest', async (request, reply) => {
      if (same(request.headers.authorization ?? '', `Bearer ${secret}`)) return;
      await reply.code(401).send({ error: { code: 'UNAUTHORIZED' } });
    });
    server.post('/operator/ping', async () => ({ pid: process.pid }));
    for (const operation of operations) {
      server.post(`/operator/${operation}`, async (request, reply) => {
        const abort = new AbortController();
        const lines = new PassThrough();
        const send = (line: OperatorLine) => {
          if (!lines.destroyed) lines.write(`${JSON.stringify(line)}\n`);
        };
        reply.raw.on('close', () => abort.abort());
        const run = operator[operation] as (args: unknown, options: object) => Promise<unknown>;
        run(request.body ?? {}, { signal: abort.signal, onEvent: (event: unknown) => send({ event }) })
          .then((result) => send({ result }))
          .catch((error: unknown) => {
            if (!(error instanceof DocentError)) log.error({ err: error, operation }, 'operation failed');
            const known = error instanceof DocentError ? error : new DocentError('INTERNAL', { reference: operation });
            send({ error: { code: known.code, details: { ...known.details } } });
          })
          .finally(() => lines.end());
        return reply.header('content-type', 'application/x-ndjson').send(lines);
      });
    }
  };
}
