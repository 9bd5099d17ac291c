/** Numbers, dates and times in a sentence, and other values that could stand in their place. */
import type { Random } from '../../random.ts';

const months = 'January|February|March|April|May|June|July|August|September|October|November|December';
const weekdays = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday';
const words = [
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'twelve',
  'fifteen',
  'twenty',
  'thirty',
  'sixty',
  'ninety',
];
const number = '\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?';
const unit =
  '(?:(?:business|working|calendar|consecutive|full|academic|school) )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|quarters?)';

export type ValueKind = 'money' | 'percent' | 'duration' | 'date' | 'weekday' | 'time' | 'year' | 'size' | 'count';

export interface Value {
  readonly kind: ValueKind;
  readonly text: string;
  /** In the text that was searched. */
  readonly start: number;
  readonly end: number;
}

/** Earlier ones win where two overlap. */
const patterns: readonly (readonly [ValueKind, RegExp])[] = [
  [
    'money',
    new RegExp(
      `(?:US|C|A)?[$£€] ?(?:${number})(?: (?:thousand|million|billion))?|(?:${number}) (?:dollars|euros|pounds|USD|EUR|GBP)\\b`,
      'g',
    ),
  ],
  ['percent', new RegExp(`(?:${number}) ?(?:%|percent\\b)`, 'g')],
  ['time', /\b\d{1,2}(?:[:.]\d\d)? ?(?:am|pm|a\.m\.|p\.m\.)(?!\w)|\b\d{1,2}:\d\d\b/gi],
  [
    'date',
    new RegExp(
      `\\b(?:${months}) \\d{1,2}(?:st|nd|rd|th)?(?:, ?\\d{4})?\\b|\\b\\d{1,2} (?:${months})(?: \\d{4})?\\b`,
      'g',
    ),
  ],
  ['duration', new RegExp(`\\b(?:${number}|${words.join('|')})(?:[ -])${unit}\\b`, 'gi')],
  ['size', new RegExp(`\\b(?:${number}) ?(?:KB|MB|GB|TB|KiB|MiB|GiB|TiB|kg|km|characters)\\b`, 'g')],
  ['weekday', new RegExp(`\\b(?:${weekdays})s?\\b`, 'g')],
  ['year', /\b(?:1[6-9]|20)\d\d\b/g],
  ['count', new RegExp(`(?<![\\w.$£€#/-])(?:${number})(?= [a-z]{3,})`, 'g')],
];

export function findValues(text: string): Value[] {
  const found: Value[] = [];
  for (const [kind, pattern] of patterns) {
    for (const match of text.matchAll(pattern)) {
      const value = { kind, text: match[0], start: match.index, end: match.index + match[0].length };
      if (!found.some(({ start, end }) => start < value.end && value.start < end)) found.push(value);
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

const plural = (text: string, one: boolean): string =>
  one ? text.replace(/s$/, '') : text.replace(/(second|minute|hour|day|week|month|year|quarter)$/, '$1s');

function otherNumber(written: string, random: Random, larger: boolean): string {
  const value = Number(written.replace(/,/g, ''));
  const factors = larger ? [1.5, 2, 3, 4] : [0.5, 1.5, 2, 3];
  const digits = /\.(\d+)/.exec(written)?.[1]?.length ?? 0;
  for (const factor of random.shuffled(factors)) {
    let next = value * factor;
    if (digits === 0) {
      const step = value >= 1000 ? 100 : value >= 100 ? 10 : value >= 20 && value % 5 === 0 ? 5 : 1;
      next = Math.max(1, Math.round(next / step) * step);
    }
    if (Math.abs(next - value) < 1e-9 || (larger && next < value)) continue;
    const text = next.toFixed(digits);
    return written.includes(',') ? Number(text).toLocaleString('en', { minimumFractionDigits: digits }) : text;
  }
  return String(value + 1);
}

/** A value of the same kind that is another one. @param larger only greater numbers, where a smaller one would be true too. */
export function otherValue({ kind, text }: Value, random: Random, larger = false): string {
  const others = (list: string): string => random.pick(list.split('|').filter((word) => !text.startsWith(word)));
  switch (kind) {
    case 'weekday':
      return text.replace(new RegExp(weekdays), others(weekdays));
    case 'date':
      return random.chance(0.6)
        ? text.replace(new RegExp(months), random.pick(months.split('|').filter((month) => !text.includes(month))))
        : text.replace(/\d{1,2}(?!\d)/, (day) => String(((Number(day) + random.between(3, 20)) % 28) + 1));
    case 'year':
      return String(Number(text) + random.pick([-12, -5, -3, -2, 2, 3, 4, 7]));
    case 'time':
      return text.replace(/\d{1,2}/, (hour) => {
        const most = /[ap]\.?m/i.test(text) ? 12 : 23;
        return String(((Number(hour) + random.between(1, 4)) % most) + 1);
      });
    default: {
      const spelled = words.find((word) => new RegExp(`^${word}\\b`, 'i').test(text));
      if (spelled) {
        const at = words.indexOf(spelled);
        const rest = words.filter((_, i) => (larger ? i > at : i !== at));
        return plural(
          text.replace(new RegExp(`^${spelled}`, 'i'), random.pick(rest.length > 0 ? rest : ['ninety'])),
          false,
        );
      }
      const match = new RegExp(number).exec(text)!;
      const other = otherNumber(match[0], random, larger);
      if (kind === 'percent' && Number(other) > 100) {
        const shares = ['10', '25', '35', '60', '85'].filter((share) => share !== match[0]);
        return text.replace(match[0], random.pick(shares));
      }
      const swapped = text.replace(match[0], other);
      return kind === 'duration' && text.includes(' ') ? plural(swapped, other === '1') : swapped;
    }
  }
}
