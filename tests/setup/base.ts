/** The real base model for the tests that need it: a file of the operator's, or fetched once into .cache/. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config.ts';
import { resolveBase } from '../../src/registry/bases.ts';
import { tryStartLock } from '../../src/store/embedded/start-lock.ts';

/**
 * @returns `path` of the base's weights, the folder of the `embedder`, and the `folder` of both, for DOCENT_MODELS_DIR
 * DOCENT_TEST_MODELS names such a folder (`.cache/tests/models` of another checkout) and spares the fetch.
 */
export async function testBase(): Promise<{
  readonly path: string;
  readonly embedder: string;
  readonly folder: string;
}> {
  const home = resolve('.cache/tests');
  mkdirSync(home, { recursive: true });
  const given = process.env.DOCENT_TEST_MODELS;
  const config = loadConfig(
    { ...process.env, DOCENT_HOME: home, ...(given ? { DOCENT_MODELS_DIR: resolve(given) } : {}) },
    home,
  );
  let unlock = tryStartLock(resolve(home, 'fetching')); // test files run beside each other
  while (!unlock) {
    await sleep(100);
    unlock = tryStartLock(resolve(home, 'fetching'));
  }
  try {
    const { path } = await resolveBase('smollm2-135m-instruct', config);
    const { path: embedder } = await resolveBase('all-minilm-l6-v2', config);
    return { path, embedder, folder: given ? resolve(given) : resolve(home, 'models') };
  } finally {
    unlock();
  }
}
