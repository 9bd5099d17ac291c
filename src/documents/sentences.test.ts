import { describe, expect, it } from 'vitest';
import { splitSentences, trimRange } from './sentences.ts';

const sentences = (text: string): string[] =>
  splitSentences(text).map(({ start, end }) => text.slice(start, end).trim());

describe('splitSentences', () => {
  it('keeps abbreviations, numbers and times inside their sentence', () => {
    expect(
      sentences(
        'Ask Dr. Smith, e.g. by phone. Core hours are 9:30 a.m. to 3 p.m. on workdays. Rule No. 5 holds. See sec. 4.2 below.',
      ),
    ).toEqual([
      'Ask Dr. Smith, e.g. by phone.',
      'Core hours are 9:30 a.m. to 3 p.m. on workdays.',
      'Rule No. 5 holds.',
      'See sec. 4.2 below.',
    ]);
  });

  it('ends a sentence after an abbreviation when a capital follows and it may be the last word', () => {
    expect(
      sentences('The office closes at 6 p.m. Visitors leave before. We sell to Acme Inc. Others pay more.'),
    ).toEqual(['The office closes at 6 p.m.', 'Visitors leave before.', 'We sell to Acme Inc.', 'Others pay more.']);
  });

  it('keeps the number of a list item with its text, and ends at line breaks', () => {
    expect(sentences('1. Open the door.\n2. Leave.\nTotal: 5')).toEqual(['1. Open the door.', '2. Leave.', 'Total: 5']);
  });

  it('gives ranges without gaps, moved by the offset', () => {
    const text = 'One.  Two?\n\nThree! ';
    const ranges = splitSentences(text, 100);
    expect(ranges[0]!.start).toBe(100);
    expect(ranges.at(-1)!.end).toBe(100 + text.length);
    for (let i = 1; i < ranges.length; i++) expect(ranges[i]!.start).toBe(ranges[i - 1]!.end);
  });

  it('gives nothing for nothing', () => expect(splitSentences('')).toEqual([]));
});

it('trimRange takes white space off both ends', () => {
  expect(trimRange('  ab \n', { start: 0, end: 6 })).toEqual({ start: 2, end: 4 });
  expect(trimRange('   ', { start: 0, end: 3 })).toEqual({ start: 3, end: 3 });
});
