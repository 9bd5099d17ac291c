/** Token buckets per key (an address). Knows time and counting only. */

export interface BucketSize {
  /** Requests that may come at once. */
  readonly burst: number;
  /** How fast the bucket fills again. */
  readonly perSecond: number;
}

export interface Limits {
  /** Anything but health. A page load is some ten requests; 50 a second is far above any person and any script of one team. */
  readonly requests: BucketSize;
  /** Questions. The engine answers about one a second on two cores and has its own fair queue; this only stops floods. */
  readonly questions: BucketSize;
  readonly uploads: BucketSize;
  /** Wrong tokens: ten tries, then one every six seconds. */
  readonly wrongTokens: BucketSize;
}

export const defaultLimits: Limits = {
  requests: { burst: 600, perSecond: 50 },
  questions: { burst: 120, perSecond: 5 },
  uploads: { burst: 300, perSecond: 10 },
  wrongTokens: { burst: 10, perSecond: 1 / 6 },
};

/** Keys that are remembered; beyond it the one unused for longest is forgotten, which gives it a full bucket again. */
const maxKeys = 10_000;

export interface Buckets {
  /** Takes one token. @returns 0 when there was one, else the whole seconds until the next. */
  take(key: string): number;
  /** As `take`, without taking. */
  wait(key: string): number;
}

export function createBuckets(size: BucketSize, now: () => number = Date.now): Buckets {
  const buckets = new Map<string, { level: number; at: number }>();

  const refreshed = (key: string) => {
    const at = now();
    const known = buckets.get(key);
    const level = known ? Math.min(size.burst, known.level + ((at - known.at) / 1000) * size.perSecond) : size.burst;
    return { level, at };
  };
  const secondsUntilOne = (level: number) => (level >= 1 ? 0 : Math.max(1, Math.ceil((1 - level) / size.perSecond)));

  return {
    take(key) {
      const bucket = refreshed(key);
      const wait = secondsUntilOne(bucket.level);
      if (wait === 0) bucket.level -= 1;
      buckets.delete(key);
      buckets.set(key, bucket);
      if (buckets.size > maxKeys) buckets.delete(buckets.keys().next().value!);
      return wait;
    },
    wait: (key) => secondsUntilOne(refreshed(key).level),
  };
}
