/** The real base model for the tests that need it: a file of the operator's, or fetched once into .cache/. */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config.ts';
import { resolveBase } from '../../src/registry/bases.ts';
import { tryStartLock } from '../../src/store/embedded/start-lock.ts';

/**
 * @returns `path` of the base's weights and the `folder` that holds them
 * Setting DOCENT_TEST_BASE to a .gguf file spares the fetch.
 */
export async function testBase(): Promise<{ readonly path: string; readonly folder: string }> {
  const given = process.env.DOCENT_TEST_BASE;
  if (given) return { path: resolve(given), folder: dirname(resolve(given)) };
  const home = resolve('.cache/tests');
  mkdirSync(home, { recursive: true });
  const config = loadConfig({ ...process.env, DOCENT_HOME: home }, home);
  let unlock = tryStartLock(resolve(home, 'fetching')); // test files run beside each other
  while (!unlock) {
    await sleep(100);
    unlock = tryStartLock(resolve(home, 'fetching'));
  }
  try {
    const { path } = await resolveBase('smollm2-135m-instruct', config);
    return { path, folder: dirname(path) };
  } finally {
    unlock();
  }
}
