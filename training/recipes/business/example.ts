/** Lines of the examples file. */

import type { Piece } from '../../../src/documents/passage.ts';
import { restyled } from '../../../src/learn/restyle.ts';
import type { Made } from '../../../src/learn/rules/question.ts';
import type { Random } from '../../../src/random.ts';
import type { BusinessPassage } from './documents.ts';

export interface LineQuestion extends Pick<Made, 'question' | 'form' | 'spans'> {
  /** In the loss; 1 without it. */
  readonly weight?: number;
}

/**
 * A passage with questions in this order. Pieces keep the offsets of their document, shifted so that the passage begins
 * at 0. @param plain questions stay as written.
 */
export function passageLine(
  pieces: readonly Piece[],
  questions: readonly LineQuestion[],
  random: Random,
  plain: boolean,
): string {
  const shift = Math.min(...pieces.flatMap(({ start }) => (start === undefined ? [] : [start])));
  return JSON.stringify({
    pieces: pieces.map(({ text, start, end }) =>
      start === undefined ? { text } : { text, start: start - shift, end: end! - shift },
    ),
    questions: questions.map(({ question, form, spans, weight = 1 }) => ({
      question: plain ? question : restyled(question, random.next),
      form,
      ...(weight === 1 ? {} : { weight }),
      ...(spans.length > 0 ? { spans: spans.map(([start, end]) => [start - shift, end - shift]) } : {}),
    })),
  });
}

/** A passage with its questions shuffled. */
export const exampleLine = (
  { passage, questions }: { readonly passage: BusinessPassage; readonly questions: readonly Made[] },
  random: Random,
  plain = false,
): string => passageLine(passage.pieces, random.shuffled(questions), random, plain);
