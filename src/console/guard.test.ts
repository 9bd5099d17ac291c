import { expect, test } from 'vitest';
import { isDocentError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { createGuard } from './guard.ts';

const codeOf = (run: () => void): string | null => {
  try {
    run();
    return null;
  } catch (error) {
    return isDocentError(error) ? error.code : String(error);
  }
};

test('only true loopback addresses count as loopback', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '[::1]'])
    expect(isLoopback(host), host).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.com', 'localhost.evil.com', '', '128.0.0.1'])
    expect(isLoopback(host), host).toBe(false);
});

test('off loopback without a token nothing is bound', () => {
  expect(codeOf(() => createGuard('0.0.0.0', ''))).toBe('HOST_NEEDS_TOKEN');
  expect(codeOf(() => createGuard('127.0.0.1', ''))).toBe(null);
});

test('on loopback a rebound name is refused, whatever looks like loopback in it', () => {
  const guard = createGuard('127.0.0.1', '');
  for (const host of ['127.0.0.1', '127.0.0.1:3180', 'localhost:80', 'LocalHost', '[::1]:3180', '[::1]'])
    expect(
      codeOf(() => guard.checkHost({ host })),
      host,
    ).toBe(null);
  for (const host of [
    'evil.com',
    'localhost.evil.com:3180',
    '127.0.0.1.nip.io',
    'evil.com:80:80',
    '::1',
    '',
    'x@127.0.0.1',
  ])
    expect(
      codeOf(() => guard.checkHost({ host })),
      host,
    ).toBe('HOST_REFUSED');
  expect(codeOf(() => guard.checkHost({}))).toBe('HOST_REFUSED');
});

test('off loopback the token is needed, exactly', () => {
  const guard = createGuard('0.0.0.0', 'open sesame'.replace(' ', '-'));
  expect(codeOf(() => guard.checkToken({ authorization: 'Bearer open-sesame' }))).toBe(null);
  expect(codeOf(() => guard.checkToken({ authorization: 'bearer open-sesame' }))).toBe(null);
  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer open-sesam',
    'Bearer open-sesame2',
    'Basic open-sesame',
    'open-sesame',
  ])
    expect(
      codeOf(() => guard.checkToken({ authorization })),
      String(authorization),
    ).toBe('UNAUTHORIZED');
});

test('a session stands for the token until it expires or the token changes', () => {
  let now = 1_000_000_000_000;
  const guard = createGuard('0.0.0.0', 'first', () => now);
  const cookie = guard.newSession(false);
  expect(cookie).toMatch(/; HttpOnly; SameSite=Lax$/);
  expect(guard.newSession(true)).toMatch(/; Secure$/);
  const pair = cookie.split(';')[0]!;
  expect(codeOf(() => guard.checkToken({ cookie: `other=1; ${pair}` }))).toBe(null);
  expect(codeOf(() => createGuard('0.0.0.0', 'second', () => now).checkToken({ cookie: pair }))).toBe('UNAUTHORIZED');
  const [name, value] = pair.split('=') as [string, string];
  const later = `${name}=${Number(value.split('.')[0]) + 1}.${value.split('.')[1]}`;
  expect(codeOf(() => guard.checkToken({ cookie: later }))).toBe('UNAUTHORIZED');
  now += 8 * 24 * 3600 * 1000;
  expect(codeOf(() => guard.checkToken({ cookie: pair }))).toBe('UNAUTHORIZED');
});

test('state changes come from the own page or from no page at all', () => {
  const guard = createGuard('127.0.0.1', '');
  const host = '127.0.0.1:3180';
  expect(codeOf(() => guard.checkOrigin({ host }))).toBe(null);
  expect(codeOf(() => guard.checkOrigin({ host, origin: 'http://127.0.0.1:3180' }))).toBe(null);
  expect(
    codeOf(() =>
      guard.checkOrigin({ host: 'proxied', origin: 'https://docs.example', 'sec-fetch-site': 'same-origin' }),
    ),
  ).toBe(null);
  for (const origin of ['http://evil.com', 'http://127.0.0.1:9999', 'null', 'http://localhost:3180', 'nonsense'])
    expect(
      codeOf(() => guard.checkOrigin({ host, origin })),
      origin,
    ).toBe('ORIGIN_REFUSED');
  for (const site of ['cross-site', 'same-site'])
    expect(codeOf(() => guard.checkOrigin({ host, origin: 'http://127.0.0.1:3180', 'sec-fetch-site': site }))).toBe(
      'ORIGIN_REFUSED',
    );
});
