/**
 * The question writer's prompt: one renderer for training and serving. A passage and one of its answers go in, the question
 * comes out. Changing a single token here means retraining `models/writer`.
 * ```
 * <|im_start|>system
 * Write the question that these words of the passage answer, as a colleague would ask it.<|im_end|>
 * <|im_start|>user
 * Passage: passage…
 *
 * Answer (span): the exact words<|im_end|>
 * <|im_start|>assistant
 * the question<|im_end|>
 * ```
 * The kind in brackets is `span`, `yes`, `no` or `list`; several spans are joined by ` ; `. Up to `Answer` nothing depends
 * on the answer, so that one prefill of a passage serves all of its questions.
 */
import type { Piece } from '../documents/passage.ts';
import type { Tokenizer } from '../inference/contract.ts';
import { concat, createPromptFrame, type RenderedPassage } from './prompt-frame.ts';

/** Written into adapters; an adapter of another version is refused. */
export const writerPromptVersion = 'docent-writer-1';

const systemPrompt = 'Write the question that these words of the passage answer, as a colleague would ask it.';

/** What the answer is: words, a yes or no that they show, or several. */
export type WriterKind = 'span' | 'yes' | 'no' | 'list';

export interface WriterPromptRenderer {
  /** `prefix` ends with `\n\nAnswer`, the same for every answer; offsets as in the reader's, so that its span mask fits. */
  passage(pieces: readonly Piece[]): RenderedPassage;
  /**
   * What follows the prefix, up to where the question begins.
   * @param spans the passage's own tokens of each span, as the span mask finds them: `25 days` is not re-encoded, since a
   * digit behind a space is another token than one at the beginning.
   */
  answer(kind: WriterKind, spans: readonly ArrayLike<number>[]): Int32Array;
  /** A question as it is trained: its tokens and the end. */
  target(question: string): Int32Array;
  readonly end: number;
}

/** `tokenizer` is the base's; spans are encoded apart from what surrounds them. */
export function createWriterPromptRenderer(tokenizer: Tokenizer): WriterPromptRenderer {
  const { passage, assistant, end } = createPromptFrame(tokenizer, {
    system: systemPrompt,
    opening: 'user\nPassage: ',
    closing: '\n\nAnswer',
  });
  const kinds: Readonly<Record<WriterKind, Int32Array>> = {
    span: tokenizer.encode(' (span):'),
    yes: tokenizer.encode(' (yes):'),
    no: tokenizer.encode(' (no):'),
    list: tokenizer.encode(' (list):'),
  };
  const separator = tokenizer.encode(' ;');
  return {
    passage,
    answer: (kind, spans) =>
      concat(kinds[kind], ...spans.flatMap((span, i) => (i === 0 ? [span] : [separator, span])), assistant),
    target: (question) => concat(tokenizer.encode(question.trim()), [end]),
    end,
  };
}
