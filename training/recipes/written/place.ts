/** Finds the passage, and the words in it, that a hand-written question means. */
import { type Piece, passageText } from '../../../src/documents/passage.ts';
import { contentWords } from '../../../src/learn/rules/words.ts';

export interface WrittenQuestion {
  /** File name of the document, or number of the passage. */
  readonly at: string | number;
  readonly question: string;
  /** The question before it in the thread. */
  readonly first?: string;
  readonly form: 'span' | 'yes' | 'no' | 'list' | 'none';
  /** Verbatim. */
  readonly quotes: readonly string[];
  /** The table row that the quotes are cells of, as in the Markdown. */
  readonly row?: string;
  /** The line that the quotes stand in, where they stand in several. */
  readonly line?: string;
  /** What an unanswered question could be confused with. */
  readonly near?: string;
}

export interface AskedPassage {
  readonly at: string | number;
  readonly pieces: readonly Piece[];
  readonly questions: {
    readonly question: string;
    readonly form: WrittenQuestion['form'];
    readonly words: readonly string[];
    readonly spans: readonly (readonly [number, number])[];
  }[];
}

type Range = readonly [number, number];

const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}]/u.test(char);

/** Occurrences of words in what can be quoted, not inside longer words or numbers. */
function occurrences(pieces: readonly Piece[], words: string): Range[] {
  const found: Range[] = [];
  for (const { text, start } of pieces) {
    if (start === undefined) continue;
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
      const cutsWord =
        (isWord(words[0]) && isWord(text[at - 1])) || (isWord(words.at(-1)) && isWord(text[at + words.length]));
      if (!cutsWord) found.push([start + at, start + at + words.length]);
    }
  }
  return found;
}

/** The part of a passage that is also part of this line. */
function lineIn(pieces: readonly Piece[], line: string): readonly Piece[] | null {
  const within = pieces.flatMap((piece) => {
    if (piece.start === undefined) return [];
    return piece.text.split('\n').flatMap((text) => {
      const bare = text.replace(/^\s*(?:-|\d+\.)\s+/, '').trim();
      if (bare.length < 8 || !line.includes(bare)) return [];
      const start = piece.start! + piece.text.indexOf(bare);
      return [{ text: bare, start, end: start + bare.length }];
    });
  });
  return within.length > 0 ? within : null;
}

/** Offsets of a row's cells when they stand in this passage one after the other. */
function rowIn(pieces: readonly Piece[], row: string): readonly Piece[] | null {
  const cells = row
    .replace(/^\s*\||\|\s*$/g, '')
    .split('|')
    .map((cell) => cell.trim())
    .filter(Boolean);
  const quotable = pieces.filter(({ start, text }) => start !== undefined && text.trim() !== '');
  for (let i = 0; i + cells.length <= quotable.length; i += 1)
    if (cells.every((cell, k) => quotable[i + k]!.text.trim() === cell)) return quotable.slice(i, i + cells.length);
  return null;
}

const sharedWords = (text: string, words: ReadonlySet<string>): number =>
  new Set(contentWords(text).filter((word) => words.has(word))).size;

/** The line or sentence around an offset, to tell equal words apart. */
function around(pieces: readonly Piece[], [start, end]: Range): string {
  const piece = pieces.find((each) => each.start !== undefined && each.start <= start && each.end! >= end)!;
  const at = start - piece.start!;
  return piece.text.slice(Math.max(0, at - 120), at + (end - start) + 80);
}

/** Puts the question to its passage; false when none holds all of its words. */
export function placeQuestion(written: WrittenQuestion, passages: readonly AskedPassage[]): boolean {
  const { question, form, quotes, row, line, near } = written;
  const own = passages.filter(({ at }) => at === written.at);
  const asked = new Set(contentWords(question));
  if (form === 'none') {
    const place =
      own.find(({ pieces }) => near !== undefined && passageText(pieces).includes(near)) ??
      own.find(({ pieces }) => near !== undefined && rowIn(pieces, near) !== null) ??
      (own.length === 1 ? own[0] : undefined);
    place?.questions.push({ question, form, words: [], spans: [] });
    return place !== undefined;
  }
  if (quotes.length === 0 || (form !== 'list' && quotes.length > 1)) return false;
  let best: { place: AskedPassage; spans: Range[]; score: number } | null = null;
  for (const place of own) {
    const within =
      row !== undefined ? rowIn(place.pieces, row) : line !== undefined ? lineIn(place.pieces, line) : place.pieces;
    if (!within) continue;
    const text = passageText(place.pieces);
    const all = quotes.map((quote) => occurrences(within, quote.trim()));
    if (all.some((ranges) => ranges.length === 0)) continue;
    // Words that stand several times are meant where the question's other words are.
    const spans = all.map((ranges) =>
      ranges.reduce((a, b) => (sharedWords(around(within, b), asked) > sharedWords(around(within, a), asked) ? b : a)),
    );
    const score = sharedWords(text, asked) + 2 * sharedWords(around(within, spans[0]!), asked);
    if (!best || score > best.score) best = { place, spans, score };
  }
  best?.place.questions.push({ question, form, words: quotes, spans: best.spans });
  return best !== null;
}
