/**
 * `docent eval`: questions with known answers through the real answer service, scored by the rules of SQuAD 2.0.
 * A line with `context` is read on its own, without retrieval.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { StoringAnswerer } from '../answers/ask.ts';
import type { Piece } from '../documents/passage.ts';
import { DocentError, reasonOf } from '../errors.ts';
import { type Calibration, confidenceOf } from '../reader/calibration.ts';
import type { Reader } from '../reader/read.ts';
import type { Retriever } from '../retrieval/retrieve.ts';
import { holdsEvidence } from './evidence.ts';
import { type EvalReport, type ScoredQuestion, summarise } from './report.ts';
import { score } from './squad.ts';

const lineSchema = z.object({
  id: z.coerce.string(),
  question: z.string().min(1),
  answers: z.array(z.string()).default([]),
  impossible: z.boolean().default(false),
  /** File name of the document that answers. */
  doc: z.string().optional(),
  /** Text of the passage that answers. */
  evidence: z.string().optional(),
  kind: z.string().optional(),
  context: z.string().optional(),
  title: z.string().optional(),
  /** Lines of one thread are asked in their order. */
  thread: z.string().optional(),
  /** Id of the line that asks the same in plain words. */
  plain: z.string().optional(),
});

export type EvalLine = z.infer<typeof lineSchema>;

/** @throws DocentError EVAL_FILE_INVALID, PATH_NOT_FOUND */
export async function readEvalFile(path: string): Promise<readonly EvalLine[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new DocentError('PATH_NOT_FOUND', { path });
  });
  return text.split('\n').flatMap((raw, index) => {
    if (raw.trim() === '') return [];
    try {
      return [lineSchema.parse(JSON.parse(raw))];
    } catch (error) {
      const reason = error instanceof z.ZodError ? z.prettifyError(error).replace(/\s+/g, ' ') : reasonOf(error);
      throw new DocentError('EVAL_FILE_INVALID', { path, line: index + 1, reason });
    }
  });
}

/** How far down the ranking the evidence is looked for. */
const deepest = 8;

/** A passage that is given with its question, as one that was found. */
export const givenPieces = (title: string | undefined, context: string): readonly Piece[] => [
  ...(title ? [{ text: `${title}: ` }] : []),
  { text: context, start: 0, end: context.length },
];

const sameDocument = (path: string, wanted: string): boolean =>
  path === wanted || path.endsWith(`/${wanted}`) || wanted.endsWith(`/${path}`);

export interface EvalOptions {
  readonly read?: 'retrieved' | 'oracle';
  readonly channelId: string | null;
  /** One JSON line per question goes there. */
  readonly details?: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export async function runEval(
  deps: {
    readonly answerer: StoringAnswerer;
    readonly reader: Reader;
    readonly retriever: Retriever;
    /** For lines with a context of their own. */
    readonly calibration: Calibration;
  },
  lines: readonly EvalLine[],
  options: EvalOptions,
): Promise<EvalReport> {
  const { answerer, reader, retriever } = deps;
  const run = crypto.randomUUID();
  const audience = { channelId: options.channelId };
  const signal = options.signal ? { signal: options.signal } : {};

  interface Prediction {
    readonly answer: string | null;
    readonly document: string | null;
    readonly confidence: number;
  }

  const readContext = async (line: EvalLine, context: string, document: string | null): Promise<Prediction> => {
    const [reading] = await reader.read(line.question, [givenPieces(line.title, context)], signal);
    const confidence = reading ? confidenceOf(reading.pFound, deps.calibration) : 0;
    const found = reading && reading.spans.length > 0 && confidence >= deps.calibration.threshold;
    const words = reading?.spans.map((span) => context.slice(span.start, span.end)).join('; ');
    return {
      answer: !found ? null : reading.form === 'span' ? words! : reading.form === 'yes' ? 'Yes' : 'No',
      document: found ? document : null,
      confidence,
    };
  };

  const throughService = async (line: EvalLine): Promise<Prediction> => {
    const answer = await answerer.ask(
      { text: line.question, audience, thread: line.thread ? `eval:${run}:${line.thread}` : null, userId: 'eval' },
      signal,
    );
    return { answer: answer.answer, document: answer.sources[0]?.document ?? null, confidence: answer.confidence };
  };

  const evidenceRank = async (line: EvalLine): Promise<number | null> => {
    if (!line.evidence || line.context) return null;
    const candidates = await retriever.search(audience, [{ text: line.question, weight: 1 }], deepest);
    const rank = candidates.findIndex((candidate) => holdsEvidence(candidate.pieces, line.evidence!));
    return rank < 0 ? Number.POSITIVE_INFINITY : rank + 1;
  };

  const scored: ScoredQuestion[] = [];
  let failed = 0;
  if (options.details) writeFileSync(options.details, '');
  for (const line of lines) {
    options.signal?.throwIfAborted();
    const began = performance.now();
    try {
      const oracle = options.read === 'oracle' ? line.evidence : undefined;
      const context = line.context ?? oracle;
      const prediction =
        context === undefined ? await throughService(line) : await readContext(line, context, line.doc ?? null);
      const seconds = (performance.now() - began) / 1000;
      const question: ScoredQuestion = {
        id: line.id,
        ...score(prediction.answer, line.answers, line.impossible),
        impossible: line.impossible,
        refused: prediction.answer === null,
        kind: line.kind ?? null,
        sourceRight:
          line.doc === undefined || line.impossible || prediction.answer === null || prediction.document === null
            ? null
            : sameDocument(prediction.document, line.doc),
        evidenceRank: await evidenceRank(line),
        seconds,
      };
      scored.push(question);
      if (options.details)
        appendFileSync(
          options.details,
          `${JSON.stringify({ ...question, question: line.question, gold: line.answers, ...prediction })}\n`,
        );
    } catch (error) {
      if (options.signal?.aborted) throw error;
      failed += 1;
      if (options.details)
        appendFileSync(options.details, `${JSON.stringify({ id: line.id, error: reasonOf(error) })}\n`);
    }
    options.onProgress?.(scored.length + failed, lines.length);
  }
  return summarise(scored, failed);
}
