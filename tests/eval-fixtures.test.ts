/** The two question sets: what they claim stands in their documents, as Docent extracts them. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { createExtractor } from '../src/documents/extract/index.ts';
import type { Piece } from '../src/documents/passage.ts';
import { buildSections } from '../src/documents/sections.ts';
import { holdsEvidence, wordsOnly } from '../src/eval/evidence.ts';
import { type EvalLine, readEvalFile } from '../src/eval/run.ts';

const extractor = createExtractor({ timeoutSeconds: 60, maxBytes: 10 * 1024 * 1024 });
afterAll(() => extractor.stop());

const countTokens = (text: string): number => text.match(/\w+|[^\s\w]/g)?.length ?? 0;
describe.each(['handbooks', 'company'])('%s', (set) => {
  const folder = fileURLToPath(new URL(`./fixtures/eval/${set}/`, import.meta.url));
  const halves = ['look', 'scored'].map((half) => readEvalFile(`${folder}${half}.jsonl`));

  test('every answer and its evidence stand in the document named', { timeout: 60_000 }, async () => {
    const texts = new Map<string, { text: string; passages: (readonly Piece[])[] }>();
    for (const name of readdirSync(`${folder}documents`)) {
      const file = await extractor.extract({ filePath: `${folder}documents/${name}`, name });
      const passages = buildSections(file, { countTokens }).flatMap((section) =>
        section.passages.map(({ pieces }) => pieces),
      );
      texts.set(name, { text: wordsOnly(file.text), passages });
    }
    const lost: string[] = [];
    for (const { id, doc, evidence, answers, impossible } of (await Promise.all(halves)).flat()) {
      if (impossible) continue;
      const document = texts.get(doc!);
      const parts = answers.flatMap((answer) => (/^(Yes|No)$/.test(answer) ? [] : answer.split('; ')));
      if (!document || !parts.every((part) => document.text.includes(wordsOnly(part)))) lost.push(`${id}: answer`);
      if (!evidence || !document?.passages.some((pieces) => holdsEvidence(pieces, evidence)))
        lost.push(`${id}: evidence`);
    }
    expect(lost).toEqual([]);
  });

  test('ids are unique, and no passage, thread or pair of twins lies in both halves', async () => {
    const [look, scored] = (await Promise.all(halves)) as [readonly EvalLine[], readonly EvalLine[]];
    const ids = [...look, ...scored].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const keys = (lines: readonly EvalLine[]) =>
      new Set(lines.flatMap(({ doc, evidence, thread }) => [evidence && `${doc} ${evidence}`, thread].filter(Boolean)));
    const seen = keys(look);
    expect([...keys(scored)].filter((key) => seen.has(key))).toEqual([]);
    for (const lines of [look, scored]) {
      const here = new Set(lines.map(({ id }) => id));
      expect(lines.filter(({ plain }) => plain !== undefined && !here.has(plain))).toEqual([]);
    }
  });
});

test('together: at least 12 documents of 8 formats, 600 questions, 60 follow-ups, a fifth unanswerable', async () => {
  const folder = fileURLToPath(new URL('./fixtures/eval/', import.meta.url));
  const documents = ['handbooks', 'company'].flatMap((set) => readdirSync(`${folder}${set}/documents`));
  const files = ['handbooks', 'company'].flatMap((set) =>
    ['look', 'scored'].map((half) => `${folder}${set}/${half}.jsonl`),
  );
  const lines = (await Promise.all(files.map(readEvalFile))).flat();
  expect(documents.length).toBeGreaterThanOrEqual(12);
  expect(new Set(documents.map((name) => name.split('.').at(-1))).size).toBeGreaterThanOrEqual(8);
  expect(lines.length).toBeGreaterThanOrEqual(600);
  expect(lines.filter(({ kind }) => kind === 'follow-up').length).toBeGreaterThanOrEqual(60);
  expect(lines.filter(({ impossible }) => impossible).length / lines.length).toBeGreaterThan(0.19);
});
