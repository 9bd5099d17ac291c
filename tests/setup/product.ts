/** The whole product in this process, with the real models, over a database of its own; nothing learns by itself. */
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { createDocent, type Docent } from '../../src/main.ts';
import type { Operator } from '../../src/operator/contract.ts';
import { createLocalOperator } from '../../src/operator/local.ts';
import { testBase } from './base.ts';
import { type TestStore, testStore } from './database.ts';

export interface TestProduct {
  readonly docent: Docent;
  readonly operator: Operator;
  readonly home: string;
  readonly place: TestStore;
  stop(): Promise<void>;
}

/** @param extra settings beside those. */
export async function testProduct(extra: Readonly<Record<string, string>> = {}): Promise<TestProduct> {
  const { folder } = await testBase();
  const place = await testStore();
  const { home } = place.config;
  const settings = {
    DATABASE_URL: place.database.url,
    DOCENT_HOME: home,
    DOCENT_MODELS_DIR: folder,
    DOCENT_DEVICE: 'cpu',
    DOCENT_LEARN: 'off',
    ...extra,
  };
  const docent = createDocent({ config: loadConfig(settings, home), log: pino({ level: 'silent' }) });
  return {
    docent,
    operator: createLocalOperator({ docent }),
    home,
    place,
    async stop() {
      await docent.stop();
      await place.dispose();
    },
  };
}
