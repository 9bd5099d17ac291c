/** A channel with its messages, in the colours of its platform. */
export interface Scene {
  readonly platform: 'slack' | 'discord';
  readonly title: string;
  readonly rows: readonly {
    readonly author: string;
    readonly isBot: boolean;
    readonly isReply: boolean;
    /** HTML. */
    readonly body: string;
  }[];
}

export const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const colours = {
  slack: { back: '#fff', text: '#1d1c1d', small: '#616061', line: '#ddd', primary: '#007a5a', link: '#1264a3' },
  discord: { back: '#313338', text: '#dbdee1', small: '#949ba4', line: '#3f4147', primary: '#5865f2', link: '#00a8fc' },
} as const;

const style = ({ platform }: Scene): string => {
  const { back, text, small, line, primary, link } = colours[platform];
  return `
    body { margin: 0; background: ${back}; color: ${text}; font: 15px/1.46 Lato, "Noto Sans", sans-serif; width: 720px }
    h1 { font-size: 16px; margin: 0; padding: 12px 20px; border-bottom: 1px solid ${line} }
    .row { display: flex; gap: 10px; padding: 8px 20px }
    .reply { margin-left: 46px }
    .face { flex: none; width: 36px; height: 36px; border-radius: ${platform === 'slack' ? 8 : 18}px; color: #fff;
      background: #1d3557; text-align: center; line-height: 36px; font-weight: 700 }
    .person { background: #8d6e63 }
    .name { font-weight: 700 } .tag { font-size: 10px; background: ${line}; border-radius: 3px; padding: 1px 4px; margin-left: 4px }
    .small { color: ${small}; font-size: 13px } a, .mention { color: ${link} }
    button { font: inherit; font-size: 13px; color: ${text}; background: none; border: 1px solid ${line};
      border-radius: 4px; padding: 3px 12px; margin: 4px 4px 0 0 }
    button.primary { background: ${primary}; border-color: ${primary}; color: #fff }
    .votes { margin-top: 4px } .file { border: 1px solid ${line}; border-radius: 8px; padding: 8px 12px; margin-top: 6px; width: max-content }
    .container { border: 1px solid ${line}; border-radius: 8px; padding: 10px 14px }
    pre, code { background: ${line}; border-radius: 4px; padding: 1px 4px } pre { padding: 8px; margin: 4px 0; white-space: pre-wrap }
    hr { border: 0; border-top: 1px solid ${line} } .home { padding: 12px 20px }`;
};

export function page(scene: Scene): string {
  const rows = scene.rows.map(
    ({ author, isBot, isReply, body }) => `
      <div class="row ${isReply ? 'reply' : ''}">
        <div class="face ${isBot ? '' : 'person'}">${author[0]!.toUpperCase()}</div>
        <div><span class="name">${escapeHtml(author)}</span>${isBot ? '<span class="tag">APP</span>' : ''}${body}</div>
      </div>`,
  );
  return `<!doctype html><meta charset="utf-8"><style>${style(scene)}</style><h1>${escapeHtml(scene.title)}</h1>${rows.join('')}<div style="height:12px"></div>`;
}
