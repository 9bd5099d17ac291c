/** Whether a passage holds what answers a question. */
import { type Piece, passageText } from '../documents/passage.ts';

/** Letters and digits only, in lower case: texts are compared whatever their marks and spaces. */
export const wordsOnly = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/** A passage holds the evidence when it contains it, or it is part of a longer evidence text. Words only are compared. */
export function holdsEvidence(pieces: readonly Piece[], evidence: string): boolean {
  const wanted = wordsOnly(evidence);
  const text = wordsOnly(passageText(pieces));
  // A table's row as the document has it: without the header's words before each cell.
  const document = wordsOnly(
    pieces
      .filter(({ start }) => start !== undefined)
      .map((piece) => piece.text)
      .join(' '),
  );
  return text.includes(wanted) || document.includes(wanted) || (document.length > 40 && wanted.includes(document));
}
