/** A few sentences as a document: a correction, or a message of the chat. Knows text, not where it comes from. */
import type { IncomingFile } from './contract.ts';

export interface TextFile {
  /** Exactly-once key of the upload. */
  readonly key: string;
  /** Of the document, without its ending. */
  readonly name: string;
  /** What it is about, as a heading that the search finds. */
  readonly heading?: string;
  readonly text: string;
  /** Where a person reads the original. */
  readonly url: string | null;
}

export function textFile({ key, name, heading, text, url }: TextFile): IncomingFile {
  const title = heading?.replace(/\s+/g, ' ').trim();
  const bytes = new TextEncoder().encode(`${title ? `# ${title}\n\n` : ''}${text.trim()}\n`);
  return { key, name: `${name}.md`, bytes: bytes.byteLength, url, external: false, download: async () => bytes };
}

/** E.g. `correction 2026-11-26 7kq2ab`: two of one day differ. */
export const datedName = (kind: string, at: Date, id: string): string =>
  `${kind} ${at.toISOString().slice(0, 10)} ${id.slice(-6)}`;
