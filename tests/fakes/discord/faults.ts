/** Misbehaviour on request: which calls go wrong, how, and how often. */

export interface CallMatch {
  readonly method?: string;
  /** Tested against the path below /api/v10, with query. */
  readonly path?: RegExp;
}

export type Misbehaviour =
  /** 429; the client is to wait `retryAfterS`. */
  | { readonly how: 'rate-limit'; readonly retryAfterS: number }
  /** 500 without doing anything. */
  | { readonly how: 'fail-before' }
  /** Does it, then answers 500. */
  | { readonly how: 'fail-after' }
  /** Does it, then drops the connection. */
  | { readonly how: 'drop-after' }
  | { readonly how: 'slow'; readonly ms: number }
  | { readonly how: 'refuse'; readonly status: number; readonly code: number };

interface Rule {
  readonly match: CallMatch;
  readonly misbehaviour: Misbehaviour;
  times: number;
}

interface Stop {
  readonly match: CallMatch;
  readonly where: 'before' | 'inside' | 'after';
  readonly reached: () => void;
}

const fits = ({ method, path }: CallMatch, call: { readonly method: string; readonly path: string }): boolean =>
  (!method || method === call.method) && (!path || path.test(call.path));

export function createFaults() {
  const rules: Rule[] = [];
  const stops: Stop[] = [];
  return {
    misbehave: (match: CallMatch, misbehaviour: Misbehaviour, times = 1): void => {
      rules.push({ match, misbehaviour, times });
    },
    next: (call: { readonly method: string; readonly path: string }): Misbehaviour | null => {
      const rule = rules.find((candidate) => candidate.times > 0 && fits(candidate.match, call));
      if (rule) rule.times--;
      return rule?.misbehaviour ?? null;
    },
    /**
     * Resolves when the next such call is there (before: nothing done, never answered; inside: done, never answered;
     * after: done and answered). For killing the caller at that point.
     */
    stopAt: (where: Stop['where'], match: CallMatch): Promise<void> =>
      new Promise((reached) => {
        stops.push({ match, where, reached });
      }),
    takeStop: (call: { readonly method: string; readonly path: string }): Stop | null => {
      const at = stops.findIndex((stop) => fits(stop.match, call));
      return at < 0 ? null : stops.splice(at, 1)[0]!;
    },
  };
}

export type Faults = ReturnType<typeof createFaults>;
