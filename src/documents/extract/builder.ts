/**
 * Writes the canonical text of a document block by block and keeps the offsets: every format extractor ends here, so that
 * cleaning and offsets exist once. Knows blocks; must not know any file format.
 */
import type { Block, Extracted, TableBlock } from './contract.ts';
import { maxCharacters } from './limits.ts';

/** Between the cells of a row, in the canonical text. */
export const cellSeparator = ' | ';

// Control characters but tab and newline (PostgreSQL refuses NUL), soft hyphens, zero-width spaces, byte-order marks.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const unwanted = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u2060\ufeff\ufffe\uffff]/g;
const loneSurrogate = /[\ud800-\udfff]/gu;
// Typographic spaces: people type ordinary ones in questions.
const wideSpace = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/** What may stand in the canonical text: composed characters, `\n` line ends, no control characters, ordinary spaces. */
export const cleanText = (raw: string): string =>
  raw
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(unwanted, '')
    .replace(loneSurrogate, '\ufffd')
    .replace(wideSpace, ' ')
    .normalize('NFC');

/** One line: every run of white space is one space. */
export const oneLine = (raw: string): string => cleanText(raw).replace(/\s+/g, ' ').trim();

/** Prose: runs of spaces are one space, single line breaks stay, nothing at the edges. */
export const prose = (raw: string): string =>
  cleanText(raw)
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n[ \n]*/g, '\n')
    .trim();

export interface TableInput {
  /** Empty = the table has no header. */
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly name?: string;
  readonly page?: number;
}

export interface TextBuilder {
  /** @param level 1 is the highest. */
  heading(level: number, text: string, page?: number): void;
  /** Line breaks inside stay. */
  paragraph(text: string, page?: number): void;
  /** @param marker as written before the text: `-`, `3.` @param depth 0 is the outermost list. */
  listItem(marker: string, text: string, depth?: number, page?: number): void;
  /** Kept as it is, indentation too. */
  code(text: string, page?: number): void;
  table(table: TableInput): void;
  warn(line: string): void;
  /** Where the next block will begin; nothing was written yet when 0. */
  readonly length: number;
  /** @param title of the document; absent = its first heading. */
  build(facts?: { readonly title?: string | null; readonly pages?: number | null }): Extracted;
}

export function createTextBuilder(): TextBuilder {
  const parts: string[] = [];
  const blocks: Block[] = [];
  const warnings: string[] = [];
  let length = 0;
  let full = false;

  const write = (text: string): { start: number; end: number } => {
    const start = length;
    parts.push(text);
    length += text.length;
    return { start, end: length };
  };

  /** Whether there is room for another block; the first refusal leaves a warning. */
  const room = (size: number): boolean => {
    if (full || size === 0) return false;
    if (length + size <= maxCharacters) return true;
    full = true;
    warnings.push(`Only the first ${maxCharacters.toLocaleString('en')} characters were read`);
    return false;
  };

  // One newline between blocks, so that a passage never holds the blank line that ends passages in the reader's prompt;
  // an empty line only where a section begins.
  const separate = (kind: Block['kind'], indent = ''): void => {
    if (blocks.length > 0) write(`${kind === 'heading' ? '\n\n' : '\n'}${indent}`);
  };

  const simple = (kind: 'paragraph' | 'code', text: string, page?: number): void => {
    if (!room(text.length)) return;
    separate(kind);
    blocks.push({ kind, ...write(text), ...(page === undefined ? {} : { page }) });
  };

  const row = (cells: readonly string[]): { start: number; end: number }[] =>
    cells.map((cell, column) => {
      if (column > 0) write(cellSeparator);
      return write(cell);
    });

  return {
    get length() {
      return length;
    },
    heading(level, raw, page) {
      const text = oneLine(raw);
      if (!room(text.length)) return;
      separate('heading');
      blocks.push({
        kind: 'heading',
        level: Math.max(1, level),
        ...write(text),
        ...(page === undefined ? {} : { page }),
      });
    },
    paragraph(raw, page) {
      simple('paragraph', prose(raw), page);
    },
    listItem(marker, raw, depth = 0, page) {
      const text = prose(raw);
      if (!room(text.length)) return;
      separate('list-item', '  '.repeat(depth));
      blocks.push({
        kind: 'list-item',
        ...write(`${oneLine(marker)} ${text}`),
        ...(page === undefined ? {} : { page }),
      });
    },
    code(raw, page) {
      // Trailing spaces and blank lines at the edges carry nothing; indentation does.
      const text = cleanText(raw)
        .replace(/[ \t]+$/gm, '')
        .replace(/^\n+|\n+$/g, '');
      simple('code', text.trim() === '' ? '' : text, page);
    },
    table({ header, rows, name, page }) {
      const head = header.map(oneLine);
      const body = rows.map((cells) => cells.map(oneLine)).filter((cells) => cells.some((cell) => cell !== ''));
      const headed = head.some((cell) => cell !== '');
      if (!headed && body.length === 0) return;
      if (!room(1)) return;
      separate('table');
      const start = length;
      const headRanges = headed ? row(head) : [];
      const rowRanges: TableBlock['rows'][number][] = [];
      for (const cells of body) {
        if (!room(cells.reduce((sum, cell) => sum + cell.length + cellSeparator.length, 1))) break;
        if (length > start) write('\n');
        rowRanges.push(row(cells));
      }
      const called = name === undefined ? '' : oneLine(name);
      blocks.push({
        kind: 'table',
        start,
        end: length,
        header: headRanges,
        rows: rowRanges,
        ...(called === '' ? {} : { name: called }),
        ...(page === undefined ? {} : { page }),
      });
    },
    warn(line) {
      if (!warnings.includes(line)) warnings.push(line);
    },
    build({ title, pages } = {}) {
      const text = parts.join('');
      const first = blocks.find((block) => block.kind === 'heading');
      const given = oneLine(title ?? '');
      const own = given !== '' ? given : first ? text.slice(first.start, first.end) : '';
      return { title: own === '' ? null : own, text, blocks, pages: pages ?? null, warnings };
    },
  };
}
