/**
 * Markdown (CommonMark, GFM tables and strikethrough, front matter) as readable text: no markup, links as their words,
 * bullets and numbers kept, code as it stands. Not read: footnotes, directives, MDX.
 *
 * Parsed by markdown-it, whose time grows with the text: micromark copies all of the document's events whenever a list
 * ends, 5 s of processor time for 1 MB where this needs 0.5 s.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import { createTextBuilder, type TextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { decodeText } from './encoding.ts';
import { appendHtml } from './html.ts';

/** A token with what stands between its opening and its closing. */
interface Block {
  readonly token: Token;
  readonly children: readonly Block[];
}

function treeOf(tokens: readonly Token[]): readonly Block[] {
  const top: Block[] = [];
  const open: Block[][] = [top];
  for (const token of tokens) {
    if (token.nesting < 0) {
      open.pop();
      continue;
    }
    const children: Block[] = [];
    open.at(-1)!.push({ token, children });
    if (token.nesting > 0) open.push(children);
  }
  return top;
}

/** Front matter for the site generator, not for readers. */
const publishingKeys =
  /^(layout|permalink|slug|draft|weight|sidebar.*|nav.*|template|aliases|redirect.*|image|cover)$/i;

const breakTag = /^<br\s*\/?>$/i;

const inlineToken = ({ type, content }: Token): string => {
  switch (type) {
    case 'text':
    case 'code_inline':
      return content;
    case 'softbreak':
      return ' ';
    case 'hardbreak':
      return '\n';
    case 'html_inline':
      return breakTag.test(content) ? '\n' : '';
    default:
      return ''; // pictures, and where emphasis and links begin and end
  }
};

/** The words of a heading, paragraph or cell. */
const inlineText = ({ children }: Block): string =>
  children.flatMap(({ token }) => (token.children ?? []).map(inlineToken)).join('');

/** `key: value` lines of simple front matter; nested YAML is left alone. */
function readFrontMatter(yaml: string): { title: string | null; lines: string[] } {
  let title: string | null = null;
  const lines: string[] = [];
  for (const line of yaml.split('\n')) {
    const match = /^([\p{L}\w][\p{L}\w .-]*):\s+(\S.*)$/u.exec(line);
    if (!match) continue;
    const key = match[1]!;
    const value = match[2]!.trim().replace(/^(["'])(.*)\1$/, '$2');
    if (/^[[{|>&*!]/.test(value) || publishingKeys.test(key)) continue;
    if (key.toLowerCase() === 'title') title = value;
    else lines.push(`${key}: ${value}`);
  }
  return { title, lines };
}

/** Front matter: `---` around `key: value` lines, or `+++`, at the very beginning. A first line `---` alone is a rule. */
const frontMatter =
  /^(?:---[ \t]*\n(?<yaml>(?:#|[\p{L}\w"'])[^\n]*(?:\n[^\n]*)*?)\n---|\+\+\+[ \t]*\n(?:[^\n]*\n)*?\+\+\+)[ \t]*(?:\n|$)/u;

function appendTable(builder: TextBuilder, table: Block): void {
  const rows = table.children.flatMap((group) => group.children).map((row) => row.children.map(inlineText));
  builder.table({ header: rows[0] ?? [], rows: rows.slice(1) });
}

function appendList(builder: TextBuilder, list: Block, depth: number): void {
  const start = Number(list.token.attrGet('start') ?? 1);
  list.children.forEach((item, index) => {
    const marker = list.token.type === 'ordered_list_open' ? `${start + index}.` : '-';
    const [first, ...rest] = item.children;
    if (first?.token.type === 'paragraph_open') {
      builder.listItem(marker, inlineText(first), depth);
      appendBlocks(builder, rest, depth + 1);
    } else appendBlocks(builder, item.children, depth + 1);
  });
}

function appendBlocks(builder: TextBuilder, blocks: readonly Block[], depth: number): void {
  for (const block of blocks) {
    const { type, tag, content } = block.token;
    switch (type) {
      case 'heading_open':
        builder.heading(Number(tag.slice(1)), inlineText(block));
        break;
      case 'paragraph_open':
        builder.paragraph(inlineText(block));
        break;
      case 'fence':
      case 'code_block':
        builder.code(content.replace(/\n$/, ''));
        break;
      case 'table_open':
        appendTable(builder, block);
        break;
      case 'html_block':
        appendHtml(builder, content.trimEnd());
        break;
      case 'bullet_list_open':
      case 'ordered_list_open':
        appendList(builder, block, depth);
        break;
      case 'blockquote_open':
        appendBlocks(builder, block.children, depth);
        break;
      default:
    }
  }
}

export const markdown: Extractor = {
  format: 'markdown',
  async extract({ bytes, name }) {
    const { text, warnings } = decodeText(bytes, name);
    const builder = createTextBuilder();
    for (const line of warnings) builder.warn(line);
    const whole = text.replace(/\r\n?/g, '\n');
    const front = frontMatter.exec(whole);
    const { title, lines } = readFrontMatter(front?.groups?.yaml ?? '');
    builder.paragraph(lines.join('\n'));
    // Every link becomes its words, whatever its address: `javascript:` too is no text.
    const parser = new MarkdownIt({ html: true });
    parser.validateLink = () => true;
    appendBlocks(builder, treeOf(parser.parse(whole.slice(front?.[0].length ?? 0), {})), 0);
    return builder.build({ title });
  },
};
