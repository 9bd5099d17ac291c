/**
 * Markdown (CommonMark, GFM tables, front matter) as readable text: no markup, links as their words, bullets and numbers
 * kept, code as it stands. Not read: footnotes, directives, MDX.
 */
import type { Nodes, Parents, RootContent, Table } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { frontmatter } from 'micromark-extension-frontmatter';
import { gfmTable } from 'micromark-extension-gfm-table';
import { createTextBuilder, type TextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { decodeText } from './encoding.ts';
import { appendHtml } from './html.ts';

/** Front matter for the site generator, not for readers. */
const publishingKeys =
  /^(layout|permalink|slug|draft|weight|sidebar.*|nav.*|template|aliases|redirect.*|image|cover)$/i;

const breakTag = /^<br\s*\/?>$/i;

/** The words of inline content; hard breaks become line breaks, soft ones spaces. */
function inlineText(node: Nodes): string {
  switch (node.type) {
    case 'text':
      return node.value.replace(/\s*\n\s*/g, ' ');
    case 'inlineCode':
      return node.value;
    case 'break':
      return '\n';
    case 'html':
      return breakTag.test(node.value) ? '\n' : '';
    case 'image':
    case 'imageReference':
      return '';
    default:
      return 'children' in node ? (node as Parents).children.map(inlineText).join('') : '';
  }
}

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

function appendTable(builder: TextBuilder, table: Table): void {
  const [header, ...rows] = table.children.map((row) => row.children.map(inlineText));
  builder.table({ header: header ?? [], rows });
}

function appendBlocks(builder: TextBuilder, nodes: readonly RootContent[], depth: number): void {
  for (const node of nodes) {
    switch (node.type) {
      case 'heading':
        builder.heading(node.depth, inlineText(node));
        break;
      case 'paragraph':
        builder.paragraph(inlineText(node));
        break;
      case 'code':
        builder.code(node.value);
        break;
      case 'table':
        appendTable(builder, node);
        break;
      case 'html':
        appendHtml(builder, node.value);
        break;
      case 'list':
        node.children.forEach((item, index) => {
          const marker = node.ordered ? `${(node.start ?? 1) + index}.` : '-';
          const [first, ...rest] = item.children;
          if (first?.type === 'paragraph') {
            builder.listItem(marker, inlineText(first), depth);
            appendBlocks(builder, rest, depth + 1);
          } else appendBlocks(builder, item.children, depth + 1);
        });
        break;
      case 'blockquote':
        appendBlocks(builder, node.children, depth);
        break;
      default:
    }
  }
}

/** Parsing takes time that grows faster than the text (tables): longer ones are parsed in parts of this size. */
const partCharacters = 16 * 1024;

/**
 * Cuts a long text before headings that stand outside code fences. Definitions of links go with every part, since any of
 * them may refer to them.
 */
function partsOf(text: string): string[] {
  if (text.length < 2 * partCharacters) return [text];
  const parts: string[][] = [[]];
  const definitions: string[] = [];
  let size = 0;
  let fence: string | null = null;
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark && fence === null) fence = mark;
    else if (mark && fence !== null && mark[0] === fence[0] && mark.length >= fence.length) fence = null;
    if (fence === null && size > partCharacters && /^#{1,6}\s/.test(line)) {
      parts.push([]);
      size = 0;
    }
    if (fence === null && /^ {0,3}\[[^\]\n]+\]:\s+\S/.test(line)) definitions.push(line);
    parts.at(-1)!.push(line);
    size += line.length + 1;
  }
  const shared = definitions.length === 0 ? '' : `\n\n${definitions.join('\n')}\n`;
  return parts.map((lines) => lines.join('\n') + shared);
}

export const markdown: Extractor = {
  format: 'markdown',
  async extract({ bytes, name }) {
    const { text, warnings } = decodeText(bytes, name);
    const builder = createTextBuilder();
    for (const line of warnings) builder.warn(line);
    let title: string | null = null;
    partsOf(text.replace(/\r\n?/g, '\n')).forEach((part, index) => {
      // Front matter stands at the very beginning only; `---` in a later part is a rule.
      const first = index === 0;
      const tree = fromMarkdown(part, {
        extensions: [...(first ? [frontmatter(['yaml', 'toml'])] : []), gfmTable()],
        mdastExtensions: [...(first ? [frontmatterFromMarkdown(['yaml', 'toml'])] : []), gfmTableFromMarkdown()],
      });
      for (const node of tree.children) {
        if (node.type !== 'yaml') continue;
        const front = readFrontMatter(node.value);
        title = front.title;
        builder.paragraph(front.lines.join('\n'));
      }
      appendBlocks(builder, tree.children, 0);
    });
    return builder.build({ title });
  },
};
