/**
 * Turns Slack's messages and commands into the contract's. Knows Slack's structures; must not know what is answered or
 * how.
 */
import type { IncomingCommand, IncomingMessage, IncomingTeaching, Place } from '../contract.ts';
import type { Directory } from './directory.ts';
import { type Files, isGone, isMedia } from './files.ts';
import { unescapeText } from './render.ts';
import type { CommandTarget, MessageTarget } from './targets.ts';
import { type SlackCommand, type SlackMessage, timeOfTs } from './wire.ts';

/** What people write; everything else is Slack's own news about the channel. */
const humanSubtypes: ReadonlySet<string> = new Set(['file_share', 'thread_broadcast', 'me_message']);
/** In a direct message, what follows within half an hour belongs to the same talk. */
const sameTalkMs = 30 * 60_000;
const maxTalks = 5_000;

/** What follows `/docent` → the contract's command. */
export const commandNames: Readonly<Record<string, IncomingCommand['name']>> = {
  help: 'help',
  documents: 'documents',
  status: 'status',
  retrain: 'retrain',
  feedback: 'feedback',
  policy: 'policy',
  backfill: 'backfill',
  export: 'export',
  'forget-me': 'forget',
};
/** As it was called before. */
const olderNames: typeof commandNames = { forget: 'forget' };

/** Somebody chose a shortcut of this message. */
export interface MessageShortcut {
  readonly message: SlackMessage;
  readonly userId: string;
  readonly triggerId: string;
  readonly permalink: string | null;
}

export interface Inbound {
  key(message: SlackMessage): string;
  isSelf(userId: string): boolean;
  /** Whether this message is for the bot as far as it tells itself: a mention, or a direct message. */
  isCall(message: SlackMessage): boolean;
  /** null: not for the bot (own and bots' messages, Slack's news, talk among people). */
  message(message: SlackMessage, isOwnThread: (place: Place) => Promise<boolean>): Promise<IncomingMessage | null>;
  command(command: SlackCommand): Promise<IncomingCommand>;
  /** “Ask Docent about this”: the message is the question of the one who chose it. */
  askAbout(shortcut: MessageShortcut): Promise<IncomingMessage>;
  /** “Teach this to Docent”. */
  teach(shortcut: MessageShortcut): Promise<IncomingTeaching>;
  /** What a message says, without Slack's markup. */
  textOf(message: SlackMessage): Promise<string>;
  /** Exactly-once key of something that is no message. */
  keyOf(what: string): string;
  /** A reply that the channel sees in this thread. */
  threadTarget(channel: string, thread: string, user: string): MessageTarget;
}

export function createInbound({
  directory,
  files,
  botUserId,
  boot,
}: {
  readonly directory: Directory;
  readonly files: Files;
  readonly botUserId: string;
  readonly boot: string;
}): Inbound {
  const { workspace } = directory;
  const mention = new RegExp(`<@${botUserId}(\\|[^>]*)?>`, 'g');
  const talks = new Map<string, { readonly thread: string; readonly at: number }>();

  const key = ({ channel, ts }: SlackMessage): string => `slack:${workspace.externalId}:${channel}:${ts}`;
  const isDirect = ({ channel, channel_type: type }: SlackMessage): boolean => type === 'im' || channel.startsWith('D');
  const mentionsBot = (text: string): boolean => text.search(mention) >= 0;

  const isHuman = (message: SlackMessage): boolean =>
    !message.hidden &&
    !message.bot_id &&
    message.user !== undefined &&
    message.user !== botUserId &&
    message.user !== 'USLACKBOT' &&
    (message.subtype === undefined || humanSubtypes.has(message.subtype));

  /** Key of the conversation: the thread, or in a direct message the talk that goes on without threads. */
  const threadOf = (message: SlackMessage): string => {
    if (message.thread_ts) return message.thread_ts;
    if (!isDirect(message)) return message.ts;
    const at = timeOfTs(message.ts);
    const talk = talks.get(message.channel);
    const thread = talk && Math.abs(at - talk.at) < sameTalkMs ? talk.thread : message.ts;
    talks.delete(message.channel);
    talks.set(message.channel, { thread, at });
    const oldest = talks.size > maxTalks ? talks.keys().next().value : undefined;
    if (oldest !== undefined) talks.delete(oldest);
    return thread;
  };

  /** People's words without the bot's name, with other names spelled out instead of ids. */
  const spokenText = async (raw: string): Promise<string> => {
    let text = raw.replace(mention, ' ');
    for (const [whole, id] of [...text.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g)])
      text = text.replace(whole, `@${await directory.nameOf(id!)}`);
    text = text
      .replace(/<#[CG][A-Z0-9]+\|([^>]*)>/g, '#$1')
      .replace(/<!subteam\^[A-Z0-9]+\|([^>]*)>/g, '$1')
      .replace(/<!(here|channel|everyone)(?:\|[^>]*)?>/g, '@$1')
      .replace(/<((?:https?|mailto):[^|>]+)\|([^>]*)>/g, '$2')
      .replace(/<((?:https?|mailto):[^>]+)>/g, '$1');
    return unescapeText(text)
      .replace(/[^\S\n]+/g, ' ')
      .trim();
  };

  const keyOf = (what: string): string => `slack:${workspace.externalId}:${what}`;
  const threadTarget = (channel: string, thread: string, user: string): MessageTarget => ({
    platform: 'slack',
    kind: 'message',
    team: workspace.externalId,
    boot,
    channel,
    thread,
    user,
  });

  return {
    key,
    isSelf: (userId) => userId === botUserId,
    keyOf,
    threadTarget,
    isCall: (message) => isHuman(message) && (isDirect(message) || mentionsBot(message.text ?? '')),

    async message(message, isOwnThread) {
      if (!isHuman(message)) return null;
      const text = message.text ?? '';
      const called = isDirect(message) || mentionsBot(text);
      const shared = (message.files ?? []).filter((file) => !isGone(file) && (called || !isMedia(file)));
      // Most of a channel's talk ends here, before Slack is asked anything.
      if (!called && shared.length === 0 && !message.thread_ts) return null;

      const place = await directory.place(message.channel, threadOf(message));
      // In its own thread the bot is spoken to without being named, unless somebody else is.
      const followsUp =
        !called && message.thread_ts !== undefined && !/<@[UW]/.test(text) && (await isOwnThread(place));
      if (!called && !followsUp && shared.length === 0) return null;

      const target = threadTarget(message.channel, message.thread_ts ?? message.ts, message.user!);
      return {
        key: key(message),
        place,
        person: await directory.person(message.user!),
        text: await spokenText(text),
        files: shared.map(files.fileOf),
        addressed: called || followsUp,
        target,
      };
    },

    textOf: (message) => spokenText(message.text ?? ''),

    async askAbout({ message, userId, triggerId }) {
      const thread = message.thread_ts ?? message.ts;
      return {
        key: keyOf(`ask:${triggerId}`),
        place: await directory.place(message.channel, thread),
        person: await directory.person(userId),
        text: await spokenText(message.text ?? ''),
        files: [],
        addressed: true,
        target: threadTarget(message.channel, thread, userId),
      };
    },

    async teach({ message, userId, triggerId, permalink }) {
      const thread = message.thread_ts ?? message.ts;
      return {
        key: keyOf(`teach:${triggerId}`),
        place: await directory.place(message.channel, thread),
        person: await directory.person(userId),
        message: {
          key: key(message),
          text: await spokenText(message.text ?? ''),
          url: permalink,
          at: new Date(timeOfTs(message.ts)),
        },
        files: (message.files ?? []).filter((file) => !isGone(file) && !isMedia(file)).map(files.fileOf),
        target: threadTarget(message.channel, thread, userId),
      };
    },

    async command(command) {
      const [first = '', ...rest] = command.text.trim().split(/\s+/);
      const known = { ...olderNames, ...commandNames };
      const word = first.toLowerCase();
      const name = Object.hasOwn(known, word) ? known[word] : undefined;
      const target: CommandTarget = {
        platform: 'slack',
        kind: 'command',
        team: workspace.externalId,
        responseUrl: command.response_url,
        user: command.user_id,
      };
      return {
        key: keyOf(`command:${command.trigger_id}`),
        name: name ?? 'help',
        place: await directory.place(command.channel_id, `command:${command.trigger_id}`),
        person: await directory.person(command.user_id),
        text: name ? rest.join(' ') : command.text.trim(),
        files: [],
        target,
      };
    },
  };
}
