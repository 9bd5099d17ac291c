/**
 * Settings of short runs by the number of their contexts: what `short-runs.ts` found, looked up. A team's machine does
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

/** Ascending. One row so far; docs/log.md has its runs. */
const rows: readonly TableRow[] = [{ contexts: 24, rate: 7e-4, epochs: 3 }];
const measuredOn = 'six short runs over two document sets, 2026-11-25';

/** Between two rows rates are interpolated by the logarithm of the number of contexts; outside the nearest row holds. */
export function shortRun(contexts: number): ShortRun {
  const above = rows.find((row) => row.contexts >= contexts) ?? rows.at(-1)!;
  const below = rows.findLast((row) => row.contexts <= contexts) ?? rows[0]!;
  const share =
    above.contexts === below.contexts
      ? 0
      : Math.log(contexts / below.contexts) / Math.log(above.contexts / below.contexts);
  const rate = Number((below.rate * (above.rate / below.rate) ** share).toPrecision(2));
  const epochs = share < 0.5 ? below.epochs : above.epochs;
  const between = above === below ? `${above.contexts}` : `${below.contexts} and ${above.contexts}`;
  return { rate, epochs, source: `${measuredOn}: rows of ${between} contexts, asked for ${contexts}` };
}
