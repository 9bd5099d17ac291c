import { describe, expect, it } from 'vitest';
import { builtInFormat, formatNumber } from './numberformat.ts';

describe('formatNumber', () => {
  it.each([
    [0.19, '0%', '19%'],
    [0.185, '0.0%', '18.5%'],
    [1250, '#,##0.00 "€"', '1,250.00 €'],
    [1250, '#,##0.00\\ [$€-407]', '1,250.00 €'],
    [1250, '"$"#,##0', '$1,250'],
    [-1250.5, '#,##0.00', '-1,250.50'],
    [-1250, '#,##0;(#,##0)', '(1,250)'],
    [0, '0.00;-0.00;"none"', 'none'],
    [7, '000', '007'],
    [1.5, '0.##', '1.5'],
    [0.1 + 0.2, 'General', '0.3'],
    [1234567, '#,##0.0,,"M"', '1.2M'],
    [3, '[Red]0', '3'],
    [45719, 'dd/mm/yyyy', '03/03/2025'],
    [45719.385416667, 'yyyy-mm-dd hh:mm', '2025-03-03 09:15'],
    [45719.75, 'h:mm AM/PM', '6:00 PM'],
    [45719, '[$-407]d. mmmm yyyy;@', '3. March 2025'],
    [45719, 'ddd d mmm', 'Mon 3 Mar'],
    [1.5, '[h]:mm', '36:00'],
    [45719, '@', '45719'],
  ])('%d as %s is %s', (value, format, shown) => expect(formatNumber(value, format)).toBe(shown));

  it('counts days from 1904 where the workbook does', () =>
    expect(formatNumber(44257, 'yyyy-mm-dd', true)).toBe('2025-03-03'));

  it('writes the formats that follow the reader’s locale unmistakably', () =>
    expect(formatNumber(45719, builtInFormat(14))).toBe('2025-03-03'));
});
