import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createSeal } from './seal.ts';

const homes: string[] = [];
const home = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'docent-seal-'));
  homes.push(made);
  return made;
};
afterAll(() => {
  for (const one of homes) rmSync(one, { recursive: true, force: true });
});

test('what is sealed opens in a later process, never the same twice, and the key is one’s own', () => {
  const folder = home();
  const seal = createSeal(folder);
  const sealed = seal.close('xoxb-1 ü');
  expect(sealed).not.toContain('xoxb');
  expect(seal.close('xoxb-1 ü')).not.toBe(sealed);
  expect(createSeal(folder).open(sealed)).toBe('xoxb-1 ü');
  expect(statSync(join(folder, 'secret.key')).mode & 0o777).toBe(0o600);
});

test('another key, a changed byte or nonsense opens nothing', () => {
  const sealed = createSeal(home()).close('xoxb-1');
  const seal = createSeal(home());
  expect(seal.open(sealed)).toBeNull();
  const own = Buffer.from(seal.close('xoxb-1'), 'base64');
  own[own.length - 1]! ^= 1;
  expect(seal.open(own.toString('base64'))).toBeNull();
  expect(seal.open('')).toBeNull();
});
