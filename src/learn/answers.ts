/**
 * Words of a passage that are worth a question: numbers, dates, names, conditions, duties, cells of a table. Knows text
 * by patterns, in English and where digits say enough; what is asked about them is the writer's business.
 */
import type { Piece } from '../documents/passage.ts';
import { groupBy } from '../group.ts';
import { shuffled } from '../random.ts';
import type { Asked } from './question-writer.ts';

const months =
  'January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec';
const weekdays = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?';

/** Each kind finds its words as the whole match. */
const patterns: readonly (readonly [string, RegExp])[] = [
  [
    'date',
    new RegExp(`\\b(?:\\d{1,2} (?:${months})(?: \\d{4})?|(?:${months}) \\d{1,2}(?:, \\d{4})?|${weekdays})\\b`, 'g'),
  ],
  ['time', /\b\d{1,2}[:.]\d{2}(?: ?[ap]\.?m\.?)?(?: (?:to|and|–|-) \d{1,2}[:.]\d{2}(?: ?[ap]\.?m\.?)?)?/g],
  [
    'number',
    /(?:[£$€] ?)?\b\d[\d.,]*\d?\b(?: ?%| (?:percent|per cent|euros?|pounds?|dollars?|(?:working |calendar |business )?(?:days?|hours?|weeks?|months?|years?|minutes?|seconds?|km|people|persons|points|pages|copies|users|employees|metres|meters|kg|MB|GB|times)))?/g,
  ],
  [
    'spelt number',
    /\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty) (?:working |calendar |business )?(?:days?|hours?|weeks?|months?|years?|minutes?|people|persons|times)\b/gi,
  ],
  ['name', /(?<=[a-z,;:] )(?:[A-Z][\p{L}'’-]+(?: (?:of|and|the|for) (?=[A-Z])| (?=[A-Z]))?){2,5}/gu],
  [
    'condition',
    /\b(?:if|unless|only|except|provided that|as long as|within|before|until|after|when) [^.;:()\n]{8,90}(?=[.;,\n]|$)/g,
  ],
  [
    'duty',
    /(?<=\b(?:must|should|may not|may|can|cannot|need to|has to|have to|is|are) )[^.;:()\n]{12,90}(?=[.;\n]|$)/g,
  ],
  [
    'person',
    /(?<=\b(?:by|to|from|with|ask|tell|contact|inform) )(?:the|your) [a-z][\p{L} -]{3,40}?(?=[.,;\n]| (?:who|within|by|before|and|in|on|at|if)\b|$)/gu,
  ],
];

interface Found {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

const overlap = (a: Found, b: Found): boolean => a.start < b.end && b.start < a.end;

/** A stretch of the document; what Docent wrote in between is no answer. */
type Quotable = Piece & { readonly start: number; readonly end: number };
const quotable = (pieces: readonly Piece[]): readonly Quotable[] =>
  pieces.filter((piece): piece is Quotable => piece.start !== undefined && piece.end !== undefined);

/** In turns from each kind, so that a passage full of numbers is asked about its conditions too. */
function inTurns(found: readonly Found[], limit: number, next: () => number): readonly Found[] {
  const queues = [...groupBy(found, ({ type }) => type).values()].map((all) => shuffled(all, next));
  const taken: Found[] = [];
  while (taken.length < limit && queues.some((queue) => queue.length > 0))
    for (const queue of queues) {
      const one = queue.pop();
      if (one && taken.length < limit && !taken.some((other) => overlap(one, other))) taken.push(one);
    }
  return taken;
}

/** @param next uniform in [0, 1): which ones, where there are more than `limit`. */
export function worthAsking(pieces: readonly Piece[], limit: number, next: () => number): readonly Asked[] {
  const cells = new Set(tableCells(pieces).map(({ cell }) => cell.start));
  const stretches = quotable(pieces).filter(({ start }) => !cells.has(start));
  const found = stretches.flatMap(({ text, start }) =>
    patterns.flatMap(([type, pattern]) =>
      [...text.matchAll(pattern)].map((match): Found => {
        const words = match[0].replace(/[\s,]+$/, '');
        return { type, start: start + match.index, end: start + match.index + words.length };
      }),
    ),
  );
  return inTurns(found, limit, next).map(({ start, end }): Asked => ({ kind: 'span', spans: [[start, end]] }));
}

export interface TableCell {
  readonly column: string;
  /** The row's first cell. */
  readonly row: string;
  readonly cell: { readonly text: string; readonly start: number; readonly end: number };
}

/** Cells behind a label that Docent wrote, `Header: cell; Header: cell.`, without each row's first one. */
export function tableCells(pieces: readonly Piece[]): readonly TableCell[] {
  const cells: TableCell[] = [];
  let [firstLabel, row] = ['', ''];
  for (const [i, piece] of pieces.entries()) {
    const label = pieces[i - 1];
    if (piece.start === undefined || piece.end === undefined || !label || label.start !== undefined) continue;
    const column = /(?:^|[;.\n] ?)([^:;\n]{2,60}): $/.exec(label.text)?.[1]?.trim();
    if (!column) continue;
    if (firstLabel === '') firstLabel = column;
    if (column === firstLabel) row = piece.text.trim();
    else if (row !== '') cells.push({ column, row, cell: { text: piece.text, start: piece.start, end: piece.end } });
  }
  return cells;
}

const templates: readonly ((column: string, row: string) => string)[] = [
  (column, row) => `What is the ${column.toLowerCase()} of ${row}?`,
  (column, row) => `What is the ${column.toLowerCase()} for ${row}?`,
  (column, row) => `${row}: ${column.toLowerCase()}?`,
  (column, row) => `Which ${column.toLowerCase()} does ${row} have?`,
];

/** @param next uniform in [0, 1). */
export const tableQuestion = ({ column, row }: TableCell, next: () => number): string =>
  templates[Math.floor(next() * templates.length)]!(column, row);
