import { describe, expect, it } from 'vitest';
import { isQuiet, parseQuietHours } from './quiet-hours.ts';

const quietAt = (raw: string) =>
  Array.from({ length: 24 }, (_, hour) => hour).filter((hour) =>
    isQuiet(parseQuietHours(raw), new Date(2026, 0, 1, hour)),
  );

describe('quiet hours', () => {
  it('last from one hour to another, also over midnight', () => {
    expect(quietAt('12-14')).toEqual([12, 13]);
    expect(quietAt('22-7')).toEqual([0, 1, 2, 3, 4, 5, 6, 22, 23]);
    expect(quietAt('off')).toEqual([]);
  });
  it('are refused with what to write', () => {
    for (const raw of ['', 'night', '24-7', '7-7', '22:00-7:00']) expect(() => parseQuietHours(raw)).toThrow('22-7');
  });
});
