/** Who is let in, over real connections: hosts, tokens, origins, headers, limits, ports. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createConsoleServer } from './fakes/console-server.ts';

type Server = Awaited<ReturnType<typeof createConsoleServer>>;
const open: Server[] = [];
const create = async (...args: Parameters<typeof createConsoleServer>): Promise<Server> => {
  const server = await createConsoleServer(...args);
  open.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** fetch does not let a caller choose Host and Origin; a plain request does. */
async function raw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; agent?: false } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const { body: payload, ...rest } = options;
  const outgoing = httpRequest(url, rest);
  outgoing.end(payload);
  const [response] = await once(outgoing, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

const json = { 'content-type': 'application/json' };
const question = JSON.stringify({ question: 'How many days?' });

test('on loopback only loopback names are served, so a rebound name reads nothing', async () => {
  const { server, fake } = await create();
  const { url } = await server.start();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const port = new URL(url).port;
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
    expect((await raw(`${url}/api/documents`, { headers: { host } })).status, host).toBe(200);
  for (const path of ['/', '/healthz', '/api/documents', '/v1/models', '/nowhere', '/metrics']) {
    const refused = await raw(url + path, { headers: { host: `evil.example:${port}` } });
    expect(refused.status, path).toBe(403);
    expect(JSON.parse(refused.body).error.code).toBe('HOST_REFUSED');
  }
  expect(fake.audiences).toHaveLength(3);
});

test('a page of another site cannot change anything', async () => {
  const { server, fake } = await create();
  const { url } = await server.start();
  const tries: Record<string, string>[] = [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: url, 'sec-fetch-site': 'cross-site' },
    { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of tries) {
    for (const path of ['/api/ask', '/v1/chat/completions', '/api/sample', '/api/feedback']) {
      const refused = await raw(url + path, { method: 'POST', headers: { ...json, ...headers }, body: question });
      expect([path, refused.status]).toEqual([path, 403]);
    }
    expect((await raw(`${url}/api/documents/x`, { method: 'DELETE', headers })).status).toBe(403);
  }
  expect(fake.questions).toHaveLength(0);
  const own = await raw(`${url}/api/ask`, { method: 'POST', headers: { ...json, origin: url }, body: question });
  expect(own.status).toBe(200);
});

test('off loopback everything but health needs the token', async () => {
  const { app, fake } = await create({ DOCENT_HOST: '0.0.0.0', DOCENT_TOKEN: 'correct-horse' });
  await app.ready();
  for (const url of ['/healthz', '/readyz']) expect((await app.inject({ url })).statusCode, url).toBe(200);
  // Whether it is ready is for everybody, where its database lies is not.
  expect((await app.inject({ url: '/readyz' })).body).not.toContain('detail');
  const paths = ['/', '/metrics', '/api/documents', '/api/openapi.json', '/v1/models', '/icon.svg', '/nowhere'];
  for (const url of paths) {
    const refused = await app.inject({ url });
    expect([url, refused.statusCode]).toEqual([url, 401]);
    expect(refused.json().error.code).toBe('UNAUTHORIZED');
    expect(refused.headers['www-authenticate']).toBe('Bearer');
  }
  const wrong = { authorization: 'Bearer correct-horsE' };
  expect((await app.inject({ url: '/api/documents', headers: wrong })).statusCode).toBe(401);
  expect(fake.audiences).toHaveLength(0);
  const headers = { authorization: 'Bearer correct-horse' };
  expect((await app.inject({ url: '/api/documents', headers })).statusCode).toBe(200);
});

test('off loopback without a token nothing is created', async () => {
  await expect(createConsoleServer({ DOCENT_HOST: '0.0.0.0' })).rejects.toMatchObject({ code: 'HOST_NEEDS_TOKEN' });
});

test('a browser signs in with the token and works with the cookie from then on', async () => {
  const { app } = await create({ DOCENT_HOST: '0.0.0.0', DOCENT_TOKEN: 'correct-horse' });
  const accept = 'text/html,application/xhtml+xml';
  const page = await app.inject({ url: '/', headers: { accept } });
  expect(page.statusCode).toBe(401);
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.body).toContain('name="token"');
  expect(page.body).not.toContain('<script');

  const form = {
    'content-type': 'application/x-www-form-urlencoded',
    host: 'docs.example',
    origin: 'http://docs.example',
  };
  const signIn = (payload: string, headers = form) =>
    app.inject({ method: 'POST', url: '/api/session', headers, payload });
  const wrong = await signIn('token=nope');
  expect([wrong.statusCode, wrong.headers['set-cookie']]).toEqual([401, undefined]);
  expect((await signIn('token=correct-horse', { ...form, origin: 'http://evil.example' })).statusCode).toBe(403);
  const right = await signIn('token=correct-horse');
  expect([right.statusCode, right.headers.location]).toEqual([303, '/']);
  const cookie = String(right.headers['set-cookie']).split(';')[0]!;
  expect(cookie).not.toContain('correct-horse');
  expect((await app.inject({ url: '/api/documents', headers: { cookie } })).statusCode).toBe(200);
  expect((await app.inject({ url: '/api/documents', headers: { cookie: `${cookie}x` } })).statusCode).toBe(401);
});

test('guessing tokens is slowed down, and the right one still works', async () => {
  const { app } = await create({ DOCENT_HOST: '0.0.0.0', DOCENT_TOKEN: 'correct-horse' });
  const attempt = (token: string) =>
    app
      .inject({ url: '/api/documents', headers: { authorization: `Bearer ${token}` } })
      .then((reply) => reply.statusCode);
  const codes: number[] = [];
  for (let i = 0; i < 12; i++) codes.push(await attempt(`guess-${i}`));
  expect(codes).toEqual([...Array(10).fill(401), 429, 429]);
  expect(await attempt('correct-horse')).toBe(200);
});

test('every response carries the policy that forbids inline script and framing', async () => {
  const { app } = await create();
  for (const url of ['/', '/healthz', '/api/documents', '/nowhere']) {
    const { headers } = await app.inject({ url, headers: { host: 'localhost' } });
    const policy = String(headers['content-security-policy']);
    expect(policy, url).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBe(undefined);
  }
});

test('too many requests of one kind are told when to come back', async () => {
  const { app } = await create({}, { limits: { questions: { burst: 2, perSecond: 0.1 } } });
  const ask = () =>
    app.inject({ method: 'POST', url: '/api/ask', headers: { ...json, host: 'localhost' }, payload: question });
  expect([(await ask()).statusCode, (await ask()).statusCode]).toEqual([200, 200]);
  const refused = await ask();
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '10']);
  expect(refused.json().error).toEqual({
    code: 'RATE_LIMITED',
    message: 'Too many requests from this address',
    fix: 'Wait 10 s and try again.',
  });
  expect((await app.inject({ url: '/api/documents', headers: { host: 'localhost' } })).statusCode).toBe(200);
});

test('a taken port is said in one line', async () => {
  const other = createTcpServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const { server } = await create({ DOCENT_PORT: port });
  await expect(server.start()).rejects.toMatchObject({ code: 'PORT_TAKEN', details: { port } });
  other.close();
});

test('stopping lets the question under way finish, ends streams and refuses new connections', async () => {
  const { server, fake } = await create();
  const { url } = await server.start();
  fake.answering.close();
  fake.reading.close();
  const sample = await raw(`${url}/api/sample`, { method: 'POST' });
  const events = raw(`${url}/api/documents/${JSON.parse(sample.body).id}/events`);
  const answer = raw(`${url}/api/ask`, { method: 'POST', headers: json, body: question });
  await expect.poll(() => fake.questions.length).toBe(1);
  const stopped = server.stop();
  expect((await events).body).toContain('"status":"received"');
  fake.answering.open();
  expect((await answer).body).toContain('event: answer');
  await stopped;
  await expect(raw(`${url}/healthz`, { agent: false })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a caller who goes away is not answered any further', async () => {
  const { server, fake, app } = await create();
  const { url } = await server.start();
  fake.answering.close();
  const outgoing = httpRequest(`${url}/api/ask`, { method: 'POST', headers: json });
  outgoing.on('error', () => {});
  outgoing.end(question);
  await once(outgoing, 'response');
  await expect.poll(() => fake.questions.length).toBe(1);
  outgoing.destroy();
  const cancelled = async () => (await app.inject({ url: '/metrics', headers: { host: 'localhost' } })).body;
  await expect.poll(cancelled).toContain('docent_questions_total{surface="web",outcome="CANCELLED"} 1');
});

test('Slack in HTTP mode gets the raw request, under any host and without the token', async () => {
  const seen: string[] = [];
  const { server } = await create(
    { DOCENT_HOST: '127.0.0.1' },
    {
      slack: async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        seen.push(`${request.method} ${request.url} ${body}`);
        response.end('ok');
      },
    },
  );
  const { url } = await server.start();
  const headers = { ...json, host: 'bot.example' };
  const reply = await raw(`${url}/slack/events`, { method: 'POST', headers, body: '{"a" : 1}' });
  expect([reply.status, reply.body]).toEqual([200, 'ok']);
  expect(seen).toEqual(['POST /slack/events {"a" : 1}']);
});
