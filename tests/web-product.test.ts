/** The page in a real browser over the complete product: database, extraction, retrieval and the real model. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { build } from 'vite';
import { afterAll, beforeAll } from 'vitest';
import { type ConsoleServer, createServer } from '../src/console/server.ts';
import { createDocent, type Docent } from '../src/main.ts';
import { webCollaborators } from '../src/serve/web.ts';
import { testBase } from './setup/base.ts';
import { type TestStore, testStore } from './setup/database.ts';
import { browserPath, describeWebPage } from './web-scenarios.ts';

let place: TestStore;
let docent: Docent;
let server: ConsoleServer;
let pageFolder: string;
let url: string;

// One product for all scenarios: loading the model is the long part of a start.
beforeAll(async () => {
  if (!browserPath) return;
  pageFolder = await mkdtemp(join(tmpdir(), 'docent-page-'));
  await build({ logLevel: 'error', build: { outDir: pageFolder, emptyOutDir: true } });
  place = await testStore();
  const { folder } = await testBase();
  const config = { ...place.config, DOCENT_MODELS_DIR: folder, DOCENT_PORT: 0, DOCENT_DEVICE: 'cpu' as const };
  const log = pino({ level: 'silent' });
  docent = createDocent({ config, log });
  server = createServer({ config, ...webCollaborators(docent), pageFolder });
  ({ url } = await server.start());
  await docent.work();
  await docent.answerer();
});
afterAll(async () => {
  await server?.stop();
  await docent?.stop();
  await place?.dispose();
  if (pageFolder) await rm(pageFolder, { recursive: true, force: true });
});

/** Leaves nothing for the next scenario. */
async function removeAll(): Promise<void> {
  const { documents } = (await (await fetch(`${url}/api/documents`)).json()) as { documents: { id: string }[] };
  for (const { id } of documents) await fetch(`${url}/api/documents/${id}`, { method: 'DELETE' });
}

const file = (name: string, mimeType: string, text: string) => ({ name, mimeType, buffer: Buffer.from(text) });

describeWebPage('the page over the whole product', async () => ({ url, stop: removeAll }), {
  files: [
    file(
      'travel.md',
      'text/markdown',
      '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n\n## Trains\n\nTrain tickets are booked 14 days before the journey.\n',
    ),
    file(
      'garden.html',
      'text/html',
      '<!doctype html><html><body><h1>Garden</h1><p>The roof garden closes at 21:00 in summer.</p></body></html>',
    ),
    file('prices.csv', 'text/csv', 'drink,price\ncoffee,2 euros\ntea,1 euro\n'),
  ],
  question: { text: 'What is the hotel budget per night?', answer: /140 euros/, source: 'travel.md' },
  followUp: { text: 'When are train tickets booked?', answer: /14 days/ },
  unanswerable: 'Who won the football championship?',
  sample: { text: 'How many days of paid leave do full-time employees get?', answer: /27/ },
});
