/**
 * Plain text of the base data as documents: headings and lists are recognised by how they look, and cut into passages by
 * the code that cuts uploads, so that a passage here is what a passage is in service.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createTextBuilder } from '../../../src/documents/extract/builder.ts';
import type { Block, Extracted } from '../../../src/documents/extract/contract.ts';
import type { PassageDraft } from '../../../src/documents/passage.ts';
import { buildSections } from '../../../src/documents/sections.ts';
import { wordsOnly } from '../../../src/eval/evidence.ts';

/** Between the documents of a file, alone on its line. */
const documentMark = '<|doc|>';
const listItem = /^(\s*)([-*•]|\d{1,2}[.)])\s+(\S.*)$/;
const maxHeadingWords = 10;

/** About the tokens of the base: a long word is several, a digit is one. The tokenizer itself would need the model here. */
export const roughTokens = (text: string): number => {
  let tokens = 0;
  for (const [word] of text.matchAll(/\p{L}+|[^\s]/gu)) tokens += Math.ceil(word.length / 8);
  return tokens;
};

const isHeading = (lines: readonly string[]): boolean => {
  const [line] = lines;
  if (lines.length !== 1 || line === undefined || line.length > 80 || listItem.test(line)) return false;
  return /^[\p{Lu}\d"“]/u.test(line) && !/[.:;,!…]$/.test(line) && line.split(/\s+/).length <= maxHeadingWords;
};

export function readPlainDocument(text: string): Extracted {
  const builder = createTextBuilder();
  const paragraphs = text.split(/\n\s*\n/).map((paragraph) => paragraph.split('\n').filter((line) => line.trim()));
  paragraphs.forEach((lines, index) => {
    const next = paragraphs[index + 1];
    if (isHeading(lines) && (index === 0 || (next && !isHeading(next)))) {
      builder.heading(index === 0 ? 1 : 2, lines[0]!);
      return;
    }
    let open: string[] = [];
    const close = () => {
      if (open.length > 0) builder.paragraph(open.join('\n'));
      open = [];
    };
    for (const line of lines) {
      const item = listItem.exec(line);
      if (!item) open.push(line);
      else {
        close();
        builder.listItem(item[2]!, item[3]!, Math.min(3, Math.floor(item[1]!.length / 2)));
      }
    }
    close();
  });
  return builder.build();
}

/** A passage with the blocks of its document that stand in it whole. */
export interface BusinessPassage extends PassageDraft {
  readonly heading: string | null;
  readonly blocks: readonly Block[];
}

export interface BusinessDocument {
  readonly title: string | null;
  readonly text: string;
  readonly passages: readonly BusinessPassage[];
}

export const minPassageTokens = 35;
export const maxPassageTokens = 220;

export function cutDocument(extracted: Extracted): BusinessDocument {
  const { text, title, blocks } = extracted;
  const passages: BusinessPassage[] = [];
  for (const section of buildSections(extracted, { countTokens: roughTokens })) {
    for (const passage of section.passages) {
      const tokens = roughTokens(passage.pieces.map((piece) => piece.text).join(''));
      if (tokens < minPassageTokens || tokens > maxPassageTokens) continue;
      passages.push({
        ...passage,
        heading: section.heading,
        blocks: blocks.filter(({ start, end }) => start >= passage.start && end <= passage.end),
      });
    }
  }
  return { title, text, passages };
}

async function* allDocuments(file: string): AsyncGenerator<string> {
  let lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line === documentMark) {
      if (lines.length > 0) yield lines.join('\n');
      lines = [];
    } else lines.push(line);
  }
  if (lines.length > 0) yield lines.join('\n');
}

/**
 * Documents of a text file in its order.
 * @param input a file, or `FILE#Book,Book`: only those books, each from its chapter `Book: Introduction` to the next one.
 */
export async function* readDocuments(input: string): AsyncGenerator<string> {
  const [file, list] = input.split('#') as [string, string?];
  const books = list?.split(',');
  let inside = books === undefined;
  for await (const text of allDocuments(file)) {
    const book = /^(.+): Introduction\n/.exec(text)?.[1];
    if (books && book) inside = books.includes(book);
    if (inside) yield text;
  }
}

const overlapWords = 10;

/** Recognises documents that share ten words in a row with texts that are kept for evaluation. */
export function createExclusion(texts: readonly string[]): (document: string) => boolean {
  const runs = new Set<string>();
  const runsOf = (text: string): string[] => {
    const words = wordsOnly(text).split(' ');
    return words.slice(overlapWords - 1).map((_, i) => words.slice(i, i + overlapWords).join(' '));
  };
  for (const text of texts) for (const run of runsOf(text)) runs.add(run);
  return (document) => runsOf(document).some((run) => runs.has(run));
}
