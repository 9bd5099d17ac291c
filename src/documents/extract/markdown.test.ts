import { describe, expect, it } from 'vitest';
import { markdown } from './markdown.ts';

const textOf = async (source: string): Promise<string> =>
  (await markdown.extract({ bytes: Buffer.from(source), name: 'a.md' })).text;

describe('markdown', () => {
  it('reads a long text as it reads a short one', async () => {
    const part =
      '# Rules\n\nSee [the portal][p].\n\n```\n# no heading\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n---\n\nend: of part\n\n---\n\n';
    const short = await textOf(`${part}[p]: https://example.org\n`);
    expect(short).toBe('Rules\nSee the portal.\n# no heading\nA | B\n1 | 2\nend: of part');
    const long = await textOf(`${part.repeat(800)}[p]: https://example.org\n`);
    expect(long).toBe(Array.from({ length: 800 }, () => short).join('\n\n'));
  });

  it('reads megabytes of lists and tables whole', async () => {
    const rows = Array.from({ length: 40_000 }, (_, n) => `| city ${n} | ${n} euros |`);
    const lists = Array.from({ length: 40_000 }, (_, n) => `- item ${n}\n\nBetween ${n}.\n`);
    const text = await textOf(`| City | Price |\n|---|---|\n${rows.join('\n')}\n\n${lists.join('\n')}`);
    expect(text).toContain('city 39999 | 39999 euros');
    expect(text.endsWith('- item 39999\nBetween 39999.')).toBe(true);
    expect(text.match(/^- item/gm)).toHaveLength(40_000);
  });

  it('keeps what follows a rule at the very beginning', async () => {
    expect(await textOf('---\n\n# A\n\nfirst\n\n---\n\nlast')).toBe('A\nfirst\nlast');
    expect(await textOf('+++\ntitle = "x"\n+++\n# B\n')).toBe('B');
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
