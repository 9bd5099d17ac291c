/** Slack's messages as a page: the blocks and the markup that Docent uses, drawn close to how Slack draws them. */
import type { FakeMessage } from '../../tests/fakes/slack/index.ts';
import { escapeHtml, type Scene } from './page.ts';

type Block = Readonly<Record<string, unknown>>;
const emoji: Readonly<Record<string, string>> = { hourglass: '⏳', warning: '⚠️' };

/** @see https://docs.slack.dev/messaging/formatting-message-text; the text comes escaped */
export const mrkdwn = (text: string): string =>
  text
    .replace(/<(https?:[^|>]+)\|([^>]*)>/g, '<a>$2</a>')
    .replace(/<@(\w+)>/g, '<span class="mention">@docent</span>')
    .replace(/<#(\w+)>/g, '<span class="mention">#$1</span>')
    .replace(/:(\w+):/g, (whole, name: string) => emoji[name] ?? whole)
    .replace(/```\n?([\s\S]*?)```/g, '<pre>$1</pre>')
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replace(/(^|[\s(])\*([^*\n]+)\*/g, '$1<b>$2</b>')
    .replace(/(^|[\s(])_([^_\n]+)_/g, '$1<i>$2</i>')
    .replace(/\n/g, '<br>');

const labelOf = (button: Block): string => escapeHtml((button.text as { text: string }).text);

function block(given: Block): string {
  const elements = (given.elements ?? []) as readonly Block[];
  switch (given.type) {
    case 'section':
      return `<div>${mrkdwn((given.text as { text: string }).text)}</div>`;
    case 'context':
      return `<div class="small">${elements.map(({ text }) => mrkdwn(String(text))).join('<br>')}</div>`;
    case 'divider':
      return '<hr>';
    case 'actions':
      return `<div>${elements.map((one) => `<button class="${one.style ?? ''}">${labelOf(one)}</button>`).join(' ')}</div>`;
    case 'context_actions':
      return '<div class="votes">👍 &nbsp; 👎</div>';
    default:
      throw new Error(`not drawn yet: ${given.type}`);
  }
}

export const slackBlocks = (blocks: readonly Block[] = []): string => blocks.map(block).join('');

/** @param names of the people by their id */
export function slackScene(
  title: string,
  messages: readonly FakeMessage[],
  names: Readonly<Record<string, string>>,
): Scene {
  const rows = messages.map((message) => {
    const isBot = !!message.bot_id;
    const files = (message.files ?? [])
      .map(({ name }) => `<div class="file">📄 ${escapeHtml(String(name))}</div>`)
      .join('');
    const body = message.blocks
      ? slackBlocks(message.blocks as readonly Block[])
      : `<div>${mrkdwn(message.text)}</div>`;
    return { author: names[message.user] ?? message.user, isBot, isReply: !!message.thread_ts, body: body + files };
  });
  return { platform: 'slack', title, rows };
}
