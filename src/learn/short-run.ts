/**
 * Settings of short runs by the number of their contexts: what `training/tune/short-runs.ts` found, looked up. A team's machine does
 * not search; the search was done once, on several document sets, and its rows stand here.
 */
export interface ShortRun {
  readonly rate: number;
  readonly epochs: number;
  /** One line for people: where the two come from. */
  readonly source: string;
}

interface TableRow {
  readonly contexts: number;
  readonly rate: number;
  readonly epochs: number;
}

/**
 * Ascending; docs/log.md has the runs. By the loss on written questions 7e-4 is as good, but at that rate people's
 * questions were answered worse.
 */
const rows: readonly TableRow[] = [
  { contexts: 24, rate: 2e-4, epochs: 3 },
  { contexts: 96, rate: 2e-4, epochs: 2 },
];
const measuredOn = 'nine short runs and two whole ones, 2026-11-26';

/** The row of the largest size up to `contexts`, or the first one. */
export function shortRun(contexts: number): ShortRun {
  const row = rows.findLast((each) => each.contexts <= contexts) ?? rows[0]!;
  const source = `${measuredOn}: rows of ${row.contexts} contexts, asked for ${contexts}`;
  return { rate: row.rate, epochs: row.epochs, source };
}
