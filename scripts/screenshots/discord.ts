/** Discord's messages as a page: the components and the markup that Docent uses, drawn close to how Discord draws them. */
import type { FakeMessage } from '../../tests/fakes/discord/index.ts';
import { escapeHtml, type Scene } from './page.ts';

interface Component {
  readonly type: number;
  readonly content?: string;
  readonly label?: string;
  readonly style?: number;
  readonly emoji?: { readonly name: string };
  readonly components?: readonly Component[];
}

/** @see https://support.discord.com/hc/en-us/articles/210298617 */
export const markdown = (text: string): string =>
  escapeHtml(text.replace(/\\([*_~`|>#[\]()-])/g, '$1'))
    .replace(/\[([^\]\n]+)\]\((?:&lt;)?(https?:[^\s)]+?)(?:&gt;)?\)/g, '<a>$1</a>')
    .replace(/&lt;@!?(\d+)&gt;/g, '<span class="mention">@docent</span>')
    .replace(/```\n?([\s\S]*?)```/g, '<pre>$1</pre>')
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*\n]+)\*\*/g, '<b>$1</b>')
    .replace(/(^|[\s(])_([^_\n]+)_/g, '$1<i>$2</i>')
    .replace(/^-# (.*)$/gm, '<span class="small">$1</span>')
    .replace(/\n/g, '<br>');

function draw({ type, content, label, style, emoji, components = [] }: Component): string {
  const inner = components.map(draw).join(' ');
  if (type === 1) return `<div>${inner}</div>`;
  if (type === 2) return `<button class="${style === 1 ? 'primary' : ''}">${emoji?.name ?? ''} ${label ?? ''}</button>`;
  if (type === 10) return `<div>${markdown(content ?? '')}</div>`;
  if (type === 17) return `<div class="container">${inner}</div>`;
  throw new Error(`not drawn yet: component ${type}`);
}

export function discordScene(
  title: string,
  messages: readonly { readonly message: FakeMessage; readonly said?: string }[],
): Scene {
  const rows = messages.map(({ message, said }) => {
    const files = message.attachments
      .map(({ filename }) => `<div class="file">📄 ${escapeHtml(filename)}</div>`)
      .join('');
    const body = `<div>${markdown(message.content)}</div>${(message.components as readonly Component[]).map(draw).join('')}${files}`;
    return {
      author: message.author.username,
      isBot: message.author.bot,
      isReply: false,
      body: `${said ? `<div class="small">↩ ${escapeHtml(said)}</div>` : ''}${body}`,
    };
  });
  return { platform: 'discord', title, rows };
}
