/**
 * Made-up tables, put into passages by the code that does it for uploaded ones, with questions for a cell, for the row
 * that has a value, and for rows and columns that are not there.
 */
import { createTextBuilder } from '../../../src/documents/extract/builder.ts';
import type { TableBlock } from '../../../src/documents/extract/contract.ts';
import type { Made } from '../../../src/learn/rules/question.ts';
import { asQuestion } from '../../../src/learn/rules/words.ts';
import type { Random } from '../../../src/random.ts';
import { type BusinessDocument, type BusinessPassage, cutDocument } from './documents.ts';
import { type Column, type Domain, domains } from './table-domains.ts';

export interface TableExample {
  readonly document: BusinessDocument;
  readonly passage: BusinessPassage;
  readonly questions: readonly Made[];
}

const fill = (template: string, row: string, value = ''): string =>
  template.replaceAll('{r}', () => row).replaceAll('{v}', () => value);
const small = (text: string): string =>
  /^[A-Z][a-z]+(?: [a-z].*)?$/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;

/** Names of people, places and products stay large. */
const proper = new Set(['office', 'country', 'plan', 'room', 'product', 'level', 'day', 'service', 'department']);
const inSentence = (name: string, { key }: Domain): string => (proper.has(key.noun) ? name : small(name));

/** Headers that are no name of what stands under them. */
const unnamed =
  /^(?:has|for|per|open|opens|closed on|up to|morning|evening|can .*|who .*|kept for|.* within|stored in|paid.*|.* since|backed up|.* after|.* by|starts|notify|escalate to|target|update every|collected on|per day|per month|hours|since .*|logged out.*|invites.*|after .*|from year.*|request ahead|.* up to|in stock|carried over|viewer.*|editor.*|admin.*|early shift|late shift|lunch)$/i;

function wordings(column: Column, header: string, row: string, domain: Domain, random: Random): string {
  const name = inSentence(row, domain);
  const label = small(header);
  const nominal = !unnamed.test(header);
  if (random.chance(0.62)) return asQuestion(fill(random.pick(column.ask), name));
  return asQuestion(
    random.pick([
      ...(nominal
        ? [`what is the ${label} of ${name}`, `what is the ${label} for ${name}`, `tell me the ${label} of ${name}`]
        : []),
      `${label} for ${name}`,
      `${name} ${label}`,
      `${header} ${row}`,
      `what does the table say about ${name}: ${label}`,
      `${name}: ${label}`,
    ]),
  );
}

const asNumber = (text: string): number | null => {
  const match = /\d[\d,]*(?:\.\d+)?/.exec(text);
  return match ? Number(match[0].replace(/,/g, '')) : null;
};

export function makeTable(random: Random): TableExample[] {
  const domain = random.pick(domains);
  const { key } = domain;
  const columns = random.shuffled(domain.columns).slice(0, random.between(1, Math.min(5, domain.columns.length)));
  const rowCount = random.between(3, Math.min(10, key.names.length - 2));
  const names = random.shuffled(key.names);
  const rows = names.slice(0, rowCount);
  if (key.noun === 'day') rows.sort((a, b) => key.names.indexOf(a) - key.names.indexOf(b));
  const absentRows = names.slice(rowCount, rowCount + 3);
  const keyHeader = random.pick(key.headers);
  const headers = columns.map((column) => random.pick(column.headers));
  const makers = columns.map((column) => column.cells(random));
  const cells = rows.map((row) => makers.map((make) => make(row)));
  const [title, section] = [random.pick(domain.titles), random.pick(domain.sections)];
  const builder = createTextBuilder();
  builder.heading(1, title);
  if (random.chance(0.8)) builder.heading(2, section);
  if (random.chance(0.35)) builder.paragraph(random.pick(domain.intros));
  builder.table({
    header: [keyHeader, ...headers],
    rows: rows.map((row, i) => [row, ...cells[i]!]),
    ...(random.chance(0.2) ? { name: section } : {}),
  });
  const document = cutDocument(builder.build());
  const table = document.passages
    .flatMap(({ blocks }) => blocks)
    .find((block): block is TableBlock => block.kind === 'table');
  const rowsOf = (passage: BusinessPassage): number[] =>
    rows.flatMap((_, i) =>
      passage.pieces.some(
        ({ start, text }) => start !== undefined && text === rows[i] && document.text.startsWith(rows[i]!, start),
      )
        ? [i]
        : [],
    );

  return document.passages.map((passage) => {
    const present = rowsOf(passage);
    /** Where a cell stands: found by walking the row's pieces, as the table itself may be cut over passages. */
    const place = (row: number, column: number): readonly [number, number] | null => {
      if (table) {
        const cell = table.rows[row]?.[column];
        return cell ? [cell.start, cell.end] : null;
      }
      const quoted = passage.pieces.filter((piece) => piece.start !== undefined);
      const at = quoted.findIndex(
        (piece, index) => piece.text === rows[row] && quoted[index + 1]?.text === cells[row]![0],
      );
      const piece = quoted[at + column];
      return at < 0 || !piece ? null : [piece.start!, piece.end!];
    };
    const made: Made[] = [];
    const add = (form: Made['form'], question: string, spans: readonly (readonly [number, number] | null)[]) => {
      if (!spans.includes(null))
        made.push({ kind: 'table', question, form, spans: spans as readonly [number, number][] });
    };
    if (present.length === 0) return { document, passage, questions: [] };
    for (const row of random.shuffled(present).slice(0, 4)) {
      const column = random.between(0, columns.length - 1);
      const [header, value] = [headers[column]!, cells[row]![column]!];
      const span = place(row, column + 1);
      const polar = /^(?:Yes|No|None|Unlimited|Never|Always)$/.test(value);
      if (/^(?:Yes|No)$/.test(value))
        add(
          value === 'Yes' ? 'yes' : 'no',
          asQuestion(fill(random.pick(columns[column]!.ask), inSentence(rows[row]!, domain))),
          [span],
        );
      else add('span', wordings(columns[column]!, header, rows[row]!, domain, random), [span]);
      if (polar || !random.chance(0.45) || unnamed.test(header)) continue;
      // Is it that value?
      const others = cells.map((line) => line[column]!).filter((other) => other !== value);
      const truth = random.chance(0.5) || others.length === 0;
      const said = truth ? value : random.pick(others);
      const name = inSentence(rows[row]!, domain);
      add(
        truth ? 'yes' : 'no',
        asQuestion(
          random.pick([
            `is the ${small(header)} of ${name} ${said}`,
            `is the ${small(header)} for ${name} ${said}`,
            `${name}: is it ${said}`.replace(/^(.*): is it/, `for ${name}, is the ${small(header)}`),
          ]),
        ),
        [span],
      );
    }
    const whole = present.length === rows.length;
    // Which row has this value?
    for (const column of random.shuffled(columns.map((_, i) => i)).slice(0, 2)) {
      const { which, least, most } = columns[column]!;
      if (which) {
        const row = random.pick(present);
        const value = cells[row]![column]!;
        const same = present.filter((other) => cells[other]![column] === value);
        if (
          !/^(?:None|Nobody|Never|Always|Once|Unlimited|Unpaid|Everyone|All days)$/.test(value) &&
          same.length <= 4 &&
          (same.length === 1 || whole)
        )
          add(
            same.length === 1 ? 'span' : 'list',
            asQuestion(
              fill(
                random.pick(which),
                '',
                /^[A-Z][a-z]+(?: |$)/.test(value) && !/^[A-Z]\w+ [A-Z]/.test(value) && !pooled.has(value)
                  ? small(value)
                  : value,
              ),
            ),
            same.map((other) => place(other, 0)),
          );
      }
      const numbers = present.map((row) => asNumber(cells[row]![column]!));
      if ((least || most) && whole && !numbers.includes(null) && random.chance(0.5)) {
        const words = least && (!most || random.chance(0.5)) ? least : most!;
        const target = words === least ? Math.min(...(numbers as number[])) : Math.max(...(numbers as number[]));
        const winners = present.filter((_, i) => numbers[i] === target);
        if (winners.length === 1)
          add('span', asQuestion(random.pick([`which is ${words}`, `what is ${words}`, words])), [
            place(winners[0]!, 0),
          ]);
      }
    }
    // Rows that are elsewhere or nowhere, columns that this table has not.
    const elsewhere = rows.filter((_, i) => !present.includes(i));
    const passageText = passage.pieces
      .map(({ text }) => text)
      .join('')
      .toLowerCase();
    const missingRows = [...random.shuffled(elsewhere).slice(0, 1), ...absentRows.slice(0, 2)].filter(
      (row) => !passageText.includes(row.toLowerCase()),
    );
    const none: string[] = missingRows.slice(0, 2).map((row) => {
      const column = random.between(0, columns.length - 1);
      return wordings(columns[column]!, headers[column]!, row, domain, random);
    });
    const missing = domain.columns.filter((column) => !columns.includes(column));
    if (missing.length > 0) {
      const column = random.pick(missing);
      none.push(wordings(column, random.pick(column.headers), rows[random.pick(present)]!, domain, random));
    }
    for (const question of random.shuffled(none).slice(0, random.between(1, 2))) add('none', question, []);
    return { document, passage, questions: made };
  });
}

/** Values that are written large in a question too. */
const pooled = new Set(
  'Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday,Finance,Legal,Human Resources,Engineering,Marketing,Sales,Customer Support,IT,Operations,Facilities,Procurement,Design,Security,Logistics,Research,Payroll'.split(
    ',',
  ),
);
