/**
 * Cuts an extracted document into sections (a heading and what stands under it, up to the next heading of any level)
 * and each section into passages. Knows blocks and token counts; must not know formats, storage or prompts.
 */
import { shorten } from '../shorten.ts';
import type { Block, Extracted, HeadingBlock } from './extract/contract.ts';
import type { SectionDraft } from './passage.ts';
import { buildPassages, headingPassage } from './passages.ts';

export interface PassageSizes {
  /** Tokens of the model that reads; additive enough to be asked sentence by sentence. */
  readonly countTokens: (text: string) => number;
  /** Tokens of a window of prose, heading path included. */
  readonly maxTokens?: number;
  /** A section up to this many tokens stays whole. */
  readonly wholeTokens?: number;
}

/** Prose windows of 120–160 tokens (design §7): a batch of four fits one prefill, and BM25 still separates topics. */
export const defaultMaxTokens = 160;
/** Whole sections up to here: a cut costs more than a quarter longer passage. */
export const defaultWholeTokens = 200;

/** Longest heading in a passage's path; a heading that goes on is a sentence. */
const maxHeadingCharacters = 80;

/**
 * `Time off › 4.2 Annual leave: `, what a passage begins with. The last two headings: more is noise to a small model.
 * The document's title goes when deeper headings exist, because it stands in every passage and separates none.
 */
export function headingPrefix(path: readonly string[], title: string | null): string {
  const deeper = path.length > 1 && path[0] === title ? path.slice(1) : path;
  const shown = (deeper.length > 0 ? deeper : title === null ? [] : [title])
    .slice(-2)
    .map((heading) => shorten(heading, maxHeadingCharacters));
  if (shown.length === 0) return '';
  const joined = shown.join(' › ');
  return /[:?!]$/.test(joined) ? `${joined} ` : `${joined}: `;
}

interface Draft {
  readonly headings: readonly HeadingBlock[];
  readonly body: Exclude<Block, HeadingBlock>[];
}

/** Blocks by the heading they stand under, with the headings above it. */
function groupByHeading(blocks: readonly Block[]): Draft[] {
  const drafts: Draft[] = [{ headings: [], body: [] }];
  let open: readonly HeadingBlock[] = [];
  for (const block of blocks) {
    if (block.kind === 'heading') {
      open = [...open.filter((heading) => heading.level < block.level), block];
      drafts.push({ headings: open, body: [] });
    } else drafts.at(-1)!.body.push(block);
  }
  return drafts;
}

/**
 * Sections in reading order. Headings that only hold further headings get no section of their own (they stand in the
 * paths of those); a heading with nothing under it is a section whose one passage is the heading.
 */
export function buildSections(
  extracted: Extracted,
  { countTokens, maxTokens = defaultMaxTokens, wholeTokens = defaultWholeTokens }: PassageSizes,
): SectionDraft[] {
  const { text, title } = extracted;
  const drafts = groupByHeading(extracted.blocks);
  const sections: SectionDraft[] = [];
  drafts.forEach(({ headings, body }, index) => {
    const own = headings.at(-1);
    const path = headings.map((heading) => text.slice(heading.start, heading.end));
    const first = own ?? body[0];
    if (!first) return;
    const place = { start: first.start, end: (body.at(-1) ?? first).end, page: first.page ?? body[0]?.page ?? null };
    const section = { heading: path.at(-1) ?? null, path, ...place };
    if (body.length === 0) {
      const next = drafts[index + 1]?.headings.at(-1);
      const holdsOthers = next !== undefined && own !== undefined && next.level > own.level;
      const isTitle = section.heading === title && drafts.length > 2;
      if (!own || holdsOthers || isTitle) return;
      sections.push({ ...section, passages: [headingPassage(text, own, headingPrefix(path.slice(0, -1), title))] });
      return;
    }
    const passages = buildPassages(text, body, {
      prefix: headingPrefix(path, title),
      heading: section.heading,
      countTokens,
      maxTokens,
      wholeTokens,
    });
    if (passages.length > 0) sections.push({ ...section, passages });
  });
  return sections;
}
