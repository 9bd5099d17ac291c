/**
 * Cuts the body of one section into passages of a readable size. Windows don't overlap: a sentence that stood in two
 * neighbours would take two of the few passages that are read for a question, blur the margin between them (which the
 * confidence uses) and be trained on twice; the heading path says what a window's first sentence is about, and a list
 * that goes on in the next window repeats its lead-in.
 *
 * Every piece with offsets is exactly that slice of the text, and two such pieces that touch in a passage touch in the
 * document too, so that a span over both is one slice.
 */
import type { Block, HeadingBlock, TableBlock, TextBlock } from './extract/contract.ts';
import type { PassageDraft, Piece } from './passage.ts';
import { cutLong } from './passages.cut.ts';
import { rowUnits, type TableUnit } from './passages.table.ts';
import { bestWindows, type Unit } from './passages.windows.ts';
import { splitSentences, type TextRange, trimRange } from './sentences.ts';

export interface PassageContext {
  /** What every passage begins with (heading path), or ''. */
  readonly prefix: string;
  /** The section's own heading. */
  readonly heading: string | null;
  readonly countTokens: (text: string) => number;
  readonly maxTokens: number;
  readonly wholeTokens: number;
}

/** A window never gets less than this, however long the heading path. */
const minBodyTokens = 60;
/** Rows of a table are grouped up to this: a row is a fact, and rows alike crowd each other out. */
const rowGroupTokens = 120;
/** A lead-in longer than this isn't repeated or carried along. */
const maxLeadInTokens = 40;

const slice = (text: string, { start, end }: TextRange): Piece => ({ text: text.slice(start, end), start, end });
const own = (text: string): Piece[] => (text === '' ? [] : [{ text }]);

/** The passage of a heading with nothing under it. */
export const headingPassage = (text: string, heading: HeadingBlock, prefix: string): PassageDraft => ({
  pieces: [...own(prefix), slice(text, heading)],
  start: heading.start,
  end: heading.end,
  page: heading.page ?? null,
});

function lineRanges(text: string, { start, end }: TextRange): TextRange[] {
  const ranges: TextRange[] = [];
  for (let from = start; from < end; ) {
    const newline = text.indexOf('\n', from);
    const to = newline < 0 || newline >= end ? end : newline + 1;
    ranges.push({ start: from, end: to });
    from = to;
  }
  return ranges;
}

/** Sentences, list items and code lines of consecutive text blocks. */
function proseUnits(
  text: string,
  blocks: readonly TextBlock[],
  limit: number,
  { countTokens }: PassageContext,
): Unit[] {
  const units: Unit[] = [];
  let leadIn: TextRange | undefined;
  for (const block of blocks) {
    const isItem = block.kind === 'list-item';
    const ranges =
      block.kind === 'code'
        ? lineRanges(text, block)
        : isItem && countTokens(text.slice(block.start, block.end)) <= limit
          ? [block]
          : splitSentences(text.slice(block.start, block.end), block.start);
    if (!isItem) leadIn = undefined;
    ranges
      .flatMap((range) => cutLong(text, range, limit, countTokens))
      .forEach((range, index) => {
        units.push({
          start: range.start,
          end: range.end,
          tokens: countTokens(text.slice(range.start, range.end)),
          kind: block.kind === 'code' ? 'code' : isItem ? 'item' : 'sentence',
          firstOfBlock: index === 0,
          page: block.page ?? null,
          ...(isItem && leadIn ? { leadIn } : {}),
        });
      });
    const last = units.at(-1);
    if (!isItem && last && last.tokens <= maxLeadInTokens) leadIn = trimRange(text, last);
  }
  return units;
}

function prosePassage(text: string, units: readonly Unit[], prefix: string): PassageDraft {
  const first = units[0]!;
  const whole = trimRange(text, { start: first.start, end: units.at(-1)!.end });
  // A list that goes on from the window before says again what it lists.
  const leadIn = first.leadIn && first.leadIn.end <= whole.start ? first.leadIn : null;
  const repeated = leadIn ? `${text.slice(leadIn.start, leadIn.end)}\n` : '';
  return { pieces: [...own(prefix + repeated), slice(text, whole)], ...whole, page: first.page };
}

/** Groups of rows up to the limit; the lead-in stands before the first, and is repeated before the others. */
function tablePassages(
  text: string,
  units: readonly TableUnit[],
  leadIn: readonly Unit[],
  prefix: string,
  limit: number,
): PassageDraft[] {
  const leadTokens = leadIn.reduce((sum, unit) => sum + unit.tokens, 0);
  const budget = Math.max(minBodyTokens, Math.min(limit, rowGroupTokens + leadTokens)) - leadTokens;
  const groups: TableUnit[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const unit of units) {
    if (used + unit.tokens > budget) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)!.push(unit);
    used += unit.tokens;
  }
  const lead = leadIn.length > 0 ? trimRange(text, { start: leadIn[0]!.start, end: leadIn.at(-1)!.end }) : null;
  return groups.map((group, index) => {
    const shown = lead && index === 0 ? [slice(text, lead), { text: '\n' }] : [];
    const again = lead && index > 0 ? `${text.slice(lead.start, lead.end)}\n` : '';
    return {
      pieces: [...own(prefix + again), ...shown, ...joinRows(group)],
      start: lead && index === 0 ? lead.start : group[0]!.start,
      end: group.at(-1)!.end,
      page: group[0]!.page,
    };
  });
}

const joinRows = (rows: readonly TableUnit[]): Piece[] =>
  rows.flatMap((row, index) => (index === 0 ? row.pieces : [{ text: '\n' }, ...row.pieces]));

/** `Prices: Coffee: ` when the table has a name that neither the heading nor the text around it says. */
function tablePrefix(
  table: TableBlock,
  text: string,
  prose: readonly TextBlock[],
  { prefix, heading }: PassageContext,
): string {
  const { name } = table;
  const said = name === undefined || name === heading || prefix.includes(name);
  return said || prose.some((block) => text.slice(block.start, block.end).includes(name))
    ? prefix
    : `${prefix}${name}: `;
}

interface Run {
  readonly prose: TextBlock[];
  table: TableBlock | null;
}

/** Text blocks up to and with the next table. */
function runsOf(blocks: readonly (TextBlock | TableBlock)[]): Run[] {
  const runs: Run[] = [{ prose: [], table: null }];
  for (const block of blocks) {
    if (block.kind === 'table') {
      runs.at(-1)!.table = block;
      runs.push({ prose: [], table: null });
    } else runs.at(-1)!.prose.push(block);
  }
  return runs.filter((run) => run.prose.length > 0 || run.table);
}

/** @param blocks the section's body in reading order, without its heading. */
export function buildPassages(
  text: string,
  blocks: readonly Exclude<Block, HeadingBlock>[],
  context: PassageContext,
): PassageDraft[] {
  const { prefix, countTokens, maxTokens, wholeTokens } = context;
  const prefixTokens = prefix === '' ? 0 : countTokens(prefix);
  const limit = Math.max(minBodyTokens, maxTokens - prefixTokens);
  const runs = runsOf(blocks).map((run) => {
    const rows = run.table ? rowUnits(text, run.table, limit, countTokens) : [];
    return {
      units: proseUnits(text, run.prose, limit, context),
      rows,
      name: run.table?.name,
      prefix: run.table ? tablePrefix(run.table, text, run.prose, context) : prefix,
    };
  });
  const total = runs
    .flatMap((run) => [...run.units, ...run.rows])
    .reduce((sum, unit) => sum + unit.tokens, prefixTokens);
  if (total === prefixTokens) return [];

  if (total <= wholeTokens) {
    const pieces: Piece[] = [];
    for (const { units, rows } of runs) {
      const parts: Piece[][] = [];
      if (units.length > 0)
        parts.push([slice(text, trimRange(text, { start: units[0]!.start, end: units.at(-1)!.end }))]);
      if (rows.length > 0) parts.push(joinRows(rows));
      for (const part of parts) pieces.push(...(pieces.length > 0 ? [{ text: '\n' }] : []), ...part);
    }
    const only = runs.length === 1 ? runs[0]!.prefix : prefix;
    return [
      {
        pieces: [...own(only), ...pieces],
        start: blocks[0]!.start,
        end: blocks.at(-1)!.end,
        page: blocks[0]!.page ?? null,
      },
    ];
  }

  return runs.flatMap((run) => {
    // What introduces a table goes with its rows: the one short paragraph, or the sentence that ends in a colon.
    let windows = run.units;
    let leadIn: readonly Unit[] = [];
    const last = windows.at(-1);
    if (run.rows.length > 0 && last && last.kind === 'sentence') {
      const words = text.slice(last.start, last.end).trim();
      const alone = windows.reduce((sum, unit) => sum + unit.tokens, 0) <= maxLeadInTokens;
      const introduces = last.tokens <= maxLeadInTokens && (words.endsWith(':') || words === run.name);
      if (alone) leadIn = windows;
      else if (introduces) leadIn = [last];
      windows = windows.slice(0, windows.length - leadIn.length);
    }
    return [
      ...bestWindows(windows, limit).map((window) => prosePassage(text, window, prefix)),
      ...tablePassages(text, run.rows, leadIn, run.prefix, limit),
    ];
  });
}
