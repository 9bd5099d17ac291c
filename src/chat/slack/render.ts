/**
 * A reply as Slack shows it. Knows Slack's markup and limits; must not know where the message goes.
 *
 * Everything is escaped first, so no word of a document can become a mention, a link or a command; what Docent's own
 * Markdown means is put in afterwards.
 */
import type { KnownBlock } from '@slack/types';
import type { Source } from '../../answers/contract.ts';
import { shorten } from '../../shorten.ts';
import { actionKinds, type ReplyAction, type ReplyContent } from '../contract.ts';

/** Text of a section block. @see https://docs.slack.dev/reference/block-kit/blocks/section-block */
const maxSectionLength = 3_000;
/** Text beyond this is cut off by Slack in notifications and plain clients. */
const maxTextLength = 4_000;
/** Elements of a context block, ten at most, one of them for “and more”. */
const maxSources = 5;
/** Sections of one answer; a message has at most 50 blocks. */
const maxSections = 8;
const maxNameLength = 80;
const maxQuoteLength = 300;

export interface Payload {
  readonly text: string;
  readonly blocks: readonly KnownBlock[];
}

/** @see https://docs.slack.dev/messaging/formatting-message-text#escaping */
export const escapeText = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export const unescapeText = (text: string): string =>
  text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

/** Docent's Markdown (bold, lists, code, links, headings) in Slack's markup. */
export function toMrkdwn(markdown: string): string {
  return escapeText(markdown)
    .replace(/^#{1,6}\s+(.+)$/gm, '*$1*')
    .replace(/^(\s*)[-*]\s+/gm, '$1• ')
    .replace(/\*\*(.+?)\*\*/g, '*$1*')
    .replace(/\[([^\]\n]+)\]\((https?:[^\s)|]+)\)/g, '<$2|$1>');
}

/** Splits at paragraphs, lines, sentences or words, whichever comes last in reach; never inside an entity or a link. */
export function split(text: string, limit: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > limit) {
    const head = rest.slice(0, limit);
    const at = ['\n\n', '\n', '. ', ' '].map((mark) => head.lastIndexOf(mark)).find((found) => found >= limit / 2);
    let end = at ?? limit;
    const entity = /(&[a-z]*|<[^>]*|[\uD800-\uDBFF])$/.exec(rest.slice(0, end));
    if (entity && entity.index > 0) end = entity.index;
    pieces.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest) pieces.push(rest);
  return pieces;
}

function sourceLine(source: Source, number: number, answer: string): string {
  const names = [source.document, source.section].filter((part): part is string => !!part);
  const name = escapeText(names.map((part) => shorten(part.replace(/\s+/g, ' ').trim(), maxNameLength)).join(' › '));
  const label = source.url && /^https?:\/\/[^\s<>|]+$/.test(source.url) ? `<${source.url}|${name}>` : name;
  const page = source.page === null ? '' : `, page ${source.page}`;
  const flat = source.quote.replace(/\s+/g, ' ').trim();
  // The sentence stands in the answer already, most of the time.
  const quote =
    flat && !answer.replace(/\s+/g, ' ').includes(flat) ? `: «${escapeText(shorten(flat, maxQuoteLength))}»` : '';
  return `${number}. ${label}${page}${quote}`;
}

function sourceLines({ sources, tone, text }: ReplyContent): readonly string[] {
  if (sources.length === 0) return [];
  const title = tone === 'not-found' ? 'Nearest section' : sources.length === 1 ? 'Source' : 'Sources';
  const more = sources.length > maxSources ? [`… and ${sources.length - maxSources} more`] : [];
  return [`*${title}*`, ...sources.slice(0, maxSources).map((source, at) => sourceLine(source, at + 1, text)), ...more];
}

/** `verbatim`: Slack makes no links or mentions of its own out of plain words. */
const section = (text: string): KnownBlock => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } });

export const voteAction = 'docent_vote';

const voteBlock = (answerId: string): KnownBlock => ({
  type: 'context_actions',
  elements: [
    {
      type: 'feedback_buttons',
      action_id: voteAction,
      positive_button: { text: { type: 'plain_text', text: 'Right' }, value: `up:${answerId}` },
      negative_button: { text: { type: 'plain_text', text: 'Wrong' }, value: `down:${answerId}` },
    },
  ],
});

/** Followed by the button's number: Slack wants other ids within one message. */
export const pressAction = 'docent_press';

const actionBlock = (actions: readonly ReplyAction[]): KnownBlock => ({
  type: 'actions',
  elements: actions.map(({ kind, subject, label }, at) => ({
    type: 'button',
    action_id: `${pressAction}:${at}`,
    text: { type: 'plain_text', text: shorten(label, 75) },
    value: `${kind}:${subject}`,
    ...(kind === 'reject' || kind === 'stop' ? {} : { style: 'primary' as const }),
  })),
});

/** What a button of `ReplyContent.actions` says, or null for somebody else's. */
export function parsePress(value: string): Pick<ReplyAction, 'kind' | 'subject'> | null {
  const [name, subject] = value.split(':');
  const kind = actionKinds.find((known) => known === name);
  return kind && subject ? { kind, subject } : null;
}

/** What a feedback button says about its answer, or null for somebody else's. */
export function parseVote(value: string): { readonly vote: 1 | -1; readonly answerId: string } | null {
  const match = /^(up|down):(.+)$/.exec(value);
  return match ? { vote: match[1] === 'up' ? 1 : -1, answerId: match[2]! } : null;
}

export function renderProgress(text: string, actions: readonly ReplyAction[] = []): Payload {
  const line = toMrkdwn(text) || '…';
  const shown: KnownBlock = { type: 'context', elements: [{ type: 'mrkdwn', text: `:hourglass: ${line}` }] };
  return { text: line, blocks: [shown, ...(actions.length > 0 ? [actionBlock(actions)] : [])] };
}

/** `text` holds the answer and its sources too: notifications, screen readers and search see only that. */
export function renderReply(content: ReplyContent): Payload {
  const body = (content.tone === 'error' ? ':warning: ' : '') + (toMrkdwn(content.text).trim() || '…');
  const lines = sourceLines(content);
  const sections = split(body, maxSectionLength);
  const shown = sections.slice(0, maxSections);
  const note = sections.length > shown.length ? ['_… shortened: this is as much as fits into a message._'] : [];
  return {
    text: shorten([body, ...lines].join('\n'), maxTextLength),
    blocks: [
      ...[...shown, ...note].map(section),
      ...(lines.length > 0
        ? [
            {
              type: 'context',
              elements: lines.map((text) => ({ type: 'mrkdwn', text: shorten(text, 2_000), verbatim: true })),
            } as KnownBlock,
          ]
        : []),
      ...(content.answerId ? [voteBlock(content.answerId)] : []),
      ...(content.actions?.length ? [actionBlock(content.actions)] : []),
    ],
  };
}
