/** Every fixture through the real child process, with what each format must keep, and what holds for all of them. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanText } from '../src/documents/extract/builder.ts';
import type { TableBlock } from '../src/documents/extract/contract.ts';
import { createExtractor, type ExtractedFile } from '../src/documents/extract/index.ts';
import { passageText } from '../src/documents/passage.ts';
import { buildSections } from '../src/documents/sections.ts';

const folder = fileURLToPath(new URL('./fixtures/documents/', import.meta.url));
const refused = /^(encrypted|scan|picture|protected|truncated|login)\./;
const readable = readdirSync(folder).filter((name) => !refused.test(name));
const countTokens = (text: string): number => text.match(/\w+|[^\s\w]/g)?.length ?? 0;

const extractor = createExtractor({ timeoutSeconds: 60, maxBytes: 10 * 1024 * 1024 });
const files = new Map<string, ExtractedFile>();
beforeAll(async () => {
  for (const name of readable) files.set(name, await extractor.extract({ filePath: `${folder}${name}`, name }));
});
afterAll(() => extractor.stop());

const passagesOf = (name: string): string[] =>
  buildSections(files.get(name)!, { countTokens }).flatMap((section) =>
    section.passages.map((passage) => passageText(passage.pieces)),
  );
const tablesOf = (name: string): string[][][] => {
  const { text, blocks } = files.get(name)!;
  const show = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
  return blocks
    .filter((block): block is TableBlock => block.kind === 'table')
    .map((table) => [table.header.map(show), ...table.rows.map((row) => row.map(show))]);
};
const headingsOf = (name: string): string[] => {
  const { text, blocks } = files.get(name)!;
  return blocks.flatMap((block) => (block.kind === 'heading' ? [text.slice(block.start, block.end)] : []));
};

describe('formats', () => {
  it.each([
    ['handbook.md', 'markdown', 'Northwind Employee Handbook', null],
    ['server-room.txt', 'text', 'SERVER ROOM ACCESS POLICY', null],
    ['benefits.html', 'html', 'Benefits', null],
    ['safety-manual.pdf', 'pdf', 'Warehouse safety manual', 3],
    ['onboarding.docx', 'docx', 'Onboarding guide', null],
    ['rates.xlsx', 'xlsx', 'Freight rates', null],
    ['roadmap.pptx', 'pptx', 'Roadmap 2025', 3],
    ['inventory.csv', 'csv', null, null],
    ['services.tsv', 'csv', null, null],
    ['service.json', 'json', 'Label service', null],
    ['outage.eml', 'eml', 'Planned outage on 14 March – label printing', null],
    ['calendar.ics', 'ics', 'Northwind company calendar', null],
  ])('%s is read as %s', (name, format, title, pages) => {
    expect(files.get(name)).toMatchObject({ format, title, pages });
  });

  it('Markdown loses its markup and keeps lists, code, tables and front matter', () => {
    const { text } = files.get('handbook.md')!;
    expect(text).toContain('Questions go to People Operations.');
    expect(text).toContain('employees of Northwind Logistics Ltd. and');
    expect(text).toContain('owner: People Operations\nversion: 3.2');
    expect(text).toContain(
      '1. Open People › Time off in the portal.\n2. Choose the dates and a substitute.\n  - The substitute',
    );
    expect(text).toContain('\ntravel book --from HAM --to CDG\n');
    expect(text).toContain('\nGermany | 28 € | 120 €\n');
    expect(text).not.toMatch(/\*\*|\]\(|```|layout/);
    expect(headingsOf('handbook.md')).toEqual([
      'Northwind Employee Handbook',
      '1 Working time',
      '1.1 Core hours',
      '1.2 Overtime',
      '2 Time off',
      '2.1 Annual leave',
      '2.2 Sick leave',
      '3 Travel',
    ]);
  });

  it('plain text: underlined, capital and numbered headings, lists, wrapped lines, columns', () => {
    expect(headingsOf('server-room.txt')).toEqual([
      'SERVER ROOM ACCESS POLICY',
      '1. PURPOSE',
      '2. Access rights',
      '2.1 Visitors',
      '3. In case of an alarm',
      'Contacts',
    ]);
    const { text } = files.get('server-room.txt')!;
    expect(text).toContain('in building C and what has to be written down.');
    expect(text).toContain(
      '- auditors with a badge of category A, who must be announced at least two working days before',
    );
    expect(text).toContain('2) Call the emergency number 0800 555 0199.');
    expect(text).toContain('Night desk:        desk@northwind.example         ext. 4400');
  });

  it('HTML: the document without the page around it, tables with spans, lists, definitions', () => {
    const { text } = files.get('benefits.html')!;
    expect(text).not.toMatch(/do-not-read-me|Intranet|News/);
    expect(text).toContain('after six months.');
    expect(text).toContain('up to 5 % of gross salary.\nChanges');
    expect(tablesOf('benefits.html')).toEqual([
      [
        ['Zone', '2025 Price', '2025 Own share'],
        ['A', '89.00 €', '20.00 €'],
        ['AB', '112.50 €', '25.00 €'],
        ['ABC', '154.00 €', '30.00 €'],
        ['ABC', '162.00 € with bicycle', '38.00 €'],
      ],
    ]);
    expect(text).toContain(
      '2. a copy of your contract, and\n  - for part-timers: the working-time plan\n3. your bank details.',
    );
    expect(text).toContain('Benefits desk: room 2.114, extension 4480');
    expect(text).toContain('IBAN  DE02 1203 0000 0000 2020 51\nBIC   BYLADEM1001');
  });

  it('PDF: headings by size, running lines dropped, hyphens joined, tables, pages', () => {
    const { text, blocks } = files.get('safety-manual.pdf')!;
    expect(headingsOf('safety-manual.pdf')).toEqual([
      'Warehouse safety manual',
      '1 Forklifts',
      '1.1 Inspection before each shift',
      '2 Loads',
      '3 Emergencies',
      '4 Contacts',
    ]);
    expect(text).not.toMatch(/Northwind Logistics –|Page \d/);
    expect(text).toContain('Trucks that are out of operation are marked');
    expect(text).toContain('Use the self-service terminal to book');
    expect(text).toContain('with the mast lowered and the parking brake set, and never while the engine is running');
    expect(tablesOf('safety-manual.pdf')).toEqual([
      [
        ['Rack', 'Levels', 'Load per level', 'Inspected'],
        ['R-12', '4', '1,200 kg', 'March 2025'],
        ['R-14', '5', '900 kg', 'January 2025'],
        ['R-20', '3', '2,500 kg', 'May 2024'],
      ],
    ]);
    const pageOf = (words: string): number | undefined =>
      blocks.find((block) => text.slice(block.start, block.end).includes(words))?.page;
    expect([pageOf('class F2'), pageOf('assembly point'), pageOf('Near misses')]).toEqual([1, 2, 3]);
  });

  it('Word: styles and bold lines as headings, numbered lists, tables', () => {
    expect(headingsOf('onboarding.docx')).toEqual([
      'Onboarding guide',
      'First day',
      'Equipment',
      'Laptops',
      'Phones and SIM cards',
      'Accounts',
    ]);
    const { text } = files.get('onboarding.docx')!;
    expect(text).toContain('at 8:45 a.m. Your badge');
    expect(text).toContain('2. Set a password of at least 14 characters.');
    expect(tablesOf('onboarding.docx')[0]).toEqual([
      ['Model', 'Memory', 'For whom'],
      ['Aurora 14', '32 GB', 'developers, data team'],
      ['Borealis 13', '16 GB', 'everybody else'],
    ]);
  });

  it('Excel: numbers and dates as people see them, merged cells, remarks, no hidden sheets', () => {
    const { text, warnings } = files.get('rates.xlsx')!;
    expect(tablesOf('rates.xlsx')[0]).toEqual([
      ['Region', 'Lane', 'Rate', 'Fuel surcharge', 'Valid until'],
      ['North', 'Hamburg–Oslo', '1,250.00 €', '18.5%', '31/12/2025'],
      ['North', 'Hamburg–Malmö', '780.50 €', '16.0%', '30/09/2025'],
      ['South', 'Munich–Milan', '1,410.00 €', '19.0%', '31/03/2026'],
    ]);
    expect(text).toContain('Freight rates 2025, valid from 1 April');
    expect(text).toContain('Rates include loading and two hours of waiting time.');
    expect(text).toContain('15 | Ola Berg | Jun Park | 2025-04-07');
    expect(text).not.toContain('do-not-read-me');
    expect(warnings).toEqual(['1 hidden sheet was not read']);
  });

  it('PowerPoint: slides in the order of the show, bullets, tables, notes, no furniture', () => {
    expect(headingsOf('roadmap.pptx')).toEqual(['Roadmap 2025', 'Label service moves to Oslo in Q3', 'Slide 3']);
    const { text } = files.get('roadmap.pptx')!;
    expect(text).toContain('- Costs: 84,000 €\n  - of which 30,000 € for hardware\n- Owner: Jun Park & Marta Lind');
    expect(text).toContain('standby until December.');
    expect(text).not.toContain('99');
    expect(tablesOf('roadmap.pptx')[0]![0]).toEqual(['Milestone', 'Date', 'Status']);
  });

  it('CSV and TSV: delimiter, byte-order mark, quotes, empty cells', () => {
    expect(tablesOf('inventory.csv')[0]![0]).toEqual(['SKU', 'Product', 'Price', 'Stock', 'Supplier']);
    expect(passagesOf('inventory.csv')[0]).toContain(
      'SKU: TP-100; Product: Thermal printer; 4 inch; Price: 189,00 €; Stock: 42',
    );
    expect(passagesOf('inventory.csv')[0]).toContain(
      'SKU: SC-9; Product: Barcode scanner; Stock: 15; Supplier: Zebra.',
    );
    expect(tablesOf('services.tsv')[0]![1]).toEqual([
      'billing',
      'Marta Lind',
      'https://wiki.northwind.example/billing',
      '99.95 %',
    ]);
  });

  it('JSON: keys as headings and lines, like objects as tables', () => {
    expect(headingsOf('service.json')).toEqual(['limits', 'environments', 'alerts']);
    expect(files.get('service.json')!.text).toContain('port: 8443\nmaintainers: Jun Park, Marta Lind');
    expect(tablesOf('service.json')[0]![2]).toEqual(['production', 'labels.northwind.example', '6']);
  });

  it('mail: who, when, subject, body', () => {
    const { text } = files.get('outage.eml')!;
    expect(text).toContain('From: Marta Lind <marta.lind@northwind.example>\nTo: All staff');
    expect(text).toContain('Date: Mon, 3 Mar 2025 09:15:00 +0100');
    expect(text).toContain('The new printers in hall 4 need firmware 7.2.');
  });

  it('calendar: events with times and places', () => {
    const { text } = files.get('calendar.ics')!;
    expect(text).toContain('Begins: 2025-06-12 14:00 (Europe/Berlin)');
    expect(text).toContain('Place: Canteen, building A');
    expect(text).toContain('The recording is kept for 30 days.');
  });
});

describe.each(readable)('%s', (name) => {
  const file = (): ExtractedFile => files.get(name)!;
  const sizes = [{}, { maxTokens: 70, wholeTokens: 80 }];

  it('has clean text and blocks in order that point into it', () => {
    const { text, blocks } = file();
    expect(cleanText(text)).toBe(text);
    let last = 0;
    for (const block of blocks) {
      expect(block.start).toBeGreaterThanOrEqual(last);
      expect(block.end).toBeGreaterThan(block.start);
      expect(text.slice(last, block.start)).toMatch(/^\s*$/);
      last = block.end;
      if (block.kind !== 'table') expect(text.slice(block.start, block.end).trim()).not.toBe('');
      else
        for (const cell of [...block.header, ...block.rows.flat()]) {
          expect(cell.start).toBeGreaterThanOrEqual(block.start);
          expect(cell.end).toBeLessThanOrEqual(block.end);
        }
    }
    expect(last).toBe(text.length);
  });

  it.each(sizes)('pieces with offsets are exact slices, and touch only where the document does (%o)', (size) => {
    const { text } = file();
    for (const section of buildSections(file(), { countTokens, ...size }))
      for (const { pieces, start, end } of section.passages)
        pieces.forEach((piece, index) => {
          expect(piece.text).not.toBe('');
          if (piece.start === undefined) return;
          expect(text.slice(piece.start, piece.end)).toBe(piece.text);
          expect(piece.start).toBeGreaterThanOrEqual(start);
          expect(piece.end).toBeLessThanOrEqual(end);
          const before = pieces[index - 1];
          if (before?.start !== undefined) expect(before.end).toBe(piece.start);
        });
  });

  it.each(sizes)('every word stands in exactly one passage, headings in their paths (%o)', (size) => {
    const { text, blocks } = file();
    const covered = new Uint8Array(text.length);
    const sections = buildSections(file(), { countTokens, ...size });
    for (const { pieces } of sections.flatMap((section) => section.passages))
      for (const { start, end } of pieces) for (let at = start ?? 0; at < (end ?? 0); at++) covered[at]!++;
    const all = sections.flatMap((section) => section.passages.map(({ pieces }) => passageText(pieces))).join('\n');
    const expectOnce = ({ start, end }: { start: number; end: number }): void => {
      for (let at = start; at < end; at++) if (/\S/.test(text[at]!)) expect([at, covered[at]]).toEqual([at, 1]);
    };
    for (const block of blocks) {
      if (block.kind === 'heading') {
        const heading = text.slice(block.start, block.end);
        expect(sections.some((section) => section.path.includes(heading))).toBe(true);
      } else if (block.kind === 'table') {
        block.rows.flat().forEach(expectOnce);
        for (const { start, end } of block.header) expect(all).toContain(text.slice(start, end));
      } else expectOnce(block);
    }
  });

  it.each(sizes)('no passage is longer than a reader should get (%o)', (size) => {
    const limit = Math.max(size.wholeTokens ?? 200, 60 + 40 + 30);
    for (const section of buildSections(file(), { countTokens, ...size }))
      for (const { pieces } of section.passages)
        expect(countTokens(passageText(pieces))).toBeLessThanOrEqual(limit + 20);
  });
});

it('reads the same from bytes, whatever the name says', async () => {
  const bytes = await readFile(`${folder}safety-manual.pdf`);
  const file = await extractor.extract({ bytes, name: 'notes.txt' });
  expect(file).toEqual(files.get('safety-manual.pdf'));
});
