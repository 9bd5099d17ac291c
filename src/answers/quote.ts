/** From found words to what a person can check: the sentence or line around them, sliced from the extracted text. */

/** A quote longer than this is cut back to the sentence, then to the words themselves. */
const maxQuote = 400;

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

export interface Quote {
  readonly quote: string;
  /** [start, end) in the document's extracted text. */
  readonly start: number;
  readonly end: number;
}

const slice = (text: string, start: number, end: number): Quote => {
  let [from, to] = [start, end];
  while (from < to && /\s/.test(text[from]!)) from += 1;
  while (to > from && /\s/.test(text[to - 1]!)) to -= 1;
  return { quote: text.slice(from, to), start: from, end: to };
};

/** The sentence (or the table row, or the list item) of `text` that holds [start, end). */
export function quoteAround(text: string, start: number, end: number): Quote {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const nextBreak = text.indexOf('\n', end);
  const lineEnd = nextBreak < 0 ? text.length : nextBreak;
  let from = start;
  let to = end;
  for (const sentence of segmenter.segment(text.slice(lineStart, lineEnd))) {
    const sentenceStart = lineStart + sentence.index;
    const sentenceEnd = sentenceStart + sentence.segment.length;
    if (sentenceEnd <= start || sentenceStart >= end) continue;
    from = Math.min(from, sentenceStart);
    to = Math.max(to, sentenceEnd);
  }
  return to - from > maxQuote ? slice(text, start, end) : slice(text, from, to);
}
