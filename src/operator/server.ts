/** A loopback port for this home's own commands, apart from the web server; who can read server.json may call it. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import type { Logger } from 'pino';
import type { Operator } from './contract.ts';
import { operatorRoutes } from './route.ts';
import { removeServerRecord, writeServerRecord } from './server-record.ts';

export interface OperatorServer {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createOperatorServer(deps: {
  readonly operator: Operator;
  readonly home: string;
  readonly log: Logger;
}): OperatorServer {
  const secret = randomBytes(32).toString('base64url');
  const app = Fastify({ forceCloseConnections: true });
  return {
    async start() {
      await app.register(operatorRoutes({ operator: deps.operator, secret, log: deps.log }));
      await app.listen({ host: '127.0.0.1', port: 0 });
      const { port } = app.server.address() as AddressInfo;
      await writeServerRecord(deps.home, { pid: process.pid, url: `http://127.0.0.1:${port}`, secret });
    },
    async stop() {
      await removeServerRecord(deps.home);
      await app.close();
    },
  };
}
