/**
 * PowerPoint: a slide is a page, its title a heading, then text boxes, tables and diagrams, then the speaker's notes.
 * Read from the slides' XML (no library for Node 20 is kept well); pictures and charts are not. ECMA-376 part 1, chapter 19.
 */
import { type Cheerio, type CheerioAPI, load } from 'cheerio';
import type { Element } from 'domhandler';
import { DocentError } from '../../errors.ts';
import { createTextBuilder, oneLine, type TextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { maxPages } from './limits.ts';
import { rectangular, splitHeader } from './tables.ts';
import { attribute, elements, withoutPrefixes } from './xml.ts';
import { listZip, readZipText } from './zip.ts';

/** Placeholders that repeat on every slide. */
const furniture = /^(dt|ftr|sldNum|hdr)$/;
const titles = /^(title|ctrTitle)$/;

type Files = ReadonlyMap<string, string>;

/** `../media/x` as seen from `ppt/slides/slide1.xml`. */
function resolvePath(from: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1);
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

interface Relation {
  readonly id: string;
  readonly type: string;
  readonly path: string;
}

function relationsOf(files: Files, path: string): Relation[] {
  const at = path.lastIndexOf('/');
  const rels = files.get(`${path.slice(0, at)}/_rels/${path.slice(at + 1)}.rels`) ?? '';
  return [...elements(rels, 'Relationship')].map(({ attributes }) => ({
    id: attribute(attributes, 'Id') ?? '',
    type: (attribute(attributes, 'Type') ?? '').split('/').at(-1)!,
    path: resolvePath(path, attribute(attributes, 'Target') ?? ''),
  }));
}

interface Paragraph {
  readonly text: string;
  readonly level: number;
  readonly numbered: boolean;
  /** Explicitly with or without a bullet; undefined = as the layout has it. */
  readonly bullet: boolean | undefined;
}

function paragraphsOf($: CheerioAPI, body: Cheerio<Element>): Paragraph[] {
  return body
    .children('p')
    .toArray()
    .map((p) => {
      const text = $(p)
        .children('r, fld, br')
        .toArray()
        .map((run) => (run.name === 'br' ? '\n' : $(run).children('t').text()))
        .join('');
      const properties = $(p).children('pPr');
      const numbered = properties.children('buAutoNum').length > 0;
      const bullet =
        properties.children('buNone').length > 0 ? false : properties.children('buChar').length > 0 ? true : undefined;
      return { text, level: Number(properties.attr('lvl') ?? 0) || 0, numbered, bullet };
    })
    .filter(({ text }) => text.trim() !== '');
}

function appendShape(builder: TextBuilder, paragraphs: readonly Paragraph[], isBody: boolean, page: number): void {
  let number = 0;
  for (const { text, level, numbered, bullet } of paragraphs) {
    number = numbered ? number + 1 : 0;
    if (numbered) builder.listItem(`${number}.`, text, level, page);
    // Body placeholders have bullets by default; a single paragraph in one reads as a sentence all the same.
    else if (bullet ?? (isBody && paragraphs.length > 1)) builder.listItem('-', text, level, page);
    else builder.paragraph(text, page);
  }
}

function appendTable(builder: TextBuilder, $: CheerioAPI, table: Cheerio<Element>, page: number): void {
  const rows: string[][] = [];
  for (const row of table.children('tr').toArray()) {
    const above = rows.at(-1);
    const texts = $(row)
      .children('tc')
      .toArray()
      .map((cell, column) =>
        // A cell merged over several rows belongs to each of them.
        /^(1|true)$/.test($(cell).attr('vMerge') ?? '')
          ? (above?.[column] ?? '')
          : paragraphsOf($, $(cell).children('txBody'))
              .map(({ text }) => oneLine(text))
              .join(' '),
      );
    rows.push(texts);
  }
  const cells = rectangular(rows);
  const marked = /^(1|true)$/.test(table.children('tblPr').attr('firstRow') ?? '');
  const [header, ...body] = cells;
  builder.table({ ...(marked && header && body.length > 0 ? { header, rows: body } : splitHeader(cells)), page });
}

function appendSlide(builder: TextBuilder, files: Files, path: string, page: number): void {
  const $ = load(files.get(path) ?? '', { xml: true });
  const shapes = $('sp, graphicFrame').toArray() as Element[];
  const placeholder = (shape: Element): string | undefined => {
    const found = $(shape).find('nvPr > ph').first();
    return found.length === 0 ? undefined : (found.attr('type') ?? 'body');
  };
  const title = shapes.find((shape) => titles.test(placeholder(shape) ?? ''));
  const titleText = title
    ? oneLine(
        paragraphsOf($, $(title).children('txBody'))
          .map(({ text }) => text)
          .join(' '),
      )
    : '';
  // Without a heading of its own a slide would read as part of the one before.
  builder.heading(1, titleText === '' ? `Slide ${page}` : titleText, page);

  const relations = relationsOf(files, path);
  for (const shape of shapes) {
    const kind = placeholder(shape);
    if (shape === title || (kind !== undefined && furniture.test(kind))) continue;
    if (shape.name === 'sp') {
      appendShape(builder, paragraphsOf($, $(shape).children('txBody')), kind === 'body' || kind === 'obj', page);
      continue;
    }
    const table = $(shape).find('tbl').first() as Cheerio<Element>;
    if (table.length > 0) appendTable(builder, $, table, page);
    const diagram = $(shape).find('relIds').attr('r:dm');
    const data = relations.find(({ id }) => id === diagram);
    if (data) appendDiagram(builder, files.get(data.path) ?? '', page);
  }

  const notes = relations.find(({ type }) => type === 'notesSlide');
  if (!notes) return;
  const $notes = load(files.get(notes.path) ?? '', { xml: true });
  for (const shape of $notes('sp').toArray() as Element[]) {
    if ($notes(shape).find('nvPr > ph').attr('type') !== 'body') continue;
    for (const { text } of paragraphsOf($notes, $notes(shape).children('txBody'))) builder.paragraph(text, page);
  }
}

/** The words of a SmartArt diagram, one point an item. */
function appendDiagram(builder: TextBuilder, xml: string, page: number): void {
  for (const { inner } of elements(xml, 'pt')) {
    const words = [...elements(inner, 't')].filter(
      ({ attributes, inner: text }) => attributes.trim() === '' && !text.includes('<'),
    );
    const text = oneLine(words.map((word) => load(word.inner, { xml: true }).text()).join(' '));
    if (text !== '') builder.listItem('-', text, 0, page);
  }
}

export const pptx: Extractor = {
  format: 'pptx',
  async extract({ bytes, name }) {
    const wanted = /^ppt\/(presentation\.xml|slides\/|notesSlides\/|diagrams\/data|_rels\/)/;
    const paths = (await listZip(bytes, name)).map((entry) => entry.fileName);
    const relevant = new Set(paths.filter((path) => wanted.test(path) && /\.(xml|rels)$/.test(path)));
    // Relationship ids keep their prefix: `withoutPrefixes` touches tags only.
    const files = new Map(
      [...(await readZipText(bytes, name, relevant))].map(([path, xml]) => [path, withoutPrefixes(xml)]),
    );
    const show = files.get('ppt/presentation.xml');
    if (show === undefined) throw new DocentError('FILE_DAMAGED', { name, reason: 'it holds no presentation' });
    const relations = new Map(relationsOf(files, 'ppt/presentation.xml').map(({ id, path }) => [id, path]));
    const slides = [...elements(show, 'sldId')]
      .map(({ attributes }) => relations.get(/(?:^|\s)r:id\s*=\s*"([^"]*)"/.exec(attributes)?.[1] ?? '') ?? '')
      .filter((path) => files.has(path));

    const builder = createTextBuilder();
    if (slides.length > maxPages) builder.warn(`Only the first ${maxPages} slides were read`);
    slides.slice(0, maxPages).forEach((path, index) => {
      appendSlide(builder, files, path, index + 1);
    });
    return builder.build({ pages: slides.length });
  },
};
