/** Hours in which nobody is told what they did not ask for. Local time of the machine. */

export interface QuietHours {
  /** Hours of the day, 0…23; over midnight where `from` is the later one. */
  readonly from: number;
  readonly to: number;
}

/** @throws Error that says what to write instead. */
export function parseQuietHours(raw: string): QuietHours | 'off' {
  if (raw === 'off') return raw;
  const [, from, to] = /^(\d{1,2})-(\d{1,2})$/.exec(raw) ?? [];
  const hours = { from: Number(from), to: Number(to) };
  if (from === undefined || hours.from > 23 || hours.to > 23 || hours.from === hours.to)
    throw new Error('use off, or two different hours such as 22-7');
  return hours;
}

export function isQuiet(hours: QuietHours | 'off', now: Date): boolean {
  if (hours === 'off') return false;
  const hour = now.getHours();
  const { from, to } = hours;
  return from < to ? hour >= from && hour < to : hour >= from || hour < to;
}
