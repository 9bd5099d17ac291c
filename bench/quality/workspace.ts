/** A workspace with the documents of an evaluation set, as the product would have it after they were uploaded. */
import { mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { type EvalLine, readEvalFile } from '../../src/eval/run.ts';
import { createDocent, type Docent } from '../../src/main.ts';
import type { Operator } from '../../src/operator/contract.ts';
import { createLocalOperator } from '../../src/operator/local.ts';

const fixtures = resolve(import.meta.dirname, '../../tests/fixtures/eval');
/** Kept between runs for its prepared graph; the documents are indexed anew each time. */
const homes = resolve(import.meta.dirname, '../../.cache/quality');

export const sets = readdirSync(fixtures, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
export type Half = 'look' | 'scored';

export interface QualityWorkspace {
  readonly docent: Docent;
  readonly operator: Operator;
  close(): Promise<void>;
}

export const questionsFile = (set: string, half: Half): string => `${fixtures}/${set}/${half}.jsonl`;
export const questionsOf = (set: string, half: Half): Promise<readonly EvalLine[]> =>
  readEvalFile(questionsFile(set, half));

/** @param documents a folder; by default that of the set. */
export async function openWorkspace(
  set: string,
  documents = `${fixtures}/${set}/documents`,
): Promise<QualityWorkspace> {
  const home = `${homes}/${set}`;
  mkdirSync(home, { recursive: true });
  const config = loadConfig({ DOCENT_DEVICE: 'cpu', ...process.env, DOCENT_HOME: home }, home);
  const docent = createDocent({ config, log: pino({ level: 'silent' }) });
  const operator = createLocalOperator({ docent });
  for (const { id } of (await operator.listDocuments({})).documents) await operator.deleteDocument({ id });
  const { documents: taken } = await operator.ingest({ paths: [documents] });
  const unread = taken.filter(({ status }) => status !== 'ready');
  if (unread.length > 0) throw new Error(`not indexed: ${unread.map(({ path }) => path).join(', ')}`);
  return { docent, operator, close: () => docent.stop() };
}
