/**
 * Plain text. Structure by the conventions people type: underlined, numbered and capital headings, bullets, blank lines
 * between paragraphs, wrapped lines joined, columns kept as they stand.
 */
import { createTextBuilder, type TextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { decodeText } from './encoding.ts';

const bullet = /^(\s*)([-*•·–‣▪]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+(\S.*)$/;
const underline = /^\s*([=\-~_*])\1{2,}\s*$/;
const numbered =
  /^\s*(?:(?:[Cc]hapter|CHAPTER|[Ss]ection|[Pp]art|[Aa]rticle|[Aa]ppendix|§)\s+)?(\d+(?:\.\d+)*|[A-Z]|[IVX]{2,})[.):]?\s+(\S.*)$/;
const ruler = /^\s*([=\-~_*#+])(?:\s?\1){4,}\s*$/;

/** Longest heading; longer lines are sentences. */
const maxHeadingCharacters = 80;
/** A line at least this long that others follow was wrapped by an editor or mail program. */
const minWrappedCharacters = 48;

const endsSentence = /[.;,!]$/;
const hasColumns = (line: string): boolean => /\S(?: {3,}|\t+)\S/.test(line.trim());

interface Group {
  readonly lines: readonly string[];
}

/** Lines between blank lines. */
function groupsOf(text: string): Group[] {
  const groups: Group[] = [];
  let lines: string[] = [];
  for (const line of [...text.replace(/\r\n?|\f/g, '\n').split('\n'), '']) {
    if (line.trim() !== '') lines.push(line.trimEnd());
    else if (lines.length > 0) {
      groups.push({ lines });
      lines = [];
    }
  }
  return groups;
}

const isCapital = (line: string): boolean =>
  (line.match(/\p{Lu}/gu)?.length ?? 0) >= 3 && !/\p{Ll}/u.test(line) && line.length <= 60 && !endsSentence.test(line);

/**
 * The level of a line that stands alone between blank lines, or null when it is no heading.
 * Numbered lines count only when `4.2` style depth or a short title speaks for it, never when the next group goes on
 * counting: that is a list with blank lines between its items.
 */
function headingLevel(line: string, next: string | undefined): number | null {
  const trimmed = line.trim();
  if (trimmed.length > maxHeadingCharacters || hasColumns(line)) return null;
  const match = numbered.exec(trimmed);
  if (match && !endsSentence.test(trimmed)) {
    const number = match[1]!;
    const words = match[2]!;
    const depth = number.split('.').length;
    const follower = next === undefined ? null : numbered.exec(next.trim());
    const counting =
      depth === 1 && follower !== null && Number(follower[1]) === Number(number) + 1 && next!.trim().length > 0;
    const single = /^[A-Z]$/i.test(number);
    if (!counting && !single && /^[\p{Lu}\d"“(]/u.test(words)) return Math.min(6, depth + 1);
  }
  return isCapital(trimmed) ? 1 : null;
}

/** Paragraph lines: wrapped ones are joined, short ones (addresses, `key: value`) keep their breaks. */
function joinLines(lines: readonly string[]): string {
  const longest = lines.reduce((most, line) => Math.max(most, line.trim().length), 0);
  let text = '';
  lines.forEach((line, index) => {
    const trimmed = line.trim();
    const previous = lines[index - 1]?.trim() ?? '';
    if (index === 0) text = trimmed;
    else if (previous.length >= minWrappedCharacters && previous.length >= longest * 0.6)
      text += /\p{Ll}-$/u.test(text) && /^\p{Ll}/u.test(trimmed) ? trimmed : ` ${trimmed}`;
    else text += `\n${trimmed}`;
  });
  return text;
}

/** What a group begins with: a heading (and how many lines it takes), a ruler to skip (level 0), or neither. */
function headingOf(
  [first, second, ...more]: readonly string[],
  next: Group | undefined,
): { level: number; lines: number } | null {
  if (first === undefined) return null;
  const title = first.trim();
  if (ruler.test(first)) return { level: 0, lines: 1 };
  if (second === undefined) {
    const level = next ? headingLevel(first, next.lines[0]) : null;
    return level === null ? null : { level, lines: 1 };
  }
  if (underline.test(second) && title.length <= maxHeadingCharacters && !bullet.test(first)) {
    const fits = Math.abs(second.trim().length - title.length) <= Math.max(6, title.length / 2);
    if (fits) return { level: /[=*]/.test(second.trim()[0]!) ? 1 : 2, lines: 2 };
  }
  // A capital line right above its text.
  const above = isCapital(title) && !isCapital(second.trim()) && !hasColumns(first) && !bullet.test(first);
  return above && (more.length > 0 || !ruler.test(second)) ? { level: 1, lines: 1 } : null;
}

function appendList(builder: TextBuilder, lines: readonly string[]): void {
  const items: { indent: number; marker: string; lines: string[] }[] = [];
  for (const line of lines) {
    const match = bullet.exec(line);
    if (match) items.push({ indent: match[1]!.length, marker: match[2]!, lines: [match[3]!] });
    else items.at(-1)!.lines.push(line);
  }
  const indents = [...new Set(items.map((item) => item.indent))].sort((a, b) => a - b);
  for (const { indent, marker, lines: words } of items) {
    const sign = /^[•·–‣▪*]$/.test(marker) ? '-' : marker;
    builder.listItem(sign, words.map((word) => word.trim()).join(' '), indents.indexOf(indent));
  }
}

function appendGroup(builder: TextBuilder, lines: readonly string[], next: Group | undefined): void {
  const [first, second] = lines;
  if (first === undefined || lines.every((line) => ruler.test(line))) return;
  const rest = (from: number): void => appendGroup(builder, lines.slice(from), next);
  const headed = headingOf(lines, next);
  if (headed) {
    if (headed.level > 0) builder.heading(headed.level, first);
    rest(headed.lines);
    return;
  }
  const firstBullet = lines.findIndex((line) => bullet.test(line));
  const bullets = lines.filter((line) => bullet.test(line)).length;
  if (firstBullet === 0 && (bullets > 1 || second === undefined || /^\s/.test(second))) {
    appendList(builder, lines);
  } else if (firstBullet > 0 && (bullets > 1 || lines[firstBullet - 1]!.trim().endsWith(':'))) {
    appendGroup(builder, lines.slice(0, firstBullet), undefined);
    appendList(builder, lines.slice(firstBullet));
  } else if (lines.some(hasColumns) && lines.filter(hasColumns).length >= lines.length / 2) {
    builder.code(lines.join('\n'));
  } else builder.paragraph(joinLines(lines));
}

/** Adds typed text to a document that is being built. */
export function appendPlainText(builder: TextBuilder, text: string): void {
  const groups = groupsOf(text);
  groups.forEach((group, index) => {
    appendGroup(builder, group.lines, groups[index + 1]);
  });
}

export const plainText: Extractor = {
  format: 'text',
  async extract({ bytes, name }) {
    const { text, warnings } = decodeText(bytes, name);
    const builder = createTextBuilder();
    for (const line of warnings) builder.warn(line);
    appendPlainText(builder, text);
    return builder.build();
  },
};
