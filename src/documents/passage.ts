/** The units that are searched and read. */

/** A stretch of a passage. Without offsets it was written by Docent (heading path, repeated header): readable, never quotable. */
export interface Piece {
  readonly text: string;
  /** [start, end) in the document's extracted text; `text` is exactly that slice. */
  readonly start?: number;
  readonly end?: number;
}

export interface PassageDraft {
  readonly pieces: readonly Piece[];
  /** Offsets of the whole stretch of the document that this passage covers. */
  readonly start: number;
  readonly end: number;
  readonly page: number | null;
}

export interface SectionDraft {
  /** The heading as written; null before the first one. */
  readonly heading: string | null;
  /** Headings from the top to this one. */
  readonly path: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly page: number | null;
  readonly passages: readonly PassageDraft[];
}

export const passageText = (pieces: readonly Piece[]): string => pieces.map((piece) => piece.text).join('');

/** The document's words of [start, end), each within one piece; several stretches are joined by `; `. */
export const wordsAt = (pieces: readonly Piece[], stretches: readonly (readonly [number, number])[]): string =>
  stretches
    .map(([start, end]) => {
      const piece = pieces.find((each) => each.start !== undefined && each.start <= start && each.end! >= end);
      return piece ? piece.text.slice(start - piece.start!, end - piece.start!) : '';
    })
    .join('; ');
