/**
 * The reader's prompt: one renderer for training, evaluation and serving. Changing a single token here means retraining
 * `models/reader`, so golden tests hold the ids. Knows tokens and passages, not documents or questions' origin.
 */
import type { Piece } from '../documents/passage.ts';
import type { Tokenizer } from '../inference/contract.ts';
import { concat, createPromptFrame, type RenderedPassage } from './prompt-frame.ts';

/** Written into adapters; an adapter of another version is refused. */
export const promptVersion = 'docent-reader-1';

const systemPrompt =
  'Answer from the numbered passages: give the passage number and the exact words that answer. If they do not answer, say not found.';

export interface PromptRenderer {
  passage(pieces: readonly Piece[]): RenderedPassage;
  /** What follows the prefix: ` question<|im_end|>\n<|im_start|>assistant\n`. */
  question(question: string): Int32Array;
  /** Tokens of `[1]`. */
  readonly lead: readonly number[];
  readonly leadYes: readonly number[];
  readonly leadNo: readonly number[];
  readonly separator: readonly number[];
  readonly notFound: readonly number[];
  readonly end: number;
}

/** `tokenizer` is the base's. */
export function createPromptRenderer(tokenizer: Tokenizer): PromptRenderer {
  const { passage, assistant, end } = createPromptFrame(tokenizer, {
    system: systemPrompt,
    opening: 'user\n[1] ',
    closing: '\n\nQuestion:',
  });
  return {
    passage,
    question: (question) => concat(tokenizer.encode(` ${question.trim()}`), assistant),
    lead: [...tokenizer.encode('[1]')],
    leadYes: [...tokenizer.encode('[1] yes:')],
    leadNo: [...tokenizer.encode('[1] no:')],
    separator: [...tokenizer.encode(' ;')],
    notFound: [...tokenizer.encode('not found')],
    end,
  };
}
