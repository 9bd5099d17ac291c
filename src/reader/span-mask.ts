/**
 * Which stretches of a passage may be an answer, as a constraint for the engine: verbatim, whole words, whole numbers
 * with their unit, and only text that stems from the document. Spans found are turned back into document offsets.
 */
import type { Piece } from '../documents/passage.ts';
import type { SpanConstraint } from '../inference/contract.ts';
import type { PromptRenderer } from './prompt.ts';
import type { RenderedPassage } from './prompt-frame.ts';

/** Stands between tokens that must not be joined in one span; no vocabulary has it. */
const barrier = -1;

const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}_]/u.test(char);
const isLetter = (char: string | undefined): boolean => char !== undefined && /\p{L}/u.test(char);
const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';
const isCurrency = (char: string | undefined): boolean => char !== undefined && /\p{Sc}/u.test(char);

/** Written after a number and part of it. */
const isUnit = (char: string | undefined): boolean => isCurrency(char) || /[%‰°]/.test(char ?? '');

/** May an answer begin at `at`, the offset of its first character that is no space? */
export function mayBegin(text: string, at: number): boolean {
  const [before2, before, here] = [text[at - 2], text[at - 1], text[at]];
  if (here === undefined || /\s/.test(here)) return false;
  if (isWord(before) && isWord(here)) return false;
  if (isUnit(here) && (isDigit(before) || (/[ \u00a0\u202f]/.test(before ?? '') && isDigit(before2)))) return false;
  if (isDigit(here)) {
    if (isCurrency(before)) return false;
    if (/[.,:]/.test(before ?? '') && isDigit(before2)) return false;
    if (/[-−]/.test(before ?? '') && !isWord(before2)) return false;
  }
  return !(before === '-' && isLetter(before2) && isWord(here));
}

/** Words that lead on to another one: an answer does not stop behind them in the middle of a sentence. */
const leadsOn =
  /(?:^|[^\p{L}\p{N}_-])(?:a|an|the|of|in|on|at|to|for|with|by|from|and|or|as|than|that|which|who|is|are|was|were|be|if|your|our|their|its)$/iu;
const longestLeadsOn = 7;

/** May an answer end before `at`, one past its last character? */
export function mayEnd(text: string, at: number): boolean {
  const [last, next, next2] = [text[at - 1], text[at], text[at + 1]];
  if (last === undefined || /\s/.test(last) || (isCurrency(last) && isDigit(next))) return false;
  if (isWord(last) && isWord(next)) return false;
  if (isDigit(last)) {
    if (/[.,:]/.test(next ?? '') && isDigit(next2)) return false;
    if (isUnit(next)) return false;
    // Also behind a space, a no-break space or a narrow one.
    if (/[ \u00a0\u202f]/.test(next ?? '') && isUnit(next2)) return false;
  }
  if (next === ' ' && isWord(next2) && leadsOn.test(text.slice(Math.max(0, at - longestLeadsOn), at))) return false;
  return !(next === '-' && isLetter(last) && isWord(next2));
}

interface Located {
  readonly piece: Piece;
  /** Offset in the passage's text where the piece begins. */
  readonly at: number;
}

export interface SpanMask {
  readonly constraint: SpanConstraint;
  /** Document offsets of a span given as indices into `constraint.tokens`. */
  locate(span: readonly [number, number]): { readonly start: number; readonly end: number };
  /**
   * The other way: the shortest span that may be an answer and covers [start, end) of the document, as indices into
   * `constraint.tokens`. Null when there is none, because the stretch is not in this passage or not wholly quotable.
   */
  find(start: number, end: number): readonly [number, number] | null;
}

/** The passage's own tokens of stretches of the document; null when there are none, or one can't be quoted. */
export function quotedTokens(
  mask: SpanMask,
  spans: readonly (readonly [start: number, end: number])[],
): Int32Array[] | null {
  const found = spans.map(([start, end]) => mask.find(start, end));
  if (found.length === 0 || found.includes(null)) return null;
  return found.map((span) => mask.constraint.tokens.subarray(span![0], span![1] + 1));
}

/** @param forms which answers this adapter was trained to give; a plain span always is. */
export function createSpanMask(
  pieces: readonly Piece[],
  rendered: RenderedPassage,
  prompt: PromptRenderer,
  forms: { readonly yesNo: boolean; readonly several: boolean } = { yesNo: false, several: false },
): SpanMask {
  const located: Located[] = [];
  let at = 0;
  for (const piece of pieces) {
    located.push({ piece, at });
    at += piece.text.length;
  }
  /** Document offset of a character of the passage; null for what Docent wrote itself. */
  const documentOffset = (offset: number): number | null => {
    const found = located.findLast((candidate) => candidate.at <= offset);
    return found?.piece.start === undefined ? null : found.piece.start + offset - found.at;
  };

  const { text, prefix, first, last } = rendered;
  const tokens: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  /** Per entry of `tokens`: the passage's [start, end) without leading and trailing white space. */
  const ranges: (readonly [number, number])[] = [];
  const push = (id: number, canStart: boolean, canEnd: boolean, range: readonly [number, number]) => {
    tokens.push(id);
    starts.push(canStart ? 1 : 0);
    ends.push(canEnd ? 1 : 0);
    ranges.push(range);
  };
  /** Last character in front of here that stems from the document: its offset in the passage. Null = nothing to join. */
  let joined: number | null = null;
  const joins = (offset: number): boolean =>
    joined === null || documentOffset(offset)! - documentOffset(joined)! === offset - joined;
  let afterNumberSpace = false;
  for (let index = first; index < last; index += 1) {
    const rawStart = Math.max(0, rendered.starts[index - first]!);
    const rawEnd = rendered.ends[index - first]!;
    let start = rawStart;
    while (start < rawEnd && /\s/.test(text[start]!)) start += 1;
    const blank = start === rawEnd;
    const from = documentOffset(start);
    const to = blank ? from : documentOffset(rawEnd - 1);
    // The white space in front of a word may be Docent's own (after a heading path); its letters may not.
    const quotable = from !== null && to !== null && (blank || to - from === rawEnd - 1 - start);
    if (!quotable || !joins(start)) {
      push(barrier, false, false, [start, start]);
      joined = null;
    }
    if (!quotable) continue;
    if (blank) {
      // Digits follow a lone space token: an answer that is a number begins with that token, as in training.
      afterNumberSpace = isDigit(text[rawEnd]);
      push(prefix[index]!, afterNumberSpace && mayBegin(text, rawEnd), false, [rawEnd, rawEnd]);
      continue;
    }
    push(prefix[index]!, !afterNumberSpace && mayBegin(text, start), mayEnd(text, rawEnd), [start, rawEnd]);
    afterNumberSpace = false;
    joined = rawEnd - 1;
  }

  const leads = [prompt.lead, ...(forms.yesNo ? [prompt.leadYes, prompt.leadNo] : [])];
  return {
    constraint: {
      tokens: Int32Array.from(tokens),
      starts: Uint8Array.from(starts),
      ends: Uint8Array.from(ends),
      leads,
      ...(forms.several ? { separator: prompt.separator } : {}),
      end: prompt.end,
    },
    locate([from, to]) {
      const start = documentOffset(ranges[from]![0]);
      const end = documentOffset(ranges[to]![1] - 1);
      if (start === null || end === null) throw new Error('span outside of the document');
      return { start, end: end + 1 };
    },
    find(start, end) {
      const offsetOf = (index: number) => documentOffset(ranges[index]![0]);
      const from = starts.findLastIndex((may, index) => may === 1 && offsetOf(index)! <= start);
      if (from < 0) return null;
      for (let to = from; to < tokens.length && tokens[to] !== barrier; to += 1) {
        if (ends[to] === 0) continue;
        const covered = documentOffset(ranges[to]![1] - 1)! + 1;
        if (covered >= end) return [from, to];
      }
      return null;
    },
  };
}
