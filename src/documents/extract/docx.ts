/**
 * Word documents: mammoth turns styles into HTML, our HTML extractor does the rest. Comments, page headers and footers
 * are not read; automatic heading numbers don't exist in the file and so not in the text.
 */
import mammoth from 'mammoth';
import type { Extractor } from './contract.ts';
import { extractHtml } from './html.ts';

// A level below the title, so that "Heading 1" stands under it where a document has both.
const styleMap = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Subtitle'] => p:fresh",
  ...[1, 2, 3, 4, 5].flatMap((level) => [
    `p[style-name='Heading ${level}'] => h${level + 1}:fresh`,
    `p[style-name='heading ${level}'] => h${level + 1}:fresh`,
  ]),
  "p[style-name='Heading 6'] => h6:fresh",
  "p[style-name='Caption'] => p:fresh",
];

export const docx: Extractor = {
  format: 'docx',
  async extract({ bytes, name }) {
    const { value } = await mammoth.convertToHtml(
      { buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) },
      {
        styleMap,
        // A document's own style map could name any HTML; pictures would be carried along as base64.
        includeEmbeddedStyleMap: false,
        externalFileAccess: false,
        convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
      },
    );
    return extractHtml(value, name, { boldHeadings: true });
  },
};
