import { describe, expect, it } from 'vitest';
import { markdown } from './markdown.ts';

const textOf = async (source: string): Promise<string> =>
  (await markdown.extract({ bytes: Buffer.from(source), name: 'a.md' })).text;

describe('markdown', () => {
  it('reads a long text in parts as it reads a short one', async () => {
    const part =
      '# Rules\n\nSee [the portal][p].\n\n```\n# no heading\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n---\n\nend: of part\n\n---\n\n';
    const short = await textOf(`${part}[p]: https://example.org\n`);
    expect(short).toBe('Rules\nSee the portal.\n# no heading\nA | B\n1 | 2\nend: of part');
    const long = await textOf(`${part.repeat(800)}[p]: https://example.org\n`);
    expect(long).toBe(Array.from({ length: 800 }, () => short).join('\n\n'));
  });

  it('reads HTML inside it, and drops pictures', async () => {
    expect(
      await textOf(
        'Hello<br>there ![logo](x.png)\n\n<details><summary>More</summary><p>Hidden <b>words</b></p></details>',
      ),
    ).toBe('Hello\nthere\nMore\nHidden words');
  });

  it('keeps values of front matter that people ask for', async () => {
    const { title, text } = await markdown.extract({
      bytes: Buffer.from(
        '---\ntitle: "Leave: a guide"\nlayout: page\nvalid from: 2025-01-01\ntags: [a, b]\n---\nText.',
      ),
      name: 'a.md',
    });
    expect([title, text]).toEqual(['Leave: a guide', 'valid from: 2025-01-01\nText.']);
  });
});
