/**
 * What every format is turned into: one canonical text, and blocks that point into it by UTF-16 offsets.
 * Quotes are slices of `text`, so whatever is not in `text` cannot be quoted.
 */

interface Range {
  /** [start, end) in `Extracted.text`, UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

export interface TextBlock extends Range {
  readonly kind: 'paragraph' | 'list-item' | 'code';
  /** 1-based page or slide, where the format has them. */
  readonly page?: number;
}

export interface HeadingBlock extends Range {
  readonly kind: 'heading';
  /** 1 is the highest. */
  readonly level: number;
  readonly page?: number;
}

/** A table stands in `text` row by row, cells separated by ` | `. */
export interface TableBlock extends Range {
  readonly kind: 'table';
  /** Ranges of the header's cells; empty when the table has none. */
  readonly header: readonly Range[];
  /** Ranges of the cells of every body row. An empty cell is an empty range. */
  readonly rows: readonly (readonly Range[])[];
  /** What the table is called (sheet name, caption), when it has a name. */
  readonly name?: string;
  readonly page?: number;
}

export type Block = TextBlock | HeadingBlock | TableBlock;

export interface Extracted {
  /** From the document itself (first heading, metadata); never from the file name. */
  readonly title: string | null;
  readonly text: string;
  /** In reading order, not overlapping. */
  readonly blocks: readonly Block[];
  readonly pages: number | null;
  /** Things the uploader should know, one line each ("3 of 12 pages hold only pictures"). */
  readonly warnings: readonly string[];
}

export interface ExtractInput {
  readonly bytes: Uint8Array;
  /** The file's name with its extension; a hint only, the content decides. */
  readonly name: string;
}

/** One format. Throws DocentError FILE_…; anything else it throws becomes FILE_DAMAGED. */
export interface Extractor {
  readonly format: string;
  extract(input: ExtractInput): Promise<Extracted>;
}
