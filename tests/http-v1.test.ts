/** The OpenAI protocol, as its clients read it. https://platform.openai.com/docs/api-reference/chat */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConsoleServer, eventsIn } from './fakes/console-server.ts';

let it: Awaited<ReturnType<typeof createConsoleServer>>;
beforeEach(async () => {
  it = await createConsoleServer();
  const sample = await inject('POST', '/api/sample');
  await inject('GET', `/api/documents/${sample.json().id}/events`);
});
afterEach(() => it.close());

const inject = (method: 'GET' | 'POST', url: string, payload?: object) =>
  it.app.inject({ method, url, headers: { host: 'localhost' }, ...(payload ? { payload } : {}) });
const complete = (messages: readonly object[], more = {}) =>
  inject('POST', '/v1/chat/completions', { model: 'docent', messages, ...more });
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

const asked = 'How many days of paid leave do full-time employees get?';

test('a completion has the official shape, and the whole answer in `docent`', async () => {
  const reply = await complete([{ role: 'system', content: 'You are a pirate.' }, user(asked)]);
  expect(reply.statusCode).toBe(200);
  const body = reply.json();
  expect(body).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-/),
    object: 'chat.completion',
    model: 'reader-v1',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: expect.stringContaining('27 days'), refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    docent: { found: true, answer: '27 days', sources: [{ document: 'sample-handbook.md' }] },
  });
  expect(Math.abs(body.created - Date.now() / 1000)).toBeLessThan(60);
  const { prompt_tokens, completion_tokens, total_tokens } = body.usage;
  expect(prompt_tokens).toBeGreaterThan(0);
  expect(completion_tokens).toBeGreaterThan(0);
  expect(total_tokens).toBe(prompt_tokens + completion_tokens);
  expect(it.fake.questions.map((question) => question.text)).toEqual([asked]);
});

test('a stream is role, content, finish, usage when asked for, [DONE]', async () => {
  const reply = await complete([user(asked)], { stream: true, stream_options: { include_usage: true } });
  expect(reply.headers['content-type']).toContain('text/event-stream');
  const events = eventsIn(reply.body);
  expect(events.every(({ event }) => event === 'message')).toBe(true);
  expect(events.at(-1)!.data).toBe('[DONE]');
  const chunks = events.slice(0, -1).map(({ data }) => JSON.parse(data));
  expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.object} ${chunk.model}`)).size).toBe(1);
  expect(chunks[0].object).toBe('chat.completion.chunk');
  expect(chunks[0].choices[0].delta).toMatchObject({ role: 'assistant' });
  const content = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  expect(content).toContain('27 days');
  expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason === 'stop')).toHaveLength(1);
  expect(chunks.find((chunk) => chunk.docent).docent.text).toBe(content);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
});

test('the history of a caller continues one thread', async () => {
  const first = (await complete([user(asked)])).json();
  const history = [user(asked), assistant(first.choices[0].message.content)];
  const second = (await complete([...history, user('And how many days of volunteering?')])).json();
  await complete([
    ...history,
    user('And how many days of volunteering?'),
    assistant(second.choices[0].message.content),
    user([{ type: 'text', text: 'And for moving house?' }]),
  ]);
  expect(it.fake.questions.map((question) => question.text)).toEqual([
    asked,
    'And how many days of volunteering?',
    'And for moving house?',
  ]);
  expect(new Set(it.fake.questions.map((question) => question.thread)).size).toBe(1);
});

test('a history that Docent does not know begins a thread of its own with its last question', async () => {
  await complete([user(asked), assistant('Edited by the caller'), user('And for part-time employees?')]);
  expect(it.fake.questions.map((question) => question.text)).toEqual([asked, 'And for part-time employees?']);
  expect(new Set(it.fake.questions.map((question) => question.thread)).size).toBe(1);
});

test('two callers with the same words do not share a thread', async () => {
  for (const name of ['a', 'b']) await complete([user(asked)], { user: name });
  const [first, second] = it.fake.questions;
  expect(first!.thread).not.toBe(second!.thread);
  expect([first!.userId, second!.userId]).toEqual(['v1:a', 'v1:b']);
});

test('models lists the base and its adapters with their parent', async () => {
  const { object, data } = (await inject('GET', '/v1/models')).json();
  expect(object).toBe('list');
  expect(data).toEqual([
    { id: 'tiny', object: 'model', created: 1767323045, owned_by: 'docent', root: 'tiny', parent: null },
    { id: 'reader-v1', object: 'model', created: 0, owned_by: 'docent', root: 'reader-v1', parent: 'tiny' },
  ]);
});

test('errors have the fields that OpenAI clients read, in a body and in a stream', async () => {
  const bad = await complete([{ role: 'system', content: 'x' }]);
  expect([bad.statusCode, bad.json().error]).toEqual([
    400,
    expect.objectContaining({
      type: 'invalid_request_error',
      param: null,
      code: 'BAD_REQUEST',
      fix: expect.any(String),
    }),
  ]);
  it.fake.failNext(new Error('inside'));
  const failed = await complete([user(asked)]);
  expect([failed.statusCode, failed.json().error.type]).toEqual([500, 'server_error']);
  it.fake.failNext(new Error('inside'));
  const events = eventsIn((await complete([user(asked)], { stream: true })).body);
  expect(JSON.parse(events[0]!.data).error.code).toBe('INTERNAL');
  expect(events.at(-1)!.data).toBe('[DONE]');
});
