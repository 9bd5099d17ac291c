/** /api, health and metrics over the real server: shapes, order of events, uploads, errors. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as schemas from '../src/console/schemas.ts';
import { createConsoleServer, eventsIn } from './fakes/console-server.ts';

let it: Awaited<ReturnType<typeof createConsoleServer>>;
beforeEach(async () => {
  it = await createConsoleServer();
});
afterEach(() => it.close());

const host = 'localhost';
const inject = (options: InjectOptions) => it.app.inject({ ...options, headers: { host, ...options.headers } });
const get = (url: string) => inject({ url });
const post = (url: string, payload: object, headers = {}) => inject({ method: 'POST', url, payload, headers });

/** A multipart request as a browser writes it. https://www.rfc-editor.org/rfc/rfc7578 */
function upload(files: readonly { name: string; content: string | Buffer }[], fields: Record<string, string> = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const { name, content } of files) form.append('file', new Blob([content as string]), name);
  return inject({ method: 'POST', url: '/api/documents', payload: form as never });
}

const handbook = '# Handbook\n\n## Leave\n\nFull-time employees get 27 days of paid leave per year.\n';

async function learned(name = 'handbook.md', content = handbook) {
  const { documents } = (await upload([{ name, content }])).json();
  const { id } = documents[0].document;
  await get(`/api/documents/${id}/events`);
  return id as string;
}

test('health is separate: alive, ready, and what is not', async () => {
  expect((await get('/healthz')).json()).toEqual({ ok: true });
  expect((await get('/readyz')).statusCode).toBe(200);
  it.fake.setChecks([
    { name: 'database', ok: false, detail: 'does not answer' },
    { name: 'model', ok: true, detail: 'loaded' },
  ]);
  const ready = await get('/readyz');
  expect([ready.statusCode, ready.json().ready]).toEqual([503, false]);
  expect((await get('/healthz')).statusCode).toBe(200);
  const status = await get('/api/status');
  expect([status.statusCode, status.json().ready]).toEqual([200, false]);
});

test('a question gives progress in order, then the answer', async () => {
  await learned();
  const reply = await post('/api/ask', { question: 'How many days of paid leave?', thread: 't-1' });
  expect(reply.headers['content-type']).toContain('text/event-stream');
  const events = eventsIn(reply.body);
  expect(events.map(({ event }) => event)).toEqual(['progress', 'progress', 'progress', 'answer']);
  expect(events.slice(0, 3).map(({ data }) => JSON.parse(data).stage)).toEqual(['received', 'searching', 'reading']);
  const answer = schemas.answer.parse(JSON.parse(events[3]!.data));
  expect(answer).toMatchObject({ found: true, answer: '27 days' });
  expect(handbook.slice(answer.sources[0]!.start, answer.sources[0]!.end)).toBe(answer.sources[0]!.quote);
});

test('with Accept: application/json the answer comes alone', async () => {
  await learned();
  const reply = await post('/api/ask', { question: 'How many days of paid leave?' }, { accept: 'application/json' });
  expect(schemas.answer.parse(reply.json()).found).toBe(true);
});

test('threads, keys and the audience reach the answerer; a caller cannot choose the audience', async () => {
  const audience = { channelId: 'secret', memberOf: ['secret'] };
  await post('/api/ask', { question: 'x', thread: 't-1', key: 'abcdefgh', audience, channel: 'secret' });
  await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }], audience, channel: 'secret' });
  const id = await learned();
  for (const url of [
    '/api/documents?channel=secret',
    `/api/documents/${id}?channel=secret`,
    '/api/examples?channel=secret',
  ])
    await get(url);
  await post('/api/feedback', { answer: 'a', vote: 1, audience });
  expect(it.fake.questions[0]).toMatchObject({ thread: 'web-t-1', messageKey: 'web:abcdefgh', userId: 'web:local' });
  const all = [...it.fake.questions.map((question) => question.audience), ...it.fake.audiences];
  expect(all.length).toBeGreaterThan(5);
  for (const given of all) expect(given).toEqual({ channelId: null });
});

test('a question that goes wrong says so, and its inside stays in the log', async () => {
  it.fake.failNext(new Error('secret sentence of a document'));
  const reply = await post('/api/ask', { question: 'How many days?' });
  const [error] = eventsIn(reply.body).filter(({ event }) => event === 'error');
  const { code, message, fix } = JSON.parse(error!.data);
  const reference = /\(([0-9a-f]{8})\)/.exec(message)?.[1];
  expect([code, typeof fix]).toEqual(['INTERNAL', 'string']);
  const logged = it.fake.logged.filter(({ level }) => level === 'error');
  expect(logged).toHaveLength(1);
  expect(logged[0]!.fields).toMatchObject({ reference, kind: 'Error' });
  expect(reply.body + JSON.stringify(it.fake.logged)).not.toContain('secret sentence');
  expect(reply.body).not.toMatch(/\.ts|\bat /);
});

test.each([
  ['no body', undefined],
  ['no question', {}],
  ['a question that is no text', { question: 7 }],
  ['a thread that is no key', { question: 'x', thread: 'a b' }],
])('%s is refused in one line', async (_name, payload) => {
  const reply = await inject({ method: 'POST', url: '/api/ask', ...(payload ? { payload } : {}) });
  expect([reply.statusCode, reply.json().error.code]).toEqual([400, 'BAD_REQUEST']);
  expect(Object.keys(reply.json().error).sort()).toEqual(['code', 'fix', 'message']);
});

test('broken JSON, too long questions, large bodies and unknown routes have their own answers', async () => {
  const headers = { 'content-type': 'application/json' };
  const broken = await inject({ method: 'POST', url: '/api/ask', payload: '{"question":', headers });
  expect([broken.statusCode, broken.json().error.code]).toEqual([400, 'BAD_REQUEST']);
  const long = await post('/api/ask', { question: 'x'.repeat(4001) });
  expect([long.statusCode, long.json().error.code]).toEqual([400, 'QUESTION_TOO_LONG']);
  const large = await post('/api/ask', { question: 'x'.repeat(2_000_000) });
  expect([large.statusCode, large.json().error.code]).toEqual([413, 'BODY_TOO_LARGE']);
  const unknown = await get('/api/nothing?secret=1');
  expect([unknown.statusCode, unknown.json().error.message]).toEqual([404, 'There is no GET /api/nothing']);
});

test('several files are taken one by one, each with its own result', async () => {
  const exact = Buffer.alloc(1024 * 1024, 'a');
  const reply = await upload([
    { name: 'hr/handbook.md', content: handbook },
    { name: 'tool.exe', content: 'MZ' },
    { name: 'big.txt', content: Buffer.concat([exact, Buffer.from('a')]) },
    { name: 'exact.txt', content: exact },
    { name: 'Küche – 台所.md', content: '# Küche\n' },
  ]);
  expect(reply.statusCode).toBe(202);
  const { documents } = schemas.uploadResult.parse(reply.json());
  expect(documents.map(({ path, document, error }) => [path, document?.status ?? error?.code])).toEqual([
    ['hr/handbook.md', 'received'],
    ['tool.exe', 'FILE_UNSUPPORTED'],
    ['big.txt', 'FILE_TOO_LARGE'],
    ['exact.txt', 'received'],
    ['Küche – 台所.md', 'received'],
  ]);
  expect(it.fake.uploads.map(({ bytes }) => bytes)).toContain(1024 * 1024);
  expect(await readdir(join(it.home, 'incoming'))).toEqual([]);
});

test('a channel field goes with the files behind it', async () => {
  await upload([{ name: 'a.md', content: '# A\n' }], { channel: 'team' });
  expect(it.fake.uploads[0]).toMatchObject({ path: 'a.md', channel: 'team' });
});

test('an upload without files, or that is no upload, is refused', async () => {
  expect((await upload([])).json().error.code).toBe('BAD_REQUEST');
  expect((await post('/api/documents', { file: 'x' })).json().error.code).toBe('BAD_REQUEST');
  expect(it.fake.uploads).toHaveLength(0);
});

test('reading a document can be followed to its end, good or bad', async () => {
  it.fake.reading.close();
  const { documents } = (await upload([{ name: 'handbook.md', content: handbook }])).json();
  const following = get(`/api/documents/${documents[0].document.id}/events`);
  await expect.poll(() => it.fake.audiences.length).toBeGreaterThan(1);
  it.fake.reading.open();
  const events = eventsIn((await following).body).map(({ data }) => JSON.parse(data));
  expect(events.map(({ status, sections }) => [status, sections])).toEqual([
    ['received', 0],
    ['ready', 2],
  ]);
  const failed = (await upload([{ name: 'empty.md', content: ' ' }])).json().documents[0].document;
  const last = eventsIn((await get(`/api/documents/${failed.id}/events`)).body).at(-1)!;
  expect(JSON.parse(last.data)).toMatchObject({ status: 'failed', error: expect.stringContaining('is empty') });
  expect((await get('/api/documents/nothing/events')).statusCode).toBe(404);
});

test('a document is listed, shown, read in stretches, and deleted', async () => {
  const id = await learned();
  const list = schemas.documentList.parse((await get('/api/documents')).json());
  expect(list.documents).toMatchObject([{ id, title: 'Handbook', status: 'ready', sections: 2 }]);
  const detail = schemas.documentDetail.parse((await get(`/api/documents/${id}`)).json());
  expect(detail.characters).toBe(handbook.length);
  const stretch = async (query: string) => (await get(`/api/documents/${id}/text${query}`)).json();
  expect((await stretch('')).text).toBe(handbook);
  expect(await stretch('?start=2&end=10')).toMatchObject({ text: 'Handbook', start: 2, end: 10 });
  expect(await stretch('?start=5&end=2')).toMatchObject({ text: '', start: 5, end: 5 });
  expect(await stretch('?start=99999')).toMatchObject({ text: '', characters: handbook.length });
  expect((await get(`/api/documents/${id}/text?start=-1`)).statusCode).toBe(400);
  expect((await inject({ method: 'DELETE', url: `/api/documents/${id}` })).statusCode).toBe(204);
  const again = await inject({ method: 'DELETE', url: `/api/documents/${id}` });
  expect([again.statusCode, again.json().error.code]).toEqual([404, 'DOCUMENT_UNKNOWN']);
});

test('votes reach the feedback, nothing else does', async () => {
  expect((await post('/api/feedback', { answer: 'a1', vote: -1, reason: 'old' })).json()).toEqual({ correction: null });
  expect((await post('/api/feedback', { answer: 'a1', vote: 2 })).statusCode).toBe(400);
  expect(it.fake.votes).toEqual([{ answerId: 'a1', userId: 'web:local', vote: -1, reason: 'old' }]);
});

test('the sample handbook is offered, taken up, and answers its questions', async () => {
  const { questions } = schemas.sampleInfo.parse((await get('/api/sample')).json());
  expect(questions).toHaveLength(3);
  const { id } = (await inject({ method: 'POST', url: '/api/sample' })).json();
  await get(`/api/documents/${id}/events`);
  const { text } = (await get(`/api/documents/${id}/text`)).json();
  expect(text.split(/\s+/).length).toBeGreaterThan(1000);
  for (const question of questions) {
    const reply = await post('/api/ask', { question }, { accept: 'application/json' });
    expect([question, reply.json().found]).toEqual([question, true]);
  }
});

test('every /api route is described', async () => {
  // Read from the router itself, not from what describes it.
  const routes: string[] = [];
  it.app.addHook('onRoute', ({ method, url }) => {
    if (url.startsWith('/api/') && method !== 'HEAD') routes.push(`${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
  });
  const spec = (await get('/api/openapi.json')).json();
  expect(spec.openapi).toBe('3.1.0');
  const described = Object.entries<object>(spec.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.length).toBeGreaterThan(12);
  expect(described.sort()).toEqual(routes.sort());
  for (const methods of Object.values<Record<string, { summary: string }>>(spec.paths))
    for (const operation of Object.values(methods)) expect(operation.summary).toBeTruthy();
});

test('metrics count questions and uploads and hold no text', async () => {
  await learned('salary-of-anna.md', '# Salary of Anna\n\nAnna gets 4000 euros per month.\n');
  await post('/api/ask', { question: 'How many euros does Anna get per month?' });
  await post('/api/ask', { question: 'Who is the pope?' });
  await post('/api/ask', { question: ' ' });
  const { body, headers } = await get('/metrics');
  expect(headers['content-type']).toContain('text/plain');
  expect(body).toMatch(/^docent_questions_total\{surface="web",outcome="found"\} 1$/m);
  expect(body).toMatch(/^docent_questions_total\{surface="web",outcome="not_found"\} 1$/m);
  expect(body).toMatch(/^docent_questions_total\{surface="web",outcome="QUESTION_EMPTY"\} 1$/m);
  expect(body).toMatch(/^docent_time_to_first_token_seconds_count\{surface="web"\} 2$/m);
  expect(body).toMatch(/^docent_uploads_total\{outcome="received"\} 1$/m);
  expect(body).toMatch(/^docent_num_requests_running 0$/m);
  expect(body).not.toMatch(/anna|pope/i);
  expect(JSON.stringify(it.fake.logged)).not.toMatch(/anna|pope/i);
});
