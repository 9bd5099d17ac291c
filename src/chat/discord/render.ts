/**
 * A reply as Discord shows it: text, sources and buttons within its limits. Knows Discord's Markdown; must not know where
 * the message goes.
 */
import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIMessageTopLevelComponent,
  type APITextDisplayComponent,
  ButtonStyle,
  ComponentType,
  MessageFlags,
  type RawFile,
} from 'discord.js';
import type { Source } from '../../answers/contract.ts';
import { shorten } from '../../shorten.ts';
import { actionKinds, type ReplyAction, type ReplyContent } from '../contract.ts';

/** @see https://discord.com/developers/docs/resources/message#create-message */
export const maxContentLength = 2000;
/** All text of a Components V2 message together. @see https://discord.com/developers/docs/components/reference */
export const maxComponentText = 4000;
/** More sources than this help nobody to check an answer. */
const maxSources = 5;
const maxNameLength = 80;
const maxQuoteLength = 300;

export interface Payload {
  readonly content: string | null;
  readonly components: readonly APIMessageTopLevelComponent[];
  readonly flags: number;
  /** Not part of the body: sent beside it. */
  readonly files: readonly RawFile[];
  readonly allowed_mentions: { readonly parse: readonly never[]; readonly replied_user: boolean };
}

const quiet = { parse: [], replied_user: false } as const;

/** Cuts at the last paragraph, line, sentence or word that fits, never inside a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, limit);
  for (const mark of ['\n\n', '\n', '. ', ' ']) {
    const at = head.lastIndexOf(mark);
    // A break in the first half would waste more than it tidies.
    if (at >= limit / 2) return head.slice(0, mark === '. ' ? at + 1 : at).trimEnd();
  }
  return /[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head;
}

/** Splits text into pieces of at most `limit` characters at the places where `cut` cuts. */
export function split(text: string, limit: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > limit) {
    const piece = cut(rest, limit);
    pieces.push(piece);
    rest = rest.slice(piece.length).trimStart();
  }
  if (rest) pieces.push(rest);
  return pieces;
}

/** Text that Discord shows as it is: names of files and headings are not formatting. */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\*_~`|<>[\]()#]/g, '\\$&');

/** Keeps Docent's Markdown, but no word of a document becomes a mention, a custom emoji or a time stamp. */
export const neutralise = (text: string): string => text.replace(/<(?=[@#:/]|a:|t:|id:)/g, '\\<');

const sourceLine = (source: Source, number: number, answer: string, withQuote: boolean): string => {
  const where = [source.document, source.section].filter((part): part is string => !!part);
  const name = escapeMarkdown(shorten(where.join(' › '), maxNameLength * where.length));
  const page = source.page === null ? '' : `, page ${source.page}`;
  const label = source.url && /^https?:\/\/[^\s<>]+$/.test(source.url) ? `[${name}](<${source.url}>)` : name;
  const flat = source.quote.replace(/\s+/g, ' ').trim();
  // The sentence stands in the answer already, most of the time.
  const quote =
    withQuote && flat && !answer.replace(/\s+/g, ' ').includes(flat)
      ? `: «${escapeMarkdown(shorten(flat, maxQuoteLength))}»`
      : '';
  return `-# ${number}. ${label}${page}${quote}`;
};

/** The sources below an answer, in Discord's small print. */
const sourcesText = ({ sources, tone, text }: ReplyContent, withQuotes: boolean): string => {
  if (sources.length === 0) return '';
  const title = tone === 'not-found' ? 'Nearest section' : sources.length === 1 ? 'Source' : 'Sources';
  const lines = sources.slice(0, maxSources).map((source, at) => sourceLine(source, at + 1, text, withQuotes));
  const more = sources.length > maxSources ? [`-# … and ${sources.length - maxSources} more`] : [];
  return [`-# **${title}**`, ...lines, ...more].join('\n');
};

const voteId = (vote: 1 | -1, answerId: string, thread: string): string =>
  `docent:vote:${vote === 1 ? 'up' : 'down'}:${answerId}:${thread}`;

const voteRow = (answerId: string, thread: string): APIActionRowComponent<APIButtonComponentWithCustomId> => ({
  type: ComponentType.ActionRow,
  components: ([1, -1] as const).map((vote) => ({
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    label: vote === 1 ? 'Right' : 'Wrong',
    emoji: { name: vote === 1 ? '👍' : '👎' },
    custom_id: voteId(vote, answerId, thread),
  })),
});

/** What a feedback button says about its answer, or null for somebody else's button. */
export function parseVote(
  customId: string,
): { readonly vote: 1 | -1; readonly answerId: string; readonly thread: string } | null {
  const match = /^docent:vote:(up|down):([^:]+):([^:]+)$/.exec(customId);
  return match ? { vote: match[1] === 'up' ? 1 : -1, answerId: match[2]!, thread: match[3]! } : null;
}

/** Buttons of one row. @see https://discord.com/developers/docs/components/reference#action-row */
const maxRow = 5;

const actionRows = (
  actions: readonly ReplyAction[],
): readonly APIActionRowComponent<APIButtonComponentWithCustomId>[] => {
  const buttons = actions.map(({ kind, subject, label }) => ({
    type: ComponentType.Button as const,
    style: kind === 'reject' || kind === 'stop' ? (ButtonStyle.Secondary as const) : (ButtonStyle.Primary as const),
    label: shorten(label, 80),
    custom_id: `docent:press:${kind}:${subject}`,
  }));
  const rows = Array.from({ length: Math.ceil(buttons.length / maxRow) }, (_, at) =>
    buttons.slice(at * maxRow, (at + 1) * maxRow),
  );
  return rows.map((components) => ({ type: ComponentType.ActionRow, components }));
};

/** What a button of `ReplyContent.actions` says, or null for somebody else's. */
export function parsePress(customId: string): Pick<ReplyAction, 'kind' | 'subject'> | null {
  const [, name, subject] = /^docent:press:(\w+):([^:]+)$/.exec(customId) ?? [];
  const kind = actionKinds.find((known) => known === name);
  return kind && subject ? { kind, subject } : null;
}

export const renderProgress = (text: string, heading = '', actions: readonly ReplyAction[] = []): Payload => ({
  content: cut([heading, neutralise(text) || '…'].filter(Boolean).join('\n'), maxContentLength),
  components: actionRows(actions),
  files: [],
  flags: MessageFlags.SuppressEmbeds,
  allowed_mentions: quiet,
});

/**
 * An answer, list or error line.
 *
 * Up to 2,000 characters it is a plain message; up to 4,000 a Components V2 message (a message that was once V2 stays so,
 * which is why the plain form comes first); what is longer is cut and says so. It stays one message in any case.
 * @param thread key of the conversation, carried by the buttons: a later reply to this message finds its thread there.
 * @param heading a line above the answer, for replies that stand apart from their question.
 */
export function renderReply(content: ReplyContent, thread: string, heading = ''): Payload {
  const body = (content.tone === 'error' ? '⚠️ ' : '') + (neutralise(content.text).trim() || '…');
  const votes = [
    ...(content.answerId ? [voteRow(content.answerId, thread)] : []),
    ...actionRows(content.actions ?? []),
  ];
  const files = content.attachment ? [{ name: content.attachment.name, data: content.attachment.text }] : [];
  for (const withQuotes of [true, false]) {
    const sources = sourcesText(content, withQuotes);
    const whole = [heading, body, sources && `\n${sources}`].filter(Boolean).join('\n');
    if (whole.length <= maxContentLength)
      return { content: whole, components: votes, files, flags: MessageFlags.SuppressEmbeds, allowed_mentions: quiet };
  }
  const sources = sourcesText(content, false);

  const note = `\n*… shortened: Discord shows at most ${maxComponentText.toLocaleString('en')} characters.*`;
  const room = maxComponentText - heading.length - sources.length;
  const text = body.length <= room ? body : cut(body, room - note.length) + note;
  const displays: APITextDisplayComponent[] = [heading, ...split(text, maxContentLength), sources]
    .filter(Boolean)
    .map((part) => ({ type: ComponentType.TextDisplay, content: part }));
  return {
    content: null,
    components: [{ type: ComponentType.Container, components: displays }, ...votes],
    files,
    flags: MessageFlags.IsComponentsV2,
    allowed_mentions: quiet,
  };
}

/** The text of a message, whichever form it has. */
export const textOf = (message: {
  readonly content?: string | null;
  readonly components?: readonly unknown[] | null;
}): string => {
  const parts: string[] = message.content ? [message.content] : [];
  const visit = (component: unknown): void => {
    const { type, content, components } = component as { type?: number; content?: string; components?: unknown[] };
    if (type === ComponentType.TextDisplay && content) parts.push(content);
    for (const child of components ?? []) visit(child);
  };
  for (const component of message.components ?? []) visit(component);
  return parts.join('\n');
};
