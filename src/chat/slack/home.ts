/** The app's Home tab: what a person finds when they open Docent in Slack. Knows views; must not know what they say. */
import type { KnownBlock } from '@slack/types';
import type { Home, ReplyContent } from '../contract.ts';
import { renderReply } from './render.ts';

/** @see https://docs.slack.dev/reference/block-kit/blocks (views take a hundred) */
const mostBlocks = 100;

const settings: ReplyContent = {
  text: [
    '**Settings**, for admins, in a channel: `/docent policy` says when I answer there and changes it; `/docent backfill` reads what was shared there before; `/docent retrain` and `/docent feedback` are about what I learn.',
    '**Your data**: `/docent export` sends it to you, `/docent forget-me` deletes it.',
  ].join('\n'),
  sources: [],
  answerId: null,
  tone: 'info',
};

export function homeView({ sections }: Home): { readonly type: 'home'; readonly blocks: readonly KnownBlock[] } {
  const blocks = [...sections, settings].flatMap((content, at): readonly KnownBlock[] => [
    ...(at > 0 ? [{ type: 'divider' } as const] : []),
    ...renderReply(content).blocks,
  ]);
  return { type: 'home', blocks: blocks.slice(0, mostBlocks) };
}
