/**
 * The reader's prompt: one renderer for training, evaluation and serving. Changing a single token here means retraining
 * `models/reader`, so golden tests hold the ids. Knows tokens and passages, not documents or questions' origin.
 */
import { type Piece, passageText } from '../documents/passage.ts';
import type { Tokenizer } from '../inference/contract.ts';

/** Written into adapters; an adapter of another version is refused. */
export const promptVersion = 'docent-reader-1';

const systemPrompt =
  'Answer from the numbered passages: give the passage number and the exact words that answer. If they do not answer, say not found.';

/** One earlier turn of the thread, so that "and for part-timers?" can be read. */
export interface EarlierTurn {
  readonly question: string;
  readonly answer: string | null;
}

/** A passage rendered as passage [1] of the prompt, with the character range of each of its tokens. */
export interface RenderedPassage {
  /** The prompt up to and with `Question:`; the same for every question, so its KV is reusable. */
  readonly prefix: Int32Array;
  /** Index in `prefix` of the passage's first token, and one past its last. */
  readonly first: number;
  readonly last: number;
  /** [start, end) of the tokens first…last in the passage's text, UTF-16 units; may hold leading white space. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly text: string;
}

const concat = (...parts: readonly ArrayLike<number>[]): Int32Array => {
  const out = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

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

/** `tokenizer` is the base's; pieces between special tokens are encoded in one go, as in training. */
export function createPromptRenderer(tokenizer: Tokenizer): PromptRenderer {
  const start = tokenizer.special('<|im_start|>');
  const end = tokenizer.special('<|im_end|>');
  const system = concat([start], tokenizer.encode(`system\n${systemPrompt}`), [end], tokenizer.encode('\n'), [start]);
  const assistant = concat([end], tokenizer.encode('\n'), [start], tokenizer.encode('assistant\n'));
  const opening = 'user\n[1] ';
  const closing = '\n\nQuestion:';
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
        prefix: concat(system, ids),
        first: system.length + first,
        last: system.length + last,
        starts: starts.slice(first, last).map((offset) => offset - begin),
        ends: ends.slice(first, last).map((offset) => Math.min(offset, finish) - begin),
        text,
      };
    },
    question: (question) => concat(tokenizer.encode(` ${question.trim()}`), assistant),
    lead: [...tokenizer.encode('[1]')],
    leadYes: [...tokenizer.encode('[1] yes:')],
    leadNo: [...tokenizer.encode('[1] no:')],
    separator: [...tokenizer.encode(' ;')],
    notFound: [...tokenizer.encode('not found')],
    end,
  };
}
