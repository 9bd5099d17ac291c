/**
 * Excel workbooks: every visible sheet as tables under the sheet's name, cells as people see them. Read from the
 * sheets' XML by a scan: the libraries at hand drop number formats, so that 19 % becomes 0.19 and 28 € becomes 28.
 * Not read: charts, comments, hidden sheets. ECMA-376 part 1, chapter 18.
 */
import { DocentError } from '../../errors.ts';
import { createTextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { appendGrid } from './grid.ts';
import { maxRows } from './limits.ts';
import { builtInFormat, formatNumber } from './numberformat.ts';
import { attribute, decodeEntities, elements, withoutPrefixes } from './xml.ts';
import { listZip, readZipText } from './zip.ts';

/** Columns beyond this are no table for people. */
const maxColumns = 256;
/** A merged cell is repeated in at most this many rows. */
const maxMergedRows = 200;
/** What programs call a sheet nobody named. */
const unnamedSheet = /^(sheet|table|tabelle|feuil|feuille|hoja|foglio|planilha|blad)\s*\d*$/i;

/** Rich text is runs of `<t>`; phonetic readings (`<rPh>`) are no part of it. `_x000D_` is how XML 1.0 writes control characters. */
const textOf = (xml: string): string =>
  [...elements(xml.replace(/<rPh\b[\s\S]*?<\/rPh>/g, ''), 't')]
    .map(({ inner }) => decodeEntities(inner))
    .join('')
    .replace(/_x([0-9A-F]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

interface Workbook {
  readonly strings: readonly string[];
  /** Number format of every cell style. */
  readonly formats: readonly string[];
  readonly from1904: boolean;
}

function stylesOf(xml: string): string[] {
  const custom = new Map<number, string>();
  for (const { attributes } of elements(xml, 'numFmt'))
    custom.set(Number(attribute(attributes, 'numFmtId')), attribute(attributes, 'formatCode') ?? '');
  const cellStyles = [...elements(xml, 'cellXfs')][0]?.inner ?? '';
  return [...cellStyles.matchAll(/<xf\b([^>]*)>/g)].map((match) => {
    const id = Number(attribute(match[1]!, 'numFmtId') ?? 0);
    return custom.get(id) ?? builtInFormat(id);
  });
}

/** `BC12` → 54 (0-based column). */
function columnOf(reference: string): number {
  let column = 0;
  for (const letter of /^[A-Z]+/i.exec(reference)?.[0] ?? '')
    column = column * 26 + (letter.toUpperCase().charCodeAt(0) - 64);
  return column - 1;
}

function cellText(attributes: string, inner: string, { strings, formats, from1904 }: Workbook): string {
  const type = attribute(attributes, 't') ?? 'n';
  if (type === 'inlineStr') return textOf(inner);
  const raw = decodeEntities([...elements(inner, 'v')][0]?.inner ?? '');
  if (raw === '') return '';
  switch (type) {
    case 's':
      return strings[Number(raw)] ?? '';
    case 'str':
      return raw;
    case 'd':
      return raw.replace(/T00:00:00(\.0+)?Z?$/, '').replace('T', ' ');
    case 'b':
      return raw === '1' ? 'TRUE' : 'FALSE';
    case 'e':
      return '';
    default: {
      const value = Number(raw);
      if (!Number.isFinite(value)) return raw;
      return formatNumber(value, formats[Number(attribute(attributes, 's') ?? 0)] ?? 'General', from1904);
    }
  }
}

/** Rows from the first to the last; a gap in the row numbers is one empty row. */
function rowsOf(xml: string, workbook: Workbook): string[][] {
  const rows: string[][] = [];
  const at = new Map<number, number>();
  let last = 0;
  for (const { attributes, inner } of elements(xml, 'row')) {
    const number = Number(attribute(attributes, 'r') ?? last + 1);
    if (number > last + 1 && rows.length > 0) rows.push([]);
    last = number;
    const cells: string[] = [];
    for (const cell of elements(inner, 'c')) {
      const reference = attribute(cell.attributes, 'r');
      const column = reference === undefined ? cells.length : columnOf(reference);
      if (column < 0 || column >= maxColumns) continue;
      while (cells.length < column) cells.push('');
      cells[column] = cellText(cell.attributes, cell.inner, workbook);
    }
    at.set(number, rows.length);
    if (rows.push(cells) > maxRows) break;
  }
  // A cell merged over several rows of one column belongs to each of them.
  for (const { attributes } of elements(xml, 'mergeCell')) {
    const match = /^([A-Z]+)(\d+):([A-Z]+)(\d+)$/.exec(attribute(attributes, 'ref') ?? '');
    if (!match || match[1] !== match[3]) continue;
    const column = columnOf(match[1]!);
    const top = Number(match[2]);
    const value = rows[at.get(top) ?? -1]?.[column] ?? '';
    for (let row = top + 1; row <= Math.min(Number(match[4]), top + maxMergedRows); row++) {
      const cells = rows[at.get(row) ?? -1];
      if (cells?.some((cell) => cell !== '') && column < maxColumns) {
        while (cells.length <= column) cells.push('');
        cells[column] ||= value;
      }
    }
  }
  return rows;
}

const isTrue = (value: string | undefined): boolean => value === '1' || value === 'true';

export const xlsx: Extractor = {
  format: 'xlsx',
  async extract({ bytes, name }) {
    const paths = (await listZip(bytes, name)).map((entry) => entry.fileName);
    const wanted = new Set(
      paths.filter((path) => /^xl\/(?:[^/]+\.xml|_rels\/workbook\.xml\.rels|worksheets\/[^/]+\.xml)$/i.test(path)),
    );
    const files = new Map(
      [...(await readZipText(bytes, name, wanted))].map(([path, xml]) => [path.toLowerCase(), withoutPrefixes(xml)]),
    );
    const book = files.get('xl/workbook.xml');
    if (book === undefined) throw new DocentError('FILE_DAMAGED', { name, reason: 'it holds no workbook' });
    const targets = new Map(
      [...elements(files.get('xl/_rels/workbook.xml.rels') ?? '', 'Relationship')].map(({ attributes }) => [
        attribute(attributes, 'Id') ?? '',
        `xl/${(attribute(attributes, 'Target') ?? '').replace(/^\/?(xl\/)?/, '')}`.toLowerCase(),
      ]),
    );
    const workbook: Workbook = {
      strings: [...elements(files.get('xl/sharedstrings.xml') ?? '', 'si')].map(({ inner }) => textOf(inner)),
      formats: stylesOf(files.get('xl/styles.xml') ?? ''),
      from1904: isTrue(attribute([...elements(book, 'workbookPr')][0]?.attributes ?? '', 'date1904')),
    };

    const builder = createTextBuilder();
    const sheets = [...elements(book, 'sheet')].map(({ attributes }) => ({
      name: attribute(attributes, 'name') ?? '',
      hidden: /hidden/i.test(attribute(attributes, 'state') ?? ''),
      xml: files.get(targets.get(attribute(attributes, 'id') ?? '') ?? ''),
    }));
    const hidden = sheets.filter((sheet) => sheet.hidden).length;
    if (hidden > 0) builder.warn(`${hidden} hidden ${hidden === 1 ? 'sheet was' : 'sheets were'} not read`);
    for (const sheet of sheets) {
      if (sheet.hidden || sheet.xml === undefined) continue;
      const rows = rowsOf(sheet.xml, workbook);
      if (!rows.some((row) => row.some((cell) => cell.trim() !== ''))) continue;
      const named = !unnamedSheet.test(sheet.name.trim());
      if (named) builder.heading(1, sheet.name);
      appendGrid(builder, rows, named ? { name: sheet.name } : {});
    }
    return builder.build();
  },
};
