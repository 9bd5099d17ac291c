import { describe, expect, it } from 'vitest';
import { createTextBuilder } from './extract/builder.ts';
import { passageText } from './passage.ts';
import { buildSections, headingPrefix } from './sections.ts';

/** Words and marks, about what a tokenizer makes of English. */
const countTokens = (text: string): number => text.match(/\w+|[^\s\w]/g)?.length ?? 0;

const sentence = (n: number): string =>
  `Sentence number ${n} says that rule ${n} applies to everybody in hall ${n} of the site.`;
const sentences = (count: number, from = 1): string =>
  Array.from({ length: count }, (_, i) => sentence(from + i)).join(' ');

function textsOf(build: (builder: ReturnType<typeof createTextBuilder>) => void, sizes = {}): string[][] {
  const builder = createTextBuilder();
  build(builder);
  return buildSections(builder.build(), { countTokens, ...sizes }).map((section) =>
    section.passages.map((passage) => passageText(passage.pieces)),
  );
}

describe('headingPrefix', () => {
  it('shows the last two headings, without the document’s title when there are deeper ones', () => {
    expect(headingPrefix(['Handbook', '4 Time off', '4.2 Annual leave'], 'Handbook')).toBe(
      '4 Time off › 4.2 Annual leave: ',
    );
    expect(headingPrefix(['Handbook', '4.2 Annual leave'], 'Handbook')).toBe('4.2 Annual leave: ');
    expect(headingPrefix(['Handbook'], 'Handbook')).toBe('Handbook: ');
    expect(headingPrefix([], 'Handbook')).toBe('Handbook: ');
    expect(headingPrefix([], null)).toBe('');
  });
  it('puts no colon after a question, and shortens what is no heading', () => {
    expect(headingPrefix(['FAQ', 'Who pays?'], null)).toBe('FAQ › Who pays? ');
    expect(headingPrefix(['x'.repeat(200)], null).length).toBeLessThan(90);
  });
});

describe('buildSections', () => {
  it('keeps a section that fits whole, with its heading path', () => {
    expect(
      textsOf((builder) => {
        builder.heading(1, 'Handbook');
        builder.heading(2, '4.2 Annual leave');
        builder.paragraph('Staff accrue 25 days.');
        builder.listItem('-', 'Five carry over.');
      }),
    ).toEqual([['4.2 Annual leave: Staff accrue 25 days.\n- Five carry over.']]);
  });

  it('cuts a long section into even windows at sentence ends, without overlap', () => {
    const [windows] = textsOf((builder) => {
      builder.heading(1, 'Rules');
      builder.paragraph(sentences(30));
    });
    expect(windows!.length).toBeGreaterThan(2);
    const sizes = windows!.map(countTokens);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(160);
    expect(Math.min(...sizes)).toBeGreaterThan(Math.max(...sizes) / 2);
    for (const window of windows!) expect(window).toMatch(/^Rules: Sentence number .* of the site\.$/);
    expect(windows!.join(' ').match(/Sentence number/g)).toHaveLength(30);
  });

  it('prefers to cut between paragraphs', () => {
    const [windows] = textsOf((builder) => {
      builder.heading(1, 'Rules');
      builder.paragraph(sentences(6));
      builder.paragraph(sentences(8, 7));
    });
    expect(windows).toEqual([`Rules: ${sentences(6)}`, `Rules: ${sentences(8, 7)}`]);
  });

  it('keeps a list with its lead-in, and repeats the lead-in where the list goes on', () => {
    const [windows] = textsOf((builder) => {
      builder.heading(1, 'Rules');
      builder.paragraph(sentences(5));
      builder.paragraph('Bring the following to every inspection:');
      for (let i = 1; i <= 12; i++) builder.listItem('-', sentence(i));
    });
    const first = windows!.findIndex((window) => window.includes('Bring the following'));
    expect(windows![first]).toMatch(/Bring the following to every inspection:\n- Sentence number 1 /);
    expect(windows!.length).toBeGreaterThan(first + 1);
    for (const window of windows!.slice(first + 1))
      expect(window).toMatch(/^Rules: Bring the following to every inspection:\n- Sentence/);
  });

  it('cuts a sentence only when it is too long by itself', () => {
    const endless = `${Array.from({ length: 400 }, (_, i) => `clause ${i}`).join(', ')}.`;
    const [windows] = textsOf((builder) => builder.paragraph(endless));
    expect(windows!.length).toBeGreaterThan(4);
    for (const window of windows!) expect(countTokens(window)).toBeLessThanOrEqual(160);
    expect(windows!.join(' ')).toBe(endless);
  });

  it('reads a table row by row with its header, groups rows and repeats the lead-in', () => {
    const [windows] = textsOf((builder) => {
      builder.heading(1, 'Travel');
      builder.paragraph('Daily allowances by country:');
      builder.table({
        header: ['Country', 'Allowance', 'Hotel'],
        rows: Array.from({ length: 30 }, (_, i) => [`Land ${i}`, `${i} €`, i % 2 ? '' : `${100 + i} €`]),
      });
    });
    expect(windows!.length).toBeGreaterThan(2);
    expect(windows![0]).toMatch(
      /^Travel: Daily allowances by country:\nCountry: Land 0; Allowance: 0 €; Hotel: 100 €\.\n/,
    );
    expect(windows![0]).toContain('Country: Land 1; Allowance: 1 €.\n');
    for (const window of windows!) {
      expect(window).toMatch(/^Travel: Daily allowances by country:\nCountry: Land/);
      expect(countTokens(window)).toBeLessThanOrEqual(140);
    }
  });

  it('shows a table without a header as it stands', () => {
    expect(
      textsOf((builder) => {
        builder.heading(1, 'Contact');
        builder.table({
          header: [],
          rows: [
            ['Name', 'Ola Berg'],
            ['Role', 'Officer'],
          ],
        });
      }),
    ).toEqual([['Contact: Name | Ola Berg\nRole | Officer']]);
  });

  it('cuts a row that is too wide, with its first cell as key', () => {
    const header = ['Product', ...Array.from({ length: 40 }, (_, i) => `Property ${i}`)];
    const [windows] = textsOf((builder) => {
      builder.table({ header, rows: [['TP-100', ...header.slice(1).map((_, i) => `value ${i}`)]] });
    });
    expect(windows!.length).toBeGreaterThan(1);
    for (const window of windows!) expect(window).toMatch(/^Product: TP-100; Property/);
  });

  it('cuts a cell of a page', () => {
    const [windows] = textsOf((builder) => {
      builder.table({
        header: ['Id', 'Notes'],
        rows: [
          ['1', sentences(40)],
          ['2', 'short'],
        ],
      });
    });
    for (const window of windows!) expect(countTokens(window)).toBeLessThanOrEqual(200);
    expect(windows!.join(' ').match(/Sentence number/g)).toHaveLength(40);
  });

  it('makes no section of a heading that only holds headings, and one of a heading with nothing below', () => {
    const builder = createTextBuilder();
    builder.heading(1, 'Deck');
    builder.heading(2, 'Part one');
    builder.heading(3, 'Revenue grew by 12 %');
    builder.heading(2, 'Part two');
    builder.paragraph('Text.');
    const sections = buildSections(builder.build(), { countTokens });
    expect(sections.map((section) => section.path)).toEqual([
      ['Deck', 'Part one', 'Revenue grew by 12 %'],
      ['Deck', 'Part two'],
    ]);
    const [piece, heading] = sections[0]!.passages[0]!.pieces;
    expect(piece).toEqual({ text: 'Part one: ' });
    expect(heading).toMatchObject({ text: 'Revenue grew by 12 %', start: expect.any(Number) });
  });

  it('names a table in the passage unless the text does', () => {
    const build = (caption: boolean) =>
      textsOf((builder) => {
        builder.heading(1, 'Costs');
        if (caption) builder.paragraph('Parking fees');
        builder.table({ header: ['Zone', 'Fee'], rows: [['A', '3 €']], name: 'Parking fees' });
      });
    expect(build(false)).toEqual([['Costs: Parking fees: Zone: A; Fee: 3 €.']]);
    expect(build(true)).toEqual([['Costs: Parking fees\nZone: A; Fee: 3 €.']]);
  });

  it('gives nothing for nothing', () => expect(textsOf(() => undefined)).toEqual([]));
});
