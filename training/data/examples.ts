/**
 * The examples file: JSON lines, a passage with its questions on each. Turned into rows with the prompt and the span mask
 * that serving uses, so that what is trained is what is asked.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { DocentError, reasonOf } from '../../src/errors.ts';
import type { Tokenizer } from '../../src/inference/contract.ts';
import { createPromptRenderer } from '../../src/reader/prompt.ts';
import { createSpanMask, quotedTokens } from '../../src/reader/span-mask.ts';
import { createWriterPromptRenderer } from '../../src/reader/writer-prompt.ts';
import { type Branch, packRow, type Row } from './row.ts';

const questionSchema = z.object({
  question: z.string().min(1),
  /** `none`: the passage does not answer. */
  form: z.enum(['span', 'yes', 'no', 'list', 'none']),
  /** [start, end) in the document; the quote that shows it for yes and no, several for a list, none for `none`. */
  spans: z.array(z.tuple([z.number().int(), z.number().int()])).default([]),
  weight: z.number().positive().default(1),
});

const exampleSchema = z.object({
  /** As in src/documents/passage.ts: pieces without offsets are read, never quoted. */
  pieces: z
    .array(z.object({ text: z.string(), start: z.number().int().optional(), end: z.number().int().optional() }))
    .min(1),
  questions: z.array(questionSchema).min(1),
});

export type Example = z.infer<typeof exampleSchema>;
export type ExampleQuestion = z.infer<typeof questionSchema>;

/** @throws DocentError EXAMPLES_INVALID with the line and the reason, or when there is no example. */
export async function readExamples(file: string): Promise<readonly Example[]> {
  const examples: Example[] = [];
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1;
      if (!text.trim()) continue;
      examples.push(exampleSchema.parse(JSON.parse(text)));
    }
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error).split('\n')[0]! : reasonOf(error);
    throw new DocentError(
      'EXAMPLES_INVALID',
      { file, reason: line ? `line ${line}: ${reason}` : reason },
      { cause: error },
    );
  }
  if (examples.length === 0) throw new DocentError('EXAMPLES_INVALID', { file, reason: 'it holds no examples' });
  return examples;
}

export interface RowMaker {
  /** @returns null when no question of the example fits or can be answered from it. */
  row(example: Example): Row | null;
}

/** `read`: questions are given and answers trained; `write`: the other way round, without those that have no answer. */
export type Task = 'read' | 'write';

/** @param maxLength tokens of a row. */
export function createRowMaker(tokenizer: Tokenizer, maxLength: number, task: Task = 'read'): RowMaker {
  return task === 'read' ? readingRows(tokenizer, maxLength) : writingRows(tokenizer, maxLength);
}

function readingRows(tokenizer: Tokenizer, maxLength: number): RowMaker {
  const prompt = createPromptRenderer(tokenizer);
  const leads = { span: prompt.lead, list: prompt.lead, yes: prompt.leadYes, no: prompt.leadNo };
  return {
    row({ pieces, questions }) {
      const rendered = prompt.passage(pieces);
      const mask = createSpanMask(pieces, rendered, prompt);
      const answer = ({ form, spans }: ExampleQuestion): number[] | null => {
        if (form === 'none') return [...prompt.notFound, prompt.end];
        const copies = quotedTokens(mask, spans);
        const joined = copies?.flatMap((copy, i) => (i === 0 ? [...copy] : [...prompt.separator, ...copy]));
        return joined ? [...leads[form], ...joined, prompt.end] : null;
      };
      const branches: Branch[] = [];
      for (const question of questions) {
        const tokens = answer(question);
        if (tokens)
          branches.push({ question: prompt.question(question.question), answer: tokens, weight: question.weight });
      }
      return packRow(rendered.prefix, branches, maxLength);
    },
  };
}

function writingRows(tokenizer: Tokenizer, maxLength: number): RowMaker {
  const prompt = createPromptRenderer(tokenizer);
  const writer = createWriterPromptRenderer(tokenizer);
  return {
    row({ pieces, questions }) {
      const rendered = writer.passage(pieces);
      const mask = createSpanMask(pieces, rendered, prompt);
      const branches: Branch[] = [];
      for (const { question, form, spans, weight } of questions) {
        const copies = form === 'none' ? null : quotedTokens(mask, spans);
        if (form !== 'none' && copies)
          branches.push({ question: writer.answer(form, copies), answer: writer.target(question), weight });
      }
      return packRow(rendered.prefix, branches, maxLength);
    },
  };
}
