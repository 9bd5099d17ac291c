import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
// First, as in the product: it brings a version of undici that is not Discord's.
import '@slack/bolt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCalls } from './rest.ts';

const received: FormData[] = [];
const server = createServer((request: IncomingMessage, response) => {
  void buffer(request).then(async (body) => {
    const headers = { 'content-type': request.headers['content-type']! };
    received.push(await new Response(new Uint8Array(body), { headers }).formData());
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
  });
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

test('files arrive, whichever chat was loaded first', async () => {
  const calls = createCalls({
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: 'T',
    log: { warn: () => undefined },
    retryDelaysMs: [],
  });
  const files = [{ name: 'data.json', data: Buffer.from('{}'), contentType: 'application/json' }];
  const sent = await calls.call({ method: 'PATCH', route: '/webhooks/1/t/messages/1', body: { content: 'a' }, files });
  expect(sent).toEqual({ id: '1' });
  expect(received[0]!.get('payload_json')).toBe('{"content":"a"}');
  const file = received[0]!.get('files[0]') as File;
  expect([file.name, await file.text()]).toEqual(['data.json', '{}']);
  calls.close();
});
