/**
 * Where sentences begin and end. Knows text only; used for passages and for the sentence quoted around an answer.
 */

export interface TextRange {
  readonly start: number;
  readonly end: number;
}

// Rules of Unicode TR 29; they know no abbreviations, which `joins` repairs.
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Words whose full stop ends no sentence. */
const abbreviation =
  /(?:^|[\s([“"'/])(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|Inc|Ltd|Co|Corp|vs|cf|ca|approx|max|min|incl|excl|est|dept|tel|ext|ref|e\.g|i\.e|a\.m|p\.m|z\.\s?B|d\.\s?h|bzw|ggf|usw|etc|resp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|U\.S|U\.K|[A-Z])\.\s*$/;
/** These may also end a sentence: they do when a capital follows. */
const maybeFinal = /(?:etc|Inc|Ltd|Co|Corp|usw|a\.m|p\.m|Jr|Sr|U\.S|U\.K)\.\s*$/;
/** Words whose full stop ends no sentence when a number follows: sec. 4.2, No. 5, p. 12. */
const beforeNumber = /(?:^|[\s([“"'/§])(?:nos?|nr|art|sect?|figs?|tab|eq|ch|vol|pp?|par|para|ver|rev|v|bldg|rm)\.\s*$/i;
/** `4.` or `4.2.` alone: the number of a section or list item, not a sentence. */
const onlyNumber = /(?:^|\n)\s*\(?(?:\d+(?:\.\d+)*|[a-zA-Z]|[ivx]+)[.)]\s*$/;

/** Whether the text before the cut belongs to the sentence after it. */
function joins(before: string, after: string): boolean {
  if (before.endsWith('\n')) return false;
  const tail = before.slice(-24);
  if (onlyNumber.test(tail)) return true;
  if (beforeNumber.test(tail) && /^\d/.test(after)) return true;
  if (!abbreviation.test(tail)) return /^\p{Ll}/u.test(after) && /\.\s*$/.test(tail);
  return maybeFinal.test(tail) ? !/^["“(]?\p{Lu}/u.test(after) : true;
}

/**
 * Sentences of `text` as ranges that follow each other without gaps: trailing spaces belong to the sentence before.
 * A line break ends a sentence.
 * @param offset added to every position, for a text that is a slice of a longer one.
 */
export function splitSentences(text: string, offset = 0): TextRange[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { segment, index } of segmenter.segment(text)) {
    const last = ranges.at(-1);
    if (last && joins(text.slice(last.start, last.end), segment)) last.end = index + segment.length;
    else ranges.push({ start: index, end: index + segment.length });
  }
  return ranges.map(({ start, end }) => ({ start: start + offset, end: end + offset }));
}

/** [start, end) without the white space at both ends. */
export function trimRange(text: string, { start, end }: TextRange): TextRange {
  let from = start;
  let to = end;
  while (from < to && /\s/.test(text[from]!)) from++;
  while (to > from && /\s/.test(text[to - 1]!)) to--;
  return { start: from, end: to };
}
