/**
 * PDF through unpdf (PDF.js): pages of positioned text become lines, tables and blocks. Pictures are not read; a document
 * of scanned pages is refused with the advice to run text recognition. Not read: forms, annotations, attachments.
 */
import { getDocumentProxy } from 'unpdf';
import { DocentError, reasonOf } from '../../errors.ts';
import { createTextBuilder, oneLine } from './builder.ts';
import type { Extractor } from './contract.ts';
import { maxPages } from './limits.ts';
import { appendPages, type OutlineEntry, type PdfPage } from './pdf.blocks.ts';
import { type Fragment, joinWords, linesOf } from './pdf.lines.ts';

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
type Page = Awaited<ReturnType<Pdf['getPage']>>;

/** A page with fewer characters holds a picture, or nothing. */
const minPageCharacters = 5;
/** Titles that programs write when nobody gave one. */
const noTitle =
  /^(microsoft (word|powerpoint|excel)\b|untitled|document\d*$|presentation\d*$|slide \d|print|about:blank)|\.(docx?|pptx?|xlsx?|indd|tex|dvi|pdf|html?)$/i;

/**
 * PDF.js sends fonts from its worker half with ArrayBuffer.transferToFixedLength, which Node has from 21 on; without it
 * no page's fonts (and so no bold headings) are known. This runs in the reading process only.
 */
function provideTransfer(): void {
  const prototype = ArrayBuffer.prototype as { transferToFixedLength?: (length?: number) => ArrayBuffer };
  prototype.transferToFixedLength ??= function (this: ArrayBuffer, length = this.byteLength) {
    const copy = new ArrayBuffer(length);
    new Uint8Array(copy).set(new Uint8Array(this).subarray(0, length));
    return copy;
  };
}

async function openPdf(bytes: Uint8Array, name: string): Promise<Pdf> {
  try {
    // PDF.js takes the buffer over; verbosity 0 keeps its complaints off the log.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  } catch (error) {
    if ((error as Error).name === 'PasswordException') throw new DocentError('FILE_ENCRYPTED', { name });
    throw new DocentError('FILE_DAMAGED', { name, reason: reasonOf(error) });
  }
}

/** Font names seen so far that are bold; asked from the page that first uses a font. */
function createFonts(): (page: Page, names: readonly string[]) => Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  const bold = new Set<string>();
  return async (page, names) => {
    const fresh = names.filter((font) => !known.has(font));
    if (fresh.length === 0) return bold;
    try {
      await page.getOperatorList();
    } catch {
      return bold;
    }
    for (const font of fresh) {
      known.add(font);
      if (!page.commonObjs.has(font)) continue;
      const { name = '', bold: marked } = page.commonObjs.get(font) as { name?: string; bold?: boolean };
      if (marked || /bold|black|heavy|demi|semibold/i.test(name)) bold.add(font);
    }
    return bold;
  };
}

interface TextItem {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly fontName: string;
}

async function fragmentsOf(page: Page, fonts: ReturnType<typeof createFonts>): Promise<Fragment[]> {
  const content = await page.getTextContent();
  const bold = await fonts(page, Object.keys(content.styles));
  // Unrotated page coordinates, y upwards.
  const { transform, height } = page.getViewport({ scale: 1 });
  const [a = 1, b = 0, c = 0, d = -1, e = 0, f = 0] = transform as number[];
  let spaceBefore = false;
  const items = (content.items as (TextItem | { readonly type: string })[]).flatMap((item) => {
    if (!('str' in item)) return [];
    if (item.str.trim() === '') {
      spaceBefore ||= item.str !== '';
      return [];
    }
    const [p = 1, q = 0, r = 0, s = 1, x = 0, y = 0] = item.transform;
    const across = { x: a * p + c * q, y: b * p + d * q };
    const up = { x: a * r + c * s, y: b * r + d * s };
    const x0 = a * x + c * y + e;
    const size = Math.hypot(up.x, up.y);
    // Text that runs upwards or aslant: watermarks, margin stamps.
    const slanted = Math.abs(across.y) > Math.abs(across.x) * 0.2;
    const fragment = {
      text: item.str,
      x0,
      x1: x0 + item.width,
      y: height - (b * x + d * y + f),
      size,
      bold: bold.has(item.fontName),
      spaceBefore,
    };
    spaceBefore = false;
    return slanted || size < 2 ? [] : [fragment];
  });
  return joinWords(items);
}

async function outlineOf(pdf: Pdf): Promise<OutlineEntry[]> {
  type Node = { readonly title: string; readonly items?: readonly Node[] };
  const flat = (nodes: readonly Node[], depth: number): OutlineEntry[] =>
    nodes.flatMap((node) => [{ title: node.title, depth }, ...flat(node.items ?? [], depth + 1)]);
  try {
    return flat((await pdf.getOutline()) ?? [], 1);
  } catch {
    return [];
  }
}

/** The title in the file's properties, unless a program made it up. */
async function titleOf(pdf: Pdf): Promise<string | null> {
  try {
    const { info } = await pdf.getMetadata();
    const title = oneLine(String((info as { Title?: unknown }).Title ?? ''));
    return title === '' || noTitle.test(title) ? null : title;
  } catch {
    return null;
  }
}

export const pdf: Extractor = {
  format: 'pdf',
  async extract({ bytes, name }) {
    provideTransfer();
    const document = await openPdf(bytes, name);
    try {
      const builder = createTextBuilder();
      const fonts = createFonts();
      const pages: PdfPage[] = [];
      let empty = 0;
      const count = Math.min(document.numPages, maxPages);
      if (document.numPages > maxPages) builder.warn(`Only the first ${maxPages.toLocaleString('en')} pages were read`);
      for (let number = 1; number <= count; number++) {
        const page = await document.getPage(number);
        const fragments = await fragmentsOf(page, fonts);
        if (fragments.reduce((sum, fragment) => sum + fragment.text.length, 0) < minPageCharacters) empty++;
        pages.push({ number, height: page.getViewport({ scale: 1 }).height, content: linesOf(fragments, number) });
        page.cleanup();
      }
      if (empty === count) throw new DocentError('FILE_NO_TEXT', { name });
      if (empty > 0) builder.warn(`${empty} of ${count} pages hold no text, perhaps only pictures`);
      appendPages(builder, pages, await outlineOf(document));
      const extracted = builder.build({ pages: document.numPages });
      // A heading that readers see comes before a property that they don't.
      return extracted.title === null ? { ...extracted, title: await titleOf(document) } : extracted;
    } finally {
      await document.loadingTask.destroy();
    }
  },
};
