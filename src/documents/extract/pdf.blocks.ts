/**
 * From lines on pages to headings, paragraphs and lists: repeated headers and footers go, hyphens at line ends are
 * joined, size and weight tell headings, gaps and short lines tell paragraphs.
 */
import { oneLine, type TextBuilder } from './builder.ts';
import type { Line, Table } from './pdf.lines.ts';
import { joinCutTables } from './pdf.tables.ts';
import { rectangular, splitHeader } from './tables.ts';

export interface PdfPage {
  readonly number: number;
  readonly height: number;
  readonly content: readonly (Line | Table)[];
}

/** A heading of the document's own outline (bookmarks). */
export interface OutlineEntry {
  readonly title: string;
  readonly depth: number;
}

/** Share of the page's height at top and bottom where running headers and footers stand. */
const marginShare = 0.1;
/** Size over body size from which on a line is a heading. */
const headingRatio = 1.13;
const maxHeadingCharacters = 160;
const maxBoldHeadingCharacters = 90;

const bullet = /^\s*([•‣▪●○◦■□–—*·-]|\uf0b7|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+(?=\S)/;
const numbering = /^\s*(?:(?:chapter|section|part|article|appendix)\s+)?(\d+(?:\.\d+)*)[.)]?\s/i;
const pageNumber = /^(?:[-–—|]\s*)?(?:(?:page|seite|p\.?)\s*)?\d{1,4}(?:\s*(?:\/|of|von)\s*\d{1,4})?(?:\s*[-–—|])?$/i;
/** What browsers print around a page: the date and title above, the address below. */
const browserMargin = /^(?:file|https?):\/\/\S+(?:\s+\d+\/\d+)?$|^\d{1,2}[/.]\d{1,2}[/.]\d{2,4}, \d{1,2}:\d\d\b/;
const leaders = /(?:\.\s?){4,}\s*\S{1,6}$/;

/** So many of them make a table of contents, which repeats every heading without saying anything. */
const minContentsLines = 3;
const isContentsLine = (line: Line | Table): boolean =>
  line.kind === 'line'
    ? leaders.test(line.text)
    : line.rows.filter((row) => leaders.test(row.join(' '))).length >= line.rows.length / 2;

const key = (text: string): string =>
  oneLine(text)
    .toLowerCase()
    .replace(/^[\d.\s)]+/, '')
    .replace(/[^\p{L}\p{N}]+/gu, '');

/** Lines that stand in the margin and repeat, or are page numbers. */
function furnitureOf(pages: readonly PdfPage[]): Set<Line> {
  const seen = new Map<string, Set<number>>();
  const candidates: { line: Line; shape: string }[] = [];
  const furniture = new Set<Line>();
  for (const { number, height, content } of pages)
    for (const line of content) {
      if (line.kind !== 'line') continue;
      if (line.y > height * marginShare && line.y < height * (1 - marginShare)) continue;
      const text = oneLine(line.text);
      if (pageNumber.test(text) || browserMargin.test(text)) furniture.add(line);
      const shape = `${line.y > height / 2 ? 'top' : 'bottom'} ${text.toLowerCase().replace(/\d+|\b[ivx]+\b/g, '#')}`;
      candidates.push({ line, shape });
      const on = seen.get(shape) ?? new Set();
      seen.set(shape, on.add(number));
    }
  // A running header names the chapter, so three pages are enough; a large line may be the title of three slides.
  const body = bodySizeOf(candidates.map(({ line }) => line));
  for (const { line, shape } of candidates) {
    const repeated = seen.get(shape)?.size ?? 0;
    const numbered = /^(top|bottom) #|#$/.test(shape);
    const enough =
      line.size > body * headingRatio ? Math.max(2, pages.length * 0.4) : numbered ? 2 : Math.min(3, pages.length);
    if (pages.length > 1 && repeated >= enough) furniture.add(line);
  }
  return furniture;
}

/** The size most characters are set in. */
function bodySizeOf(lines: readonly Line[]): number {
  const characters = new Map<number, number>();
  for (const { size, text } of lines) {
    const rounded = Math.round(size * 2) / 2;
    characters.set(rounded, (characters.get(rounded) ?? 0) + text.length);
  }
  return [...characters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 10;
}

/** Usual distance between lines, in ems. */
function pitchOf(lines: readonly Line[]): number {
  const steps = lines
    .slice(1)
    .map((line, index) => ({ line, above: lines[index]! }))
    .filter(({ line, above }) => line.page === above.page && Math.abs(line.size - above.size) < 0.5)
    .map(({ line, above }) => (above.y - line.y) / line.size)
    .filter((step) => step > 0.8 && step < 2.2)
    .sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 1.25;
}

interface Style {
  readonly body: number;
  readonly pitch: number;
  /** Most of the text is bold: weight says nothing. */
  readonly boldBody: boolean;
  /** Sizes of headings, largest first. */
  readonly sizes: readonly number[];
  readonly outline: ReadonlyMap<string, number>;
}

const rounded = (size: number): number => Math.round(size * 2) / 2;

function isLarge(line: Line, body: number): boolean {
  return (
    line.size >= body * headingRatio && line.text.trim().length <= maxHeadingCharacters && /\p{L}/u.test(line.text)
  );
}

/** A bold line that is no sentence and stands off from the line above, or carries a section number. */
function isBoldHeading(line: Line, above: Line | Table | undefined, { body, pitch, boldBody }: Style): boolean {
  const text = line.text.trim();
  if (!line.bold || boldBody || line.size < body * 0.95 || text.length > maxBoldHeadingCharacters) return false;
  if (/[.,;]$/.test(text) || !/\p{L}{2}/u.test(text) || (bullet.test(text) && !numbering.test(text))) return false;
  const gap =
    !above || above.page !== line.page
      ? Number.POSITIVE_INFINITY
      : (above.kind === 'line' ? above.y : above.bottom) - line.y;
  return gap < 0 || gap > line.size * pitch * 1.15 || numbering.test(text);
}

/** Level of a heading; only the order of levels matters. null = no heading. */
function headingLevel(line: Line, above: Line | Table | undefined, style: Style): number | null {
  const inOutline = style.outline.get(key(line.text));
  if (inOutline !== undefined && line.size >= style.body * 0.95 && !leaders.test(line.text)) return inOutline;
  const depth = numbering.exec(line.text)?.[1]?.split('.').length ?? 1;
  // With an outline, what it doesn't name still may be a title above or a small heading below all of it.
  const base = style.outline.size > 0 ? 100 : 0;
  if (isLarge(line, style.body)) return base + (style.sizes.indexOf(rounded(line.size)) + 1) * 10 + depth;
  if (isBoldHeading(line, above, style)) return base + (style.sizes.length + 1) * 10 + depth;
  return null;
}

/** Whether the words before a line-end hyphen go on without it. `words` are those of the whole document. */
function joinHyphen(before: string, after: string, words: ReadonlySet<string>): string {
  const head = /[\p{L}\d]+(?:-[\p{L}\d]+)*-$/u.exec(before)?.[0];
  const tail = /^\p{Ll}[\p{L}]*/u.exec(after)?.[0];
  if (!head || !tail) return `${before}${/-$/.test(before) && /^\S/.test(after) && head ? '' : ' '}${after}`;
  // "self-service" elsewhere in the text keeps its hyphen.
  if (words.has(`${head}${tail}`.toLowerCase())) return `${before}${after}`;
  return `${before.slice(0, -1)}${after}`;
}

interface Chunk {
  readonly lines: Line[];
}

/** Right edge that text wraps at: the chunk's own when its lines agree on it, else that of the lines around. */
function marginOf(chunk: readonly Line[], around: readonly Line[]): number {
  const own = Math.max(...chunk.map((line) => line.x1));
  const width = own - Math.min(...chunk.map((line) => line.x0));
  const full = chunk.slice(0, -1).filter((line) => line.x1 > own - width * 0.12).length;
  if (chunk.length >= 3 && full >= (chunk.length - 1) * 0.6) return own;
  const first = chunk[0]!;
  const near = around.filter((line) => line.page === first.page && Math.abs(line.x0 - first.x0) < 4 * first.size);
  return Math.max(own, ...near.map((line) => line.x1));
}

/** A line ended although the next word would have fitted: a break that was meant. */
function isHardBreak(line: Line, next: Line, margin: number): boolean {
  if (/\p{L}-\s*$/u.test(line.text) && /^\s*\p{Ll}/u.test(next.text)) return false;
  const word = next.text.trimStart().split(/\s/, 1)[0]!;
  const width = ((next.x1 - next.x0) * (word.length + 1)) / Math.max(1, next.text.length);
  return line.x1 + width < margin - line.size * 0.5;
}

/** Lines that belong together by distance and setting. */
function chunksOf(lines: readonly Line[], { pitch }: Style): Chunk[] {
  const chunks: Chunk[] = [];
  for (const line of lines) {
    const last = chunks.at(-1)?.lines.at(-1);
    const gap = last ? (last.y - line.y) / line.size : 0;
    const close =
      last &&
      last.page === line.page &&
      gap > 0 &&
      gap < pitch * 1.25 &&
      Math.abs(last.size - line.size) < line.size * 0.2;
    if (close) chunks.at(-1)!.lines.push(line);
    else chunks.push({ lines: [line] });
  }
  return chunks;
}

interface Draft {
  marker: string | null;
  text: string;
  readonly indent: number;
  readonly page: number;
}

function appendProse(builder: TextBuilder, lines: readonly Line[], style: Style, words: ReadonlySet<string>): void {
  const drafts: Draft[] = [];
  const chunks = chunksOf(lines, style);
  chunks.forEach((chunk, chunkIndex) => {
    const margin = marginOf(chunk.lines, lines);
    chunk.lines.forEach((line, index) => {
      const text = line.text.trim();
      const marker = bullet.exec(text)?.[1];
      const draft = drafts.at(-1);
      const before = chunk.lines[index - 1];
      if (marker !== undefined) {
        drafts.push({ marker, text: text.slice(bullet.exec(text)![0].length), indent: line.x0, page: line.page });
      } else if (draft && before) {
        const outdented =
          draft.marker !== null && line.x0 < draft.indent + line.size * 0.4 && isHardBreak(before, line, margin);
        const indented = line.x0 > before.x0 + line.size * 0.8 && /[.!?:]$/.test(draft.text) && draft.marker === null;
        if (outdented || indented) drafts.push({ marker: null, text, indent: line.x0, page: line.page });
        else if (isHardBreak(before, line, margin)) draft.text += `\n${text}`;
        else draft.text = joinHyphen(draft.text, text, words);
      } else {
        // Over a column or page break a sentence goes on when it hasn't ended.
        const previous = chunks[chunkIndex - 1]?.lines.at(-1);
        const jumped = previous && (previous.page !== line.page || line.y > previous.y);
        if (draft && jumped && !/[.!?:;]["”)]?$/.test(draft.text) && /^[\p{Ll}\d(]/u.test(text))
          draft.text = joinHyphen(draft.text, text, words);
        else drafts.push({ marker: null, text, indent: line.x0, page: line.page });
      }
    });
  });
  const indents = [
    ...new Set(drafts.filter(({ marker }) => marker !== null).map(({ indent }) => Math.round(indent / 6))),
  ].sort((a, b) => a - b);
  for (const { marker, text, indent, page } of drafts) {
    if (marker === null) builder.paragraph(text, page);
    else {
      const sign = /^[\p{L}\d(]/u.test(marker) ? marker : '-';
      builder.listItem(sign, text, Math.min(3, indents.indexOf(Math.round(indent / 6))), page);
    }
  }
}

/** Pages of a document, in order, as blocks. */
export function appendPages(builder: TextBuilder, pages: readonly PdfPage[], outline: readonly OutlineEntry[]): void {
  const furniture = furnitureOf(pages);
  const onPages = pages.flatMap(({ content: onPage }) => {
    const isContents = onPage.filter(isContentsLine).length >= minContentsLines;
    return onPage.filter((line) => {
      if (isContentsLine(line)) return false;
      return line.kind === 'table' || !(furniture.has(line) || (isContents && /^[\d.\s]+$/.test(line.text)));
    });
  });
  const content = joinCutTables(onPages);
  const lines = content.filter((line): line is Line => line.kind === 'line');
  const body = bodySizeOf(lines);
  const boldCharacters = lines.reduce((sum, line) => sum + (line.bold ? line.text.length : 0), 0);
  const characters = lines.reduce((sum, line) => sum + line.text.length, 0);
  const style: Style = {
    body,
    pitch: pitchOf(lines),
    boldBody: boldCharacters > characters * 0.5,
    sizes: [...new Set(lines.filter((line) => isLarge(line, body)).map((line) => rounded(line.size)))].sort(
      (a, b) => b - a,
    ),
    outline: new Map(outline.map(({ title, depth }) => [key(title), depth])),
  };
  const words = new Set(lines.flatMap((line) => line.text.toLowerCase().match(/[\p{L}\d]+(?:-[\p{L}\d]+)+/gu) ?? []));

  let pending: Line[] = [];
  const flush = (): void => {
    if (pending.length > 0) appendProse(builder, pending, style, words);
    pending = [];
  };
  let heading: { level: number; text: string; last: Line } | null = null;
  const flushHeading = (): void => {
    if (heading) builder.heading(heading.level, heading.text, heading.last.page);
    heading = null;
  };

  content.forEach((line, index) => {
    if (line.kind === 'table') {
      flushHeading();
      flush();
      const cells = rectangular(line.rows);
      const [header, ...rows] = cells;
      const split = line.boldHeader && header && rows.length > 0 ? { header, rows } : splitHeader(cells);
      builder.table({ ...split, page: line.page });
      return;
    }
    const open = heading as { level: number; text: string; last: Line } | null;
    // A heading over two lines: same setting, right below, no number of its own.
    if (
      open &&
      open.last.page === line.page &&
      rounded(open.last.size) === rounded(line.size) &&
      open.last.bold === line.bold &&
      open.last.y > line.y &&
      open.last.y - line.y < line.size * Math.max(1.45, style.pitch * 1.1) &&
      (isLarge(line, body) || line.bold) &&
      !numbering.test(line.text) &&
      !style.outline.has(key(open.text)) &&
      open.text.length + line.text.length < maxHeadingCharacters
    ) {
      heading = { ...open, text: `${open.text} ${line.text.trim()}`, last: line };
      return;
    }
    flushHeading();
    const level = headingLevel(line, content[index - 1], style);
    if (level === null) {
      pending.push(line);
      return;
    }
    flush();
    heading = { level, text: line.text.trim(), last: line };
  });
  flushHeading();
  flush();
}
