/**
 * What the prompts of reader and writer share: a system turn, a passage in the user's turn, and where each of its tokens
 * stands in its text. Knows tokens, not what is asked about the passage.
 */
import { type Piece, passageText } from '../documents/passage.ts';
import type { Tokenizer } from '../inference/contract.ts';

/** A passage inside of its prompt, with the character range of each of its tokens. */
export interface RenderedPassage {
  /** The prompt up to where it depends on the question; the same for every question, so its KV is reusable. */
  readonly prefix: Int32Array;
  /** Index in `prefix` of the passage's first token, and one past its last. */
  readonly first: number;
  readonly last: number;
  /** [start, end) of the tokens first…last in the passage's text, UTF-16 units; may hold leading white space. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly text: string;
}

export const concat = (...parts: readonly ArrayLike<number>[]): Int32Array => {
  const out = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

export interface PromptFrame {
  passage(pieces: readonly Piece[]): RenderedPassage;
  /** Ends the user's turn and begins the assistant's: `<|im_end|>\n<|im_start|>assistant\n`. */
  readonly assistant: Int32Array;
  readonly end: number;
}

/**
 * Pieces between special tokens are encoded in one go, as in training.
 * @param opening what stands in front of the passage, `user\n` included. @param closing what follows it.
 */
export function createPromptFrame(
  tokenizer: Tokenizer,
  text: { readonly system: string; readonly opening: string; readonly closing: string },
): PromptFrame {
  const start = tokenizer.special('<|im_start|>');
  const end = tokenizer.special('<|im_end|>');
  const system = concat([start], tokenizer.encode(`system\n${text.system}`), [end], tokenizer.encode('\n'), [start]);
  return {
    passage(pieces) {
      const passage = passageText(pieces);
      const { ids, starts, ends } = tokenizer.encodeWithOffsets(text.opening + passage + text.closing);
      const begin = text.opening.length;
      const finish = begin + passage.length;
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
        text: passage,
      };
    },
    assistant: concat([end], tokenizer.encode('\n'), [start], tokenizer.encode('assistant\n')),
    end,
  };
}
