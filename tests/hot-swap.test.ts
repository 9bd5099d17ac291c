/** Promoting and rolling back while people are answered, with the real model: nobody notices. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Docent } from '../src/main.ts';
import type { Operator } from '../src/operator/contract.ts';
import { type TestProduct, testProduct } from './setup/product.ts';

let product: TestProduct;
let docent: Docent;
let operator: Operator;
let shipped: string;

beforeAll(async () => {
  product = await testProduct();
  ({ docent, operator } = product);
  const { home } = product;
  const file = join(home, 'travel.md');
  writeFileSync(file, '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n');
  await operator.ingest({ paths: [file] });
  const copy = join(home, 'copy');
  cpSync(fileURLToPath(new URL('../models/reader', import.meta.url)), copy, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8')) as { id: string };
  shipped = manifest.id;
  writeFileSync(join(copy, 'manifest.json'), JSON.stringify({ ...manifest, id: 'another' }));
  await operator.importModel({ path: copy });
}, 120_000);
afterAll(async () => {
  await product?.stop();
});

test('every question under way is answered once and rightly, by one of the two', { timeout: 120_000 }, async () => {
  let open = true;
  const ask = async (n: number) => {
    const answers = [];
    while (open) answers.push(await operator.ask({ question: `What is the hotel budget per night? (${n})` }));
    return answers;
  };
  const asking = Promise.all([1, 2, 3, 4].map(ask));
  for (let round = 0; round < 3; round += 1) {
    await operator.promoteAdapter({ id: 'another' });
    expect(docent.model().adapter).toBe('another');
    await operator.rollbackAdapter({});
    expect(docent.model().adapter).toBe(shipped);
  }
  open = false;
  const answers = (await asking).flat();
  expect(answers.length).toBeGreaterThanOrEqual(4);
  for (const { answer, model } of answers) {
    expect(answer).toBe('140 euros');
    expect([shipped, 'another']).toContain(model.adapter);
  }
  const { prisma } = await docent.store();
  expect(await prisma.answer.count()).toBe(answers.length);
});
