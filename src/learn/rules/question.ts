/** What a rule makes of a sentence: a question as the examples file holds it. */

import type { Piece } from '../../documents/passage.ts';
import { splitSentences, trimRange } from '../../documents/sentences.ts';

export type Kind = 'yesno' | 'table' | 'list' | 'detail' | 'none';

export interface Made {
  readonly kind: Kind;
  readonly question: string;
  readonly form: 'span' | 'yes' | 'no' | 'list' | 'none';
  /** Offsets in the document. */
  readonly spans: readonly (readonly [number, number])[];
}

export interface Sentence {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const marker = /^(?:(?:[-*•]|\d{1,2}[.)]|\([\da-zA-Z]{1,3}\))\s+)+/;

/** Sentences of what stems from the document, without list markers. */
export function sentencesOf(passage: { readonly pieces: readonly Piece[] }): Sentence[] {
  return passage.pieces.flatMap((piece) => {
    if (piece.start === undefined) return [];
    return splitSentences(piece.text).flatMap((range) => {
      const { start, end } = trimRange(piece.text, range);
      const lead = marker.exec(piece.text.slice(start, end))?.[0].length ?? 0;
      const text = piece.text.slice(start + lead, end);
      return text ? [{ text, start: piece.start! + start + lead, end: piece.start! + end }] : [];
    });
  });
}
