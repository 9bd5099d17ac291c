/** Misbehaviour on request: which calls go wrong, how, and how often. */
export type Misbehaviour =
  | { readonly how: 'rate-limit'; readonly retryAfterS: number }
  /** 500 without doing anything. */
  | { readonly how: 'fail-before' }
  /** Does it, then answers 500. */
  | { readonly how: 'fail-after' }
  | { readonly how: 'slow'; readonly ms: number }
  | { readonly how: 'refuse'; readonly error: string };

interface Stop {
  readonly method: string;
  readonly where: 'before' | 'inside' | 'after';
  readonly reached: () => void;
}

export function createFaults() {
  const rules: { readonly method: string; readonly misbehaviour: Misbehaviour; times: number }[] = [];
  const stops: Stop[] = [];
  return {
    misbehave(method: string, misbehaviour: Misbehaviour, times = 1): void {
      rules.push({ method, misbehaviour, times });
    },
    next(method: string): Misbehaviour | null {
      const rule = rules.find((one) => one.times > 0 && one.method === method);
      if (rule) rule.times--;
      return rule?.misbehaviour ?? null;
    },
    /**
     * Resolves when the next such call is there (before: nothing done, never answered; inside: done, never answered;
     * after: done and answered). For killing the caller at that point.
     */
    stopAt: (where: Stop['where'], method: string): Promise<void> =>
      new Promise((reached) => stops.push({ where, method, reached })),
    takeStop(method: string): Stop | null {
      const at = stops.findIndex((one) => one.method === method);
      return at < 0 ? null : stops.splice(at, 1)[0]!;
    },
  };
}

export type Faults = ReturnType<typeof createFaults>;
