/** One line of the examples file. */

import type { Random } from '../../data/random.ts';
import { restyled } from '../restyle.ts';
import type { BusinessPassage } from './documents.ts';
import type { Made } from './question.ts';

/** Pieces keep the offsets of their document, shifted so that the passage begins at 0. @param plain questions stay as written. */
export function exampleLine(
  { passage, questions }: { readonly passage: BusinessPassage; readonly questions: readonly Made[] },
  random: Random,
  plain = false,
): string {
  const shift = Math.min(...passage.pieces.flatMap(({ start }) => (start === undefined ? [] : [start])));
  return JSON.stringify({
    pieces: passage.pieces.map(({ text, start, end }) =>
      start === undefined ? { text } : { text, start: start - shift, end: end! - shift },
    ),
    questions: random.shuffled(questions).map(({ question, form, spans }) => ({
      question: plain ? question : restyled(question, random.next),
      form,
      ...(spans.length > 0 ? { spans: spans.map(([start, end]) => [start - shift, end - shift]) } : {}),
    })),
  });
}
