/**
 * Numbers and dates of a sheet as people see them: 0.19 with the format `0%` is 19%, 45719 with `dd/mm/yyyy` is a date.
 * ECMA-376 part 1, 18.8.30 (number formats) and 18.8.31; fractions and conditions are not followed.
 */

/** Formats that files name by number only. 14 and 22 follow the reader's locale: written here so that none misreads them. */
const builtIn: Readonly<Record<number, string>> = {
  1: '0',
  2: '0.00',
  3: '#,##0',
  4: '#,##0.00',
  9: '0%',
  10: '0.00%',
  14: 'yyyy-mm-dd',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'yyyy-mm-dd h:mm',
  37: '#,##0;(#,##0)',
  38: '#,##0;(#,##0)',
  39: '#,##0.00;(#,##0.00)',
  40: '#,##0.00;(#,##0.00)',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss',
};

export const builtInFormat = (id: number): string => builtIn[id] ?? 'General';

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
/** Day 0 of both calendars that workbooks count in. The first has a 29 February 1900 that never was. */
const epoch1900 = Date.UTC(1899, 11, 30);
const epoch1904 = Date.UTC(1904, 0, 1);

/** Twelve digits: more are traces of binary fractions. */
const general = (value: number): string => String(Number(value.toPrecision(12)));

/** `[$€-407]` → `€`; colours, conditions, padding and fill characters go. Quoted text is kept apart as `"…"`. */
const simplify = (section: string): string =>
  section
    .replace(/\[\$([^\]-]*)[^\]]*\]/g, (_, symbol: string) => (symbol === '' ? '' : `"${symbol}"`))
    .replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '')
    .replace(/_./g, ' ')
    .replace(/\*./g, '')
    .replace(/\\(.)/g, '"$1"');

const withoutQuoted = (format: string): string => format.replace(/"[^"]*"/g, '');
const isDate = (format: string): boolean =>
  /[ymdhs]/i.test(withoutQuoted(format).replace(/general/gi, '')) &&
  !/[0#?]/.test(withoutQuoted(format).replace(/\.0+/g, ''));

function showDate(serial: number, format: string, epoch: number): string {
  // Rounded to seconds: 8:00 is stored as 0.33333333.
  const date = new Date(epoch + Math.round(serial * 86_400) * 1000);
  if (Number.isNaN(date.getTime())) return general(serial);
  const pad = (value: number, width: number): string => String(value).padStart(width, '0');
  const half = /am\/pm|a\/p/i.test(format);
  const hour = date.getUTCHours();
  let afterHour = false;
  const tokens = format.match(/"[^"]*"|\[[hms]+\]|am\/pm|a\/p|y+|m+|d+|h+|s+|\.0+|[^"]/gi) ?? [];
  return tokens
    .map((token, index) => {
      const length = token.length;
      switch (token[0]!.toLowerCase()) {
        case '"':
          return token.slice(1, -1);
        case '[': {
          afterHour = true;
          const unit = { h: 24, m: 1440, s: 86_400 }[token[1]!.toLowerCase()] ?? 24;
          return pad(Math.floor(serial * unit + 1e-6), length - 2);
        }
        case 'a':
          return hour < 12 ? 'AM' : 'PM';
        case 'y':
          return length <= 2 ? pad(date.getUTCFullYear() % 100, 2) : String(date.getUTCFullYear());
        case 'd':
          return length <= 2 ? pad(date.getUTCDate(), length) : days[date.getUTCDay()]!.slice(0, length === 3 ? 3 : 99);
        case 'h':
          afterHour = true;
          return pad(half ? hour % 12 || 12 : hour, length);
        case 's':
          return pad(date.getUTCSeconds(), length);
        case 'm': {
          const next = tokens.slice(index + 1).find((other) => /^[a-z]/i.test(other));
          const minutes = length <= 2 && (afterHour || next?.[0]?.toLowerCase() === 's');
          afterHour = false;
          if (minutes) return pad(date.getUTCMinutes(), length);
          const month = date.getUTCMonth();
          return length <= 2 ? pad(month + 1, length) : months[month]!.slice(0, length === 3 ? 3 : 99);
        }
        case '.':
          return length > 1 ? '' : token;
        default:
          return token;
      }
    })
    .join('')
    .trim();
}

function showNumber(value: number, format: string): string {
  const bare = withoutQuoted(format);
  const digits = /(?:[0#?][0#?,]*(?:\.[0#?]*)?|\.[0#?]+),*/.exec(bare)?.[0];
  // Only words: a zero shown as "none".
  if (digits === undefined && format.includes('"')) return format.replaceAll('"', '').trim();
  if (digits === undefined || /general/i.test(bare) || /[eE][+-]|\//.test(bare)) return general(value);
  const percent = (bare.match(/%/g) ?? []).length;
  const [whole = '', fraction = ''] = digits.split('.');
  const thousands = /,+$/.exec(digits)?.[0].length ?? 0;
  const scaled = (value * 100 ** percent) / 1000 ** thousands;
  const least = (fraction.match(/0/g) ?? []).length;
  const shown = Math.abs(scaled).toLocaleString('en-US', {
    minimumFractionDigits: least,
    maximumFractionDigits: Math.max(least, fraction.replaceAll(',', '').length),
    minimumIntegerDigits: Math.max(1, Math.min(15, (whole.match(/0/g) ?? []).length)),
    useGrouping: /[0#?],+[0#?]/.test(whole),
  });
  let placed = false;
  const out = (format.match(/"[^"]*"|[0#?.,]+|[^"]/g) ?? []).map((token) => {
    if (token.startsWith('"')) return token.slice(1, -1);
    if (!/[0#?]/.test(token)) return token;
    if (placed) return '';
    placed = true;
    return shown;
  });
  return out.join('').replace(/\s+/g, ' ').trim();
}

/** @param format its code, as `#,##0.00 "€"` @param from1904 the workbook counts days from 1904 */
export function formatNumber(value: number, format: string, from1904 = false): string {
  const sections = format.split(/;(?=(?:[^"]*"[^"]*")*[^"]*$)/);
  const negative = value < 0 && sections.length > 1;
  const section = simplify(
    (negative ? sections[1] : value === 0 && sections.length > 2 ? sections[2] : sections[0]) ?? '',
  );
  if (/^\s*@?\s*$/.test(section)) return general(value);
  if (isDate(section)) return value < 0 ? general(value) : showDate(value, section, from1904 ? epoch1904 : epoch1900);
  const shown = showNumber(value, section);
  // A section of its own brings its own sign.
  return value < 0 && !negative && !shown.startsWith('-') ? `-${shown}` : shown;
}
