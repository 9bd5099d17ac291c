/**
 * Every format that is read, in one table: its extensions and where its extractor is. Parsers are loaded when the first
 * such file comes.
 */
import type { Extractor } from './contract.ts';

interface FormatSpec {
  readonly extensions: readonly string[];
  /** What a person calls it. */
  readonly called: string;
  readonly load: () => Promise<Extractor>;
}

const words = (text: string): readonly string[] => text.split(' ');

/** Source and configuration. Read as they stand where somebody uploads them; in a folder they are not what people ask about. */
const code = words(
  'yaml yml toml ini cfg conf properties xml sql sh py js mjs cjs ts mts jsx tsx java go rs c h cpp cs rb php swift kt',
);

const table = <T extends Record<string, FormatSpec>>(formats: T): T => formats;

export const formats = table({
  markdown: {
    extensions: ['md', 'markdown', 'mdown', 'mkd', 'mdx', 'qmd'],
    called: 'Markdown',
    load: async () => (await import('./markdown.ts')).markdown,
  },
  text: {
    extensions: [...words('txt text log rst adoc org tex srt vtt'), ...code],
    called: 'plain text',
    load: async () => (await import('./text.ts')).plainText,
  },
  html: {
    extensions: ['html', 'htm', 'xhtml'],
    called: 'HTML',
    load: async () => (await import('./html.ts')).html,
  },
  pdf: {
    extensions: ['pdf'],
    called: 'PDF',
    load: async () => (await import('./pdf.ts')).pdf,
  },
  docx: {
    extensions: ['docx', 'docm', 'dotx'],
    called: 'Word',
    load: async () => (await import('./docx.ts')).docx,
  },
  xlsx: {
    extensions: ['xlsx', 'xlsm', 'xltx'],
    called: 'Excel',
    load: async () => (await import('./xlsx.ts')).xlsx,
  },
  pptx: {
    extensions: ['pptx', 'pptm', 'ppsx', 'potx'],
    called: 'PowerPoint',
    load: async () => (await import('./pptx.ts')).pptx,
  },
  csv: {
    extensions: ['csv', 'tsv', 'tab'],
    called: 'CSV',
    load: async () => (await import('./csv.ts')).csv,
  },
  json: {
    extensions: ['json', 'jsonl', 'ndjson'],
    called: 'JSON',
    load: async () => (await import('./json.ts')).json,
  },
  eml: {
    extensions: ['eml'],
    called: 'an e-mail',
    load: async () => (await import('./eml.ts')).eml,
  },
  ics: {
    extensions: ['ics'],
    called: 'a calendar',
    load: async () => (await import('./ics.ts')).ics,
  },
});

export type Format = keyof typeof formats;

export const extensionOf = (name: string): string => /\.([A-Za-z0-9]{1,10})$/.exec(name)?.[1]?.toLowerCase() ?? '';

const byExtension = new Map<string, Format>(
  (Object.keys(formats) as Format[]).flatMap((format) =>
    formats[format].extensions.map((extension): [string, Format] => [extension, format]),
  ),
);

/** The format that a name claims, or null. */
export const formatOfName = (name: string): Format | null => byExtension.get(extensionOf(name)) ?? null;

export const isCodeName = (name: string): boolean => code.includes(extensionOf(name));
