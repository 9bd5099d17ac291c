/** The general questions that ship with Docent (models/general): read here, once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { GeneralQuestion } from '../eval/compare.ts';
import { packageRoot } from '../registry/catalog.ts';

const folder = join(packageRoot, 'models', 'general');

const gateSchema = z.object({
  context: z.string(),
  questions: z.array(z.object({ question: z.string(), answers: z.array(z.string()), impossible: z.boolean() })),
});

const linesOf = (name: string): readonly string[] =>
  readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean);

/** Those of one context stand together: the second one costs only its own tokens. */
export const generalGate = (): readonly GeneralQuestion[] =>
  linesOf('gate.jsonl').flatMap((line) => {
    const { context, questions } = gateSchema.parse(JSON.parse(line));
    return questions.map((question) => ({ ...question, context }));
  });

/** Lines of an examples file. */
export const replayLines = (): readonly string[] => linesOf('replay.jsonl');
