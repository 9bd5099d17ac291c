/** The operator's commands, carried out by the running server of the same home. One request each, NDJSON back. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { DocentError, type ErrorCode, reasonOf } from '../errors.ts';
import { type Operator, type OperatorOptions, operations } from './contract.ts';
import type { ServerRecord } from './server-record.ts';

/** One line of the response. The last one is `result` or `error`. */
export type OperatorLine =
  | { readonly event: unknown }
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly details: Record<string, unknown> } };

export function createRemoteOperator(server: ServerRecord): Operator {
  const call = async (operation: string, args: unknown, options: OperatorOptions = {}): Promise<unknown> => {
    const response = await fetch(`${server.url}/operator/${operation}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${server.secret}` },
      body: JSON.stringify(args),
      ...(options.signal ? { signal: options.signal } : {}),
    }).catch((error: unknown) => {
      throw new DocentError('INTERNAL', { reference: `server ${server.pid}: ${reasonOf(error)}` }, { cause: error });
    });
    if (!response.ok || !response.body)
      throw new DocentError('INTERNAL', { reference: `server answered ${response.status}` });
    const lines = createInterface({ input: Readable.fromWeb(response.body as ReadableStream) });
    for await (const text of lines) {
      const line = JSON.parse(text) as OperatorLine;
      if ('event' in line) options.onEvent?.(line.event as never);
      else if ('error' in line) throw new DocentError(line.error.code, line.error.details);
      else return line.result;
    }
    throw new DocentError('INTERNAL', { reference: `server ${server.pid} went away` });
  };
  return Object.fromEntries(
    operations.map((operation) => [
      operation,
      (args: unknown, options?: OperatorOptions) => call(operation, args, options),
    ]),
  ) as unknown as Operator;
}
