/** Calendars (RFC 5545): every event with its times, place and description. Repetition rules are shown, not unrolled. */
import { createTextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { decodeText } from './encoding.ts';

const plainValue = (value: string): string => value.replace(/\\n/gi, '\n').replace(/\\([,;\\])/g, '$1');

/** `20250303T091500Z` → `2025-03-03 09:15 UTC`. */
function when(value: string | undefined, zone: string | undefined): string {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z)?)?$/.exec(value ?? '');
  if (!match) return value ?? '';
  const [, year, month, day, hour, minute, utc] = match;
  const date = `${year}-${month}-${day}`;
  return hour ? `${date} ${hour}:${minute}${utc ? ' UTC' : zone ? ` (${zone})` : ''}` : date;
}

export const ics: Extractor = {
  format: 'ics',
  async extract({ bytes, name }) {
    const { text, warnings } = decodeText(bytes, name);
    const builder = createTextBuilder();
    for (const line of warnings) builder.warn(line);
    let title: string | null = null;
    let event: Map<string, { value: string; zone?: string }> | null = null;
    for (const line of text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
      const match = /^([A-Z-]+)((?:;[^:"]*(?:"[^"]*")?)*):(.*)$/i.exec(line);
      if (!match) continue;
      const key = match[1]!.toUpperCase();
      const zone = /;TZID=([^;:]+)/i.exec(match[2]!)?.[1];
      const value = plainValue(match[3]!);
      if (key === 'X-WR-CALNAME') title = value;
      else if (key === 'BEGIN' && /^V(EVENT|TODO)$/i.test(value)) event = new Map();
      else if (key === 'END' && event && /^V(EVENT|TODO)$/i.test(value)) {
        const field = (key: string): string | undefined => event?.get(key)?.value;
        const time = (key: string): string => when(field(key), event?.get(key)?.zone);
        builder.heading(2, field('SUMMARY') ?? 'Event');
        const facts: readonly (readonly [string, string | undefined])[] = [
          ['Begins', time('DTSTART')],
          ['Ends', time('DTEND')],
          ['Due', time('DUE')],
          ['Repeats', field('RRULE')],
          ['Place', field('LOCATION')],
          ['Organizer', field('ORGANIZER')?.replace(/^mailto:/i, '')],
        ];
        builder.paragraph(
          facts
            .filter(([, value]) => value)
            .map(([key, value]) => `${key}: ${value}`)
            .join('\n'),
        );
        for (const part of (field('DESCRIPTION') ?? '').split(/\n{2,}/)) builder.paragraph(part);
        event = null;
      } else event?.set(key, zone === undefined ? { value } : { value, zone });
    }
    return builder.build({ title });
  },
};
