import { beforeAll, describe, expect, it } from 'vitest';
import type { Tokenizer } from '../../../src/inference/contract.ts';
import { loadTokenizer } from '../../../src/inference/tokenizer.ts';
import { readClause } from '../../../src/learn/rules/clause.ts';
import { detailsFrom } from '../../../src/learn/rules/detail.ts';
import type { Made } from '../../../src/learn/rules/question.ts';
import { findValues, otherValue } from '../../../src/learn/rules/values.ts';
import { asAsker, lowerFirst } from '../../../src/learn/rules/words.ts';
import { yesNoFrom } from '../../../src/learn/rules/yesno.ts';
import { createRandom } from '../../../src/random.ts';
import { testBase } from '../../../tests/setup/base.ts';
import { createRowMaker, type Example } from '../../data/examples.ts';
import { shareCounts } from '../shares.ts';
import { createExclusion, cutDocument, readPlainDocument } from './documents.ts';
import { exampleLine } from './example.ts';
import { listsFrom } from './lists.ts';
import { makeTable } from './tables.ts';
import { createTextMaker } from './text.ts';
import { unansweredHere } from './unanswerable.ts';

const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
const sentence = (text: string) => ({ text, start: 0, end: text.length });
const slices = (text: string, { spans }: Made): string[] => spans.map(([start, end]) => text.slice(start, end));

const handbook = `Leave handbook

Annual leave

Full-time employees get 25 days of paid leave per year. You must book leave within 14 days. Unused days are not paid out. The leave desk is open on Mondays.

Booking leave

To book leave, do the following:

1. Open the leave portal.
2. Choose the first and the last day.
3. Send the request to your manager.

Equipment

The standard items include:

- a laptop
- a headset
- a chair that can be adjusted

If you lose your badge, contact the security team. Only managers can approve overtime.`;

describe('yes and no', () => {
  const asked = (text: string): Map<string, string> =>
    new Map(
      seeds.flatMap((seed) =>
        yesNoFrom(sentence(text), text, createRandom(seed)).map(({ question, form }) => [question, form] as const),
      ),
    );

  it('turns a plain sentence into a question, and into false ones', () => {
    const made = asked('The office is closed on Sundays.');
    expect(made.get('Is the office closed on Sundays?')).toBe('yes');
    expect(made.get('Is the office open on Sundays?')).toBe('no');
    expect(made.get('Is the office closed on Fridays?')).toBe('no');
  });

  it('says no to what the text denies', () => {
    const made = asked('You must not share your password with anyone.');
    expect(made.get('Must I share my password with anyone?')).toBe('no');
    expect(made.get('Is it forbidden for me to share my password with anyone?')).toBe('yes');
  });

  it('asks with do where there is no auxiliary', () => {
    expect(asked('The company pays 80 % of the fee.').get('Does the company pay 80 % of the fee?')).toBe('yes');
  });

  it('changes a limit only to what it forbids', () => {
    for (const question of asked('You can return items within 30 days.').keys())
      for (const { text } of findValues(question)) expect(Number.parseInt(text, 10)).toBeGreaterThanOrEqual(30);
  });

  it('leaves alone what is not plain or hangs on something', () => {
    for (const text of [
      'This is not allowed.',
      'You may not travel unless your manager agrees.',
      'However, they are open.',
      'What is it?',
      'Only admins can delete projects.',
      'ends without a stop',
    ])
      expect([...asked(text).keys()], text).toEqual([]);
    expect(readClause('They are closed on Sundays.')).toBeNull();
  });
});

describe('details', () => {
  const asked = (text: string): Map<string, string> =>
    new Map(
      seeds.flatMap((seed) =>
        detailsFrom(sentence(text), text, createRandom(seed)).map(
          (made) => [made.question, slices(text, made)[0]!] as const,
        ),
      ),
    );

  it('asks for numbers, limits and dates with their unit', () => {
    expect(asked('You must submit receipts within 30 days.').get('How soon must I submit receipts?')).toBe(
      'within 30 days',
    );
    expect(asked('The contract ends on 31 March.').get('When does the contract end?')).toBe('31 March');
    expect(asked('We keep logs for 90 days.').get('How long do you keep logs?')).toBe('90 days');
  });

  it('asks for conditions, and for what to do under one', () => {
    expect(
      asked('You cannot work abroad unless your manager agrees.').get('When can I work abroad?') ??
        asked('You cannot work abroad unless your manager agrees.').get('Under what conditions can I work abroad?'),
    ).toBe('unless your manager agrees');
    expect(
      asked('If you lose your badge, contact the security team.').get('What should I do if I lose my badge?'),
    ).toBe('contact the security team');
    expect(asked('Only managers can approve overtime.').get('Who can approve overtime?')).toBe('Only managers');
  });
});

describe('lists', () => {
  const document = cutDocument(readPlainDocument(handbook));
  const made = seeds.flatMap((seed) =>
    document.passages.flatMap((passage) => listsFrom(passage, document.title, document.text, createRandom(seed))),
  );

  it('gives one span an entry, without markers and full stops', () => {
    const how = made.find(({ question }) => question === 'How do I book leave?')!;
    expect(slices(document.text, how)).toEqual([
      'Open the leave portal',
      'Choose the first and the last day',
      'Send the request to your manager',
    ]);
    expect(made.find(({ question }) => question === 'What do the standard items include?')?.spans).toHaveLength(3);
  });

  it('asks for one step', () => {
    const next = made.find(({ question }) => question === 'What do I do after I open the leave portal?')!;
    expect(slices(document.text, next)).toEqual(['Choose the first and the last day']);
  });
});

describe('tables', () => {
  const examples = seeds.flatMap((seed) => makeTable(createRandom(seed)));

  it('reads rows as uploaded ones are, and answers with a whole cell', () => {
    expect(examples.length).toBeGreaterThanOrEqual(seeds.length);
    for (const { document, passage, questions } of examples) {
      const cells = passage.pieces.filter(({ start }) => start !== undefined).map(({ text }) => text);
      for (const made of questions) for (const cell of slices(document.text, made)) expect(cells).toContain(cell);
      for (const { start, end, text } of passage.pieces)
        if (start !== undefined) expect(document.text.slice(start, end)).toBe(text);
    }
    const forms = new Set(examples.flatMap(({ questions }) => questions.map(({ form }) => form)));
    expect(forms).toEqual(new Set(['span', 'yes', 'no', 'list', 'none']));
  });

  it('asks nothing else than absent rows and columns without an answer', () => {
    for (const { passage, questions } of examples) {
      const text = passage.pieces.map((piece) => piece.text).join('');
      expect(text).toMatch(/: .+; .+: /);
      for (const { form, spans } of questions) expect(spans.length === 0).toBe(form === 'none');
    }
  });
});

describe('unanswerable', () => {
  it('takes questions of other passages that share words but not all of them', () => {
    const other = (question: string): Made => ({ kind: 'detail', question, form: 'span', spans: [[0, 1]] });
    const passage = 'Interns get a laptop and a badge. The badge opens the front door.';
    const questions = unansweredHere(
      passage,
      [],
      [other('Who pays for a lost laptop badge?'), other('Do interns get a laptop?')],
      2,
      createRandom(1),
    ).map(({ question }) => question);
    expect(questions).toEqual(['Who pays for a lost laptop badge?']);
  });

  it('asks about somebody the passage does not name', () => {
    const own: Made = { kind: 'yesno', question: 'Do interns get a laptop?', form: 'yes', spans: [[0, 1]] };
    const [made] = unansweredHere('Interns get a laptop.', [own], [], 1, createRandom(3));
    expect(made!.question).toMatch(/^Do (?!interns).+ get a laptop\?$/);
  });
});

describe('words and values', () => {
  it('turns the view around', () => {
    expect(asAsker('can you bring your dog')).toBe('can I bring my dog');
    expect(asAsker('will we send you our form')).toBe('will you send me your form');
    expect(asAsker('are you insured in the US')).toBe('am I insured in the US');
  });

  it('keeps names large', () => {
    expect(lowerFirst('Employees of the shop', 'All employees may park.')).toBe('employees of the shop');
    expect(lowerFirst('Rippling', 'We use Rippling for this.')).toBe('Rippling');
  });

  it('finds values and puts others in their place', () => {
    const text = 'Pay $1,500 by 31 March, 20 % within two weeks on Monday at 9:30 am, up to 25 MB.';
    const found = findValues(text);
    expect(found.map(({ kind }) => kind)).toEqual(['money', 'date', 'percent', 'duration', 'weekday', 'time', 'size']);
    for (const seed of seeds)
      for (const value of found) {
        const other = otherValue(value, createRandom(seed));
        expect(other).not.toBe(value.text);
        expect(findValues(other).map(({ kind }) => kind)).toEqual([value.kind]);
      }
  });
});

describe('examples', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = loadTokenizer((await testBase()).path);
  });

  it('are the same for the same seed, and every answer is found by the span mask', () => {
    const lines = (seed: number): string[] => {
      const random = createRandom(seed);
      return [...createTextMaker(random).examples(handbook), ...makeTable(random)].map((example) =>
        exampleLine(example, random),
      );
    };
    expect(lines(4)).toEqual(lines(4));
    expect(lines(4)).not.toEqual(lines(5));
    const maker = createRowMaker(tokenizer, 4096);
    for (const line of seeds.slice(0, 12).flatMap(lines)) {
      const { pieces, questions } = JSON.parse(line) as Example;
      const example = {
        pieces,
        questions: questions.map((question) => ({ ...question, spans: question.spans ?? [], weight: 1 })),
      };
      if (questions.length > 0) expect(maker.row(example)?.answers, line).toBe(questions.length);
    }
  });

  it('leave out documents that share ten words in a row with evaluation texts', () => {
    const excluded = createExclusion(['Full-time employees get 25 days of paid leave per year, and more later.']);
    expect(excluded(handbook)).toBe(true);
    expect(excluded('Full-time employees get 30 days of paid leave per year.')).toBe(false);
  });

  it('are mixed by shares', () => {
    expect(
      shareCounts(
        [
          { available: 100, share: 0.5 },
          { available: 30, share: 0.5 },
        ],
        Number.POSITIVE_INFINITY,
      ),
    ).toEqual([30, 30]);
    expect(
      shareCounts(
        [
          { available: 100, share: 3 },
          { available: 100, share: 1 },
        ],
        40,
      ),
    ).toEqual([30, 10]);
  });
});
