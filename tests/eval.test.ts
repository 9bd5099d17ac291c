/** Twelve documents of seven formats and half of the questions of their open half, through the whole product. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operator } from '../src/operator/contract.ts';
import { type TestProduct, testProduct } from './setup/product.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/eval/handbooks/${name}`, import.meta.url));

let product: TestProduct;
let operator: Operator;

beforeAll(async () => {
  product = await testProduct();
  ({ operator } = product);
});
afterAll(async () => {
  await product?.stop();
});

test('reads the documents, answers with the right source, and refuses what they do not say', {
  timeout: 600_000,
}, async () => {
  const { documents, skipped } = await operator.ingest({ paths: [fixture('documents')] });
  expect(documents.filter(({ status }) => status !== 'ready')).toEqual([]);
  expect([documents.length, skipped.length]).toEqual([12, 0]);

  const report = await operator.evaluate({ file: fixture('look.jsonl'), limit: 90 });
  expect([report.n, report.failed]).toEqual([90, 0]);
  // Floors, well below what was measured (docs/log.md): a broken retriever, mask or prompt falls through them.
  expect(report.f1).toBeGreaterThan(0.5);
  expect(report.abstain_recall).toBeGreaterThan(0.45);
  expect(report.source_accuracy).toBeGreaterThan(0.85);
  expect(report.hit_at_4).toBeGreaterThan(0.85);
});

test('every quote occurs verbatim in the document it names', async () => {
  const { documents } = await operator.listDocuments({});
  for (const question of ['How long is parental leave?', 'What is the refund policy?', 'How long are records kept?']) {
    const { sources } = await operator.ask({ question });
    for (const { documentId, quote, start, end } of sources) {
      const { text } = await operator.showDocument({ id: documentId });
      expect(text!.slice(start, end)).toBe(quote);
    }
  }
  expect(documents).toHaveLength(12);
});
