/**
 * HTML as readable text: headings, paragraphs, lists, tables; navigation, scripts, forms and hidden parts dropped.
 * DOCX (through mammoth), mail bodies and HTML inside Markdown come through here too.
 * Must not fetch anything: images, frames and styles are never followed.
 */
import { type CheerioAPI, load } from 'cheerio';
import type { AnyNode, Element } from 'domhandler';
import { DocentError } from '../../errors.ts';
import { createTextBuilder, oneLine, type TextBuilder } from './builder.ts';
import type { Extracted, Extractor } from './contract.ts';
import { decodeText } from './encoding.ts';
import { rectangular, splitHeader } from './tables.ts';

const dropped = new Set(
  'script style noscript template nav footer aside svg math canvas iframe object embed video audio picture form input select textarea button dialog head link meta title'.split(
    ' ',
  ),
);
const blockTags = new Set(
  'address article blockquote body center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 header hgroup hr html li main ol p pre section summary table tbody td tfoot th thead tr ul'.split(
    ' ',
  ),
);
const droppedRoles = /^(navigation|banner|contentinfo|complementary|search|menu|menubar|toolbar|dialog|alertdialog)$/;

/** A cell that spans more rows or columns than this is a mistake or an attack. */
const maxSpan = 200;
/** Elements nested deeper than this are an attack on the stack; what is below is read as one text. */
const maxNesting = 400;

/** A header of more rows is a table of nothing else. */
const maxHeaderRows = 3;
/** Longest heading that is only marked by being bold. */
const maxBoldHeading = 80;
/** Below every heading that was marked as one. */
const boldHeadingLevel = 7;

const isElement = (node: AnyNode): node is Element => node.type === 'tag';
const childrenOf = (node: AnyNode): readonly AnyNode[] => ('children' in node ? node.children : []);

function isDropped(node: Element): boolean {
  const { role, hidden, style } = node.attribs;
  if (role === 'main') return false;
  return (
    dropped.has(node.name) ||
    hidden !== undefined ||
    node.attribs['aria-hidden'] === 'true' ||
    (role !== undefined && droppedRoles.test(role)) ||
    (style !== undefined && /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style))
  );
}

/** White space means nothing in HTML but in `pre`; `br` is written as U+2028, so that collapsing leaves it. */
const lineBreak = '\u2028';

function inlineText(node: AnyNode): string {
  if (node.type === 'text') return node.data.replace(/[ \t\r\n\f]+/g, ' ');
  if (!isElement(node) || isDropped(node)) return '';
  if (node.name === 'br') return lineBreak;
  const inner = childrenOf(node).map(inlineText).join('');
  return blockTags.has(node.name) ? `${lineBreak}${inner}${lineBreak}` : inner;
}

const preText = (node: AnyNode): string =>
  node.type === 'text'
    ? node.data
    : isElement(node) && node.name === 'br'
      ? '\n'
      : childrenOf(node).map(preText).join('');

const find = (node: AnyNode, test: (element: Element) => boolean): Element[] =>
  childrenOf(node).flatMap((child) =>
    isElement(child) ? [...(test(child) ? [child] : []), ...find(child, test)] : [],
  );

const spanOf = (cell: Element, name: 'colspan' | 'rowspan'): number =>
  Math.min(maxSpan, Math.max(1, Number.parseInt(cell.attribs[name] ?? '1', 10) || 1));

interface GridRow {
  readonly cells: readonly string[];
  readonly isHeader: boolean;
}

/** Rows of a table with its spans filled in: a cell over three rows belongs to each of them. */
function gridOf(table: Element): GridRow[] {
  const rows = find(table, (element) => element.name === 'tr' && ownerTable(element) === table);
  const pending = new Map<number, { text: string; left: number }>();
  return rows.map((row) => {
    const cells = childrenOf(row).filter(
      (child): child is Element =>
        isElement(child) && (child.name === 'td' || child.name === 'th') && !isDropped(child),
    );
    const texts: string[] = [];
    const takePending = (): void => {
      for (let above = pending.get(texts.length); above && above.left > 0; above = pending.get(texts.length)) {
        above.left--;
        texts.push(above.text);
      }
    };
    for (const cell of cells) {
      takePending();
      const text = oneLine(inlineText(cell));
      const down = spanOf(cell, 'rowspan');
      for (let across = spanOf(cell, 'colspan'); across > 0; across--) {
        if (down > 1) pending.set(texts.length, { text, left: down - 1 });
        texts.push(text);
      }
    }
    takePending();
    const inHead = row.parent !== null && isElement(row.parent) && row.parent.name === 'thead';
    return { cells: texts, isHeader: inHead || (cells.length > 1 && cells.every((cell) => cell.name === 'th')) };
  });
}

function ownerTable(node: Element): AnyNode | null {
  let above = node.parent as AnyNode | null;
  while (above && !(isElement(above) && above.name === 'table')) above = above.parent as AnyNode | null;
  return above;
}

function appendTable(builder: TextBuilder, table: Element, walk: (nodes: readonly AnyNode[]) => void): void {
  const nested = find(table, (element) => element.name === 'table' || /^h[1-6]$/.test(element.name)).length > 0;
  const grid = gridOf(table);
  const width = grid.reduce((most, row) => Math.max(most, row.cells.length), 0);
  // A table that lays out a page: its cells are read as blocks.
  if (nested || width < 2 || table.attribs.role === 'presentation') {
    walk(childrenOf(table));
    return;
  }

  const caption = find(table, (element) => element.name === 'caption' && ownerTable(element) === table)[0];
  const name = caption ? oneLine(inlineText(caption)) : '';
  if (name !== '') builder.paragraph(name);

  // Where every row claims to be a header (Word's "repeat as header row" set on all), the first one is.
  const firstBody = grid.findIndex((row) => !row.isHeader);
  const headCount = firstBody < 0 || firstBody > maxHeaderRows ? 1 : firstBody;
  const headRows = grid.slice(0, headCount);
  const bodyRows = grid.slice(headCount);
  const named = name === '' ? {} : { name };
  if (headRows.length > 0) {
    // "2024" over "Q1 | Q2" heads two columns: 2024 Q1, 2024 Q2.
    const header = Array.from({ length: width }, (_, column) =>
      [...new Set(headRows.map((row) => row.cells[column] ?? '').filter((text) => text !== ''))].join(' '),
    );
    builder.table({ header, rows: bodyRows.map((row) => row.cells), ...named });
  } else builder.table({ ...splitHeader(rectangular(grid.map((row) => row.cells))), ...named });
}

/** A paragraph that is all bold, short and no sentence: a heading of somebody who doesn't use styles. */
function isBoldHeading(node: Element): boolean {
  const text = oneLine(inlineText(node));
  if (node.name !== 'p' || text === '' || text.length > maxBoldHeading || /[.;,:]$/.test(text)) return false;
  const bold = find(node, (element) => element.name === 'strong' || element.name === 'b');
  return oneLine(bold.map(inlineText).join('')) === text;
}

function appendNodes(builder: TextBuilder, roots: readonly AnyNode[], boldHeadings = false): void {
  let inline = '';
  const flush = (): void => {
    // Collapsed here, so that spaces at element borders join only once.
    builder.paragraph(inline.replace(/ *\u2028[ \u2028]*/g, '\n'));
    inline = '';
  };

  const list = (node: Element, depth: number, nesting: number): void => {
    let count = Number.parseInt(node.attribs.start ?? '1', 10) || 1;
    for (const item of childrenOf(node)) {
      if (!isElement(item) || isDropped(item)) continue;
      if (item.name === 'ul' || item.name === 'ol') {
        list(item, depth + 1, nesting + 1);
        continue;
      }
      const marker = node.name === 'ol' ? `${count++}.` : '-';
      // The item's own words are what stands before its first nested block; a paragraph around them counts as them.
      const children = [...childrenOf(item)];
      let own = '';
      while (children.length > 0) {
        const next = children[0]!;
        if (
          isElement(next) &&
          blockTags.has(next.name) &&
          (own.trim() !== '' || (next.name !== 'p' && next.name !== 'div'))
        )
          break;
        if (isElement(next) && (next.name === 'div' || next.name === 'p') && find(next, isBlock).length > 0) break;
        own += inlineText(next);
        children.shift();
      }
      builder.listItem(marker, own.replace(/\u2028+/g, '\n').trim(), depth);
      blocks(children, depth + 1, nesting + 1);
      flush();
    }
  };

  const blocks = (nodes: readonly AnyNode[], depth: number, nesting: number): void => {
    for (const node of nodes) {
      if (!isElement(node)) {
        if (node.type === 'text' || node.type === 'root') inline += inlineText(node);
        continue;
      }
      if (isDropped(node)) continue;
      // The page's masthead, unless the document's own title stands in it.
      if (node.name === 'header' && find(node, (element) => element.name === 'h1').length === 0) continue;
      const heading = /^h([1-6])$/.exec(node.name);
      if (!blockTags.has(node.name) && find(node, isBlock).length === 0) inline += inlineText(node);
      else if (nesting > maxNesting) inline += ` ${inlineText(node)} `;
      else {
        flush();
        if (boldHeadings && isBoldHeading(node)) builder.heading(boldHeadingLevel, inlineText(node));
        else if (heading) builder.heading(Number(heading[1]), inlineText(node).replaceAll(lineBreak, ' '));
        else if (node.name === 'pre') builder.code(preText(node));
        else if (node.name === 'table') appendTable(builder, node, (cells) => blocks(cells, depth, nesting + 1));
        else if (node.name === 'ul' || node.name === 'ol') list(node, depth, nesting);
        else if (node.name === 'dl') definitions(node, nesting);
        else blocks(childrenOf(node), depth, nesting + 1);
        flush();
      }
    }
  };

  /** `term: description`, as in a glossary. */
  const definitions = (node: Element, nesting: number): void => {
    let term = '';
    const entries = find(node, (element) => element.name === 'dt' || element.name === 'dd');
    for (const entry of entries) {
      if (entry.name === 'dt') {
        if (term !== '') builder.paragraph(term);
        term = oneLine(inlineText(entry));
      } else if (find(entry, isBlock).length > 0) {
        if (term !== '') builder.paragraph(`${term}:`);
        term = '';
        blocks(childrenOf(entry), 0, nesting + 1);
        flush();
      } else {
        const text = oneLine(inlineText(entry));
        builder.paragraph(term === '' ? text : `${term.replace(/:$/, '')}: ${text}`);
        term = '';
      }
    }
    if (term !== '') builder.paragraph(term);
  };

  blocks(roots, 0, 0);
  flush();
}

const isBlock = (element: Element): boolean => blockTags.has(element.name);

/** Adds the readable part of a piece of HTML to a document that is being built. */
export function appendHtml(builder: TextBuilder, html: string): void {
  const $ = load(html);
  appendNodes(builder, $('body').contents().toArray());
}

/** Longest text a sign-in page has around its form. */
const maxLoginCharacters = 1500;

/**
 * A page that asks for a password where a document was expected: what Slack, SharePoint and Google send to a program
 * that isn't signed in.
 */
function isLoginPage($: CheerioAPI, text: string): boolean {
  if (text.length > maxLoginCharacters) return false;
  const asks = /\b(sign|log)(ging)?[ -]?(in|on)\b|\blogin\b|\bpassword\b|\banmelden\b|\bconnexion\b/i;
  const title = `${$('title').text()} ${$('h1').text()}`;
  if ($('input[type="password"]').length > 0) return true;
  const actions = $('form')
    .toArray()
    .map((form) => $(form).attr('action') ?? '');
  return (
    (actions.length > 0 && asks.test(title)) ||
    actions.some((action) => /log-?in|sign-?in|sso|saml|oauth/i.test(action))
  );
}

/** The part of the page that is the document, where the page says so. */
function mainContent($: CheerioAPI): AnyNode[] {
  const body = $('body');
  const whole = body.text().trim().length;
  for (const selector of ['main', '[role="main"]', 'article']) {
    const found = $(selector);
    if (found.length === 1 && found.text().trim().length > whole * 0.3) return found.contents().toArray();
  }
  return body.contents().toArray();
}

/** @throws DocentError FILE_LOGIN_PAGE */
export function extractHtml(
  html: string,
  name: string,
  {
    boldHeadings = false,
    warnings = [],
  }: { readonly boldHeadings?: boolean; readonly warnings?: readonly string[] } = {},
): Extracted {
  const $ = load(html);
  const builder = createTextBuilder();
  for (const line of warnings) builder.warn(line);
  appendNodes(builder, mainContent($), boldHeadings);
  const pageTitle = oneLine($('head > title').first().text());
  const extracted = builder.build();
  if (isLoginPage($, extracted.text)) throw new DocentError('FILE_LOGIN_PAGE', { name });
  // A page's title often carries the site's name; its top heading is the document's own.
  const top = extracted.blocks.find((block) => block.kind === 'heading' && block.level === 1);
  const title = top ? extracted.text.slice(top.start, top.end) : pageTitle || extracted.title;
  return { ...extracted, title };
}

/** The encoding that a page names for itself. */
export const declaredCharset = (bytes: Uint8Array): string | undefined =>
  /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(Buffer.from(bytes.subarray(0, 2048)).toString('latin1'))?.[1];

export const html: Extractor = {
  format: 'html',
  async extract({ bytes, name }) {
    const { text, warnings } = decodeText(bytes, name, declaredCharset(bytes));
    return extractHtml(text, name, { warnings });
  },
};
