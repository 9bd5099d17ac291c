/**
 * What a file really is. The content decides; the name only chooses among kinds of text, and tells whether somebody
 * should be told that the name is wrong. Knows signatures; parses nothing.
 */
import { fileTypeFromBuffer } from 'file-type';
import { DocentError } from '../../errors.ts';
import { decodeText } from './encoding.ts';
import { extensionOf, type Format, formatOfName, formats } from './formats.ts';
import { isZip, listZip } from './zip.ts';

const startsWith = (bytes: Uint8Array, ...magic: number[]): boolean => magic.every((byte, at) => bytes[at] === byte);
const latin = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1');

/** Readers accept junk before the header, within the first kilobyte (PDF 1.7, implementation note 13). */
const pdfHeaderWithin = 1024;

/** Kinds that are no documents here, as a person calls them. */
const otherKinds: Readonly<Record<string, string>> = {
  png: 'a PNG picture',
  jpg: 'a JPEG picture',
  gif: 'a GIF picture',
  webp: 'a WebP picture',
  heic: 'a HEIC picture',
  tif: 'a TIFF picture',
  bmp: 'a BMP picture',
  zip: 'a ZIP archive',
  gz: 'a gzip archive',
  '7z': 'a 7-Zip archive',
  rar: 'a RAR archive',
  tar: 'a tar archive',
  mp3: 'an MP3 recording',
  mp4: 'an MP4 video',
  mov: 'a QuickTime video',
  exe: 'a program',
  elf: 'a program',
  odt: 'an OpenDocument text',
  ods: 'an OpenDocument spreadsheet',
  odp: 'an OpenDocument presentation',
  epub: 'an EPUB book',
  rtf: 'an RTF document',
  ps: 'a PostScript file',
  sqlite: 'an SQLite database',
};

/** The parts of a PNG or program that says it is a PDF: the claim can't be kept. */
const refuse = (name: string, kind: string): DocentError => {
  const claimed = formatOfName(name);
  return claimed !== null
    ? new DocentError('FILE_WRONG_EXTENSION', { name, type: kind })
    : new DocentError('FILE_UNSUPPORTED', { name, type: kind });
};

/** Word, Excel and PowerPoint up to 2003, Outlook messages, and the shell around password-protected newer ones. */
function refuseCompound(bytes: Uint8Array, name: string): DocentError {
  const has = (stream: string): boolean => Buffer.from(bytes).includes(Buffer.from(stream, 'utf16le'));
  if (has('EncryptedPackage') || has('EncryptionInfo')) return new DocentError('FILE_ENCRYPTED', { name });
  const kind = has('WordDocument')
    ? 'Word 97–2003; save it as .docx'
    : has('Workbook') || has('Book')
      ? 'Excel 97–2003; save it as .xlsx'
      : has('PowerPoint Document')
        ? 'PowerPoint 97–2003; save it as .pptx'
        : has('__properties_version1.0')
          ? 'an Outlook message; save it as .eml or .txt'
          : 'an old Office file';
  return new DocentError('FILE_UNSUPPORTED', { name, type: kind });
}

/** Office formats are archives that hold a certain part. */
const officeParts: readonly (readonly [RegExp, string])[] = [
  [/^word\/document\d*\.xml$/i, 'docx'],
  [/^xl\/workbook\.xml$/i, 'xlsx'],
  [/^ppt\/presentation\.xml$/i, 'pptx'],
];

async function detectZip(bytes: Uint8Array, name: string): Promise<Format> {
  const entries = await listZip(bytes, name);
  for (const [part, format] of officeParts)
    if (entries.some((entry) => part.test(entry.fileName)) && format in formats) return format as Format;
  if (entries.some((entry) => /^xl\/workbook\.bin$/i.test(entry.fileName)))
    throw new DocentError('FILE_UNSUPPORTED', { name, type: 'a binary Excel workbook; save it as .xlsx' });
  const type = await fileTypeFromBuffer(bytes.subarray(0, 4100)).catch(() => undefined);
  throw refuse(name, otherKinds[type?.ext ?? 'zip'] ?? 'a ZIP archive');
}

const isHtmlPage = (head: string): boolean =>
  /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(head);

const isMail = (head: string): boolean => {
  const headers = head.split(/\r?\n\r?\n/, 1)[0]!.split(/\r?\n(?![ \t])/);
  const wellFormed = headers.every((line) => /^[!-9;-~]+:/.test(line) || /^From \S+/.test(line));
  const names = new Set(headers.map((line) => line.split(':', 1)[0]!.toLowerCase()));
  return (
    wellFormed &&
    names.has('from') &&
    (names.has('subject') || names.has('to')) &&
    (names.has('date') || names.has('received') || names.has('mime-version'))
  );
};

/** Two headings that stand free, or a table, in something that says it is plain text. */
const isMarkdown = (head: string): boolean =>
  (head.match(/(?:^|\n\s*\n)#{1,6} \S[^\n]*\n\s*\n/g)?.length ?? 0) >= 2 ||
  /^\|?.*\|.*\n\|?[ :|-]*-{3,}[ :|-]*\|[ :|-]*$/m.test(head);

/** Characters of a text that are looked at to tell its kind. */
const headCharacters = 20_000;

function detectText(bytes: Uint8Array, name: string): Format {
  const { text } = decodeText(bytes, name);
  if (!/[^\s\p{Cc}\ufeff]/u.test(text)) throw new DocentError('FILE_EMPTY', { name });
  const head = text.slice(0, headCharacters).replace(/^\ufeff/, '');
  const has = (format: string): Format | null => (format in formats ? (format as Format) : null);
  if (isHtmlPage(head)) return 'html';
  const claimed = formatOfName(name);
  const isText = claimed !== null && ['markdown', 'html', 'csv', 'json', 'eml', 'ics'].includes(claimed);
  if (isText) return claimed;
  if (/^\s*BEGIN:VCALENDAR\b/i.test(head) && has('ics')) return has('ics')!;
  if (claimed !== 'text' || ['txt', 'text'].includes(extensionOf(name))) {
    if (isMail(head) && has('eml')) return has('eml')!;
    if (isMarkdown(head)) return 'markdown';
  }
  return 'text';
}

/** @throws DocentError FILE_EMPTY, FILE_ENCRYPTED, FILE_UNSUPPORTED, FILE_WRONG_EXTENSION, FILE_DAMAGED, FILE_NOT_TEXT */
export async function detectFormat(bytes: Uint8Array, name: string): Promise<Format> {
  if (bytes.length === 0) throw new DocentError('FILE_EMPTY', { name });
  if (latin(bytes, 0, pdfHeaderWithin).includes('%PDF-') && 'pdf' in formats) return 'pdf' as Format;
  if (isZip(bytes)) return detectZip(bytes, name);
  if (startsWith(bytes, 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1)) throw refuseCompound(bytes, name);
  // Before the signatures: the mark of UTF-16 is also how an MP3 frame begins.
  if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff)) return detectText(bytes, name);
  const type = await fileTypeFromBuffer(bytes.subarray(0, 4100)).catch(() => undefined);
  // Text formats that file-type names (XML, calendars, subtitles) are decided below.
  if (type && !/^text\/|xml|json|calendar|subrip|vcard/.test(type.mime))
    throw refuse(name, otherKinds[type.ext] ?? `${type.mime}`);
  return detectText(bytes, name);
}
