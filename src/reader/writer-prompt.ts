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
import { type Piece, passageText } from '../documents/passage.ts';
import type { Tokenizer } from '../inference/contract.ts';
import type { RenderedPassage } from './prompt.ts';

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

/** `tokenizer` is the base's; pieces between special tokens are encoded in one go, spans apart. */
export function createWriterPromptRenderer(tokenizer: Tokenizer): WriterPromptRenderer {
  const start = tokenizer.special('<|im_start|>');
  const end = tokenizer.special('<|im_end|>');
  const encode = (text: string): number[] => [...tokenizer.encode(text)];
  const system = [start, ...encode(`system\n${systemPrompt}`), end, ...encode('\n'), start];
  const assistant = [end, ...encode('\n'), start, ...encode('assistant\n')];
  const kinds: Readonly<Record<WriterKind, readonly number[]>> = {
    span: encode(' (span):'),
    yes: encode(' (yes):'),
    no: encode(' (no):'),
    list: encode(' (list):'),
  };
  const separator = encode(' ;');
  const opening = 'user\nPassage: ';
  const closing = '\n\nAnswer';
  return {
    passage(pieces) {
      const text = passageText(pieces);
      const { ids, starts, ends } = tokenizer.encodeWithOffsets(opening + text + closing);
      const begin = opening.length;
      const finish = begin + text.length;
      // Tokens that hold characters of the passage; one may also hold the space before it.
      let first = 0;
      while (first < ids.length && ends[first]! <= begin) first += 1;
      let last = first;
      while (last < ids.length && starts[last]! < finish) last += 1;
      return {
        prefix: Int32Array.from([...system, ...ids]),
        first: system.length + first,
        last: system.length + last,
        starts: starts.slice(first, last).map((offset) => offset - begin),
        ends: ends.slice(first, last).map((offset) => Math.min(offset, finish) - begin),
        text,
      };
    },
    answer: (kind, spans) =>
      Int32Array.from([
        ...kinds[kind],
        ...spans.flatMap((span, i) => (i === 0 ? [...Array.from(span)] : [...separator, ...Array.from(span)])),
        ...assistant,
      ]),
    target: (question) => Int32Array.from([...encode(question.trim()), end]),
    end,
  };
}
