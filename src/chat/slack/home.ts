/** The app's Home tab: what a person finds when they open Docent in Slack. Knows views; must not know what they say. */
import type { KnownBlock } from '@slack/types';
import type { Home } from '../contract.ts';
import { renderReply } from './render.ts';

/** @see https://docs.slack.dev/reference/block-kit/blocks (views take a hundred) */
const mostBlocks = 100;

export function homeView({ sections }: Home): { readonly type: 'home'; readonly blocks: readonly KnownBlock[] } {
  const blocks = sections.flatMap((content, at): readonly KnownBlock[] => [
    ...(at > 0 ? [{ type: 'divider' } as const] : []),
    ...renderReply(content).blocks,
  ]);
  return { type: 'home', blocks: blocks.slice(0, mostBlocks) };
}
