/** Lets a training run stand aside while questions are answered. Knows only how to pause and resume. */

export interface Pausable {
  pause(): void;
  resume(): void;
}

export interface YieldingOptions {
  /** Work must be absent for this long before training goes on: questions come in bursts. */
  readonly quietMs?: number;
  /** However busy, training goes on after this long, or it would never end. */
  readonly longestPauseMs?: number;
}

export interface Yielding {
  /** Somebody waits. Call the returned function once when they have their answer. */
  begin(): () => void;
  /** Training goes on, and is never paused again. */
  close(): void;
}

export function createYielding(run: Pausable, options: YieldingOptions = {}): Yielding {
  const { quietMs = 300, longestPauseMs = 60_000 } = options;
  let waiting = 0;
  let closed = false;
  let resuming: NodeJS.Timeout | null = null;
  let watchdog: NodeJS.Timeout | null = null;
  const resume = () => {
    if (resuming) clearTimeout(resuming);
    if (watchdog) clearTimeout(watchdog);
    resuming = null;
    watchdog = null;
    run.resume();
  };
  return {
    begin() {
      if (closed) return () => undefined;
      waiting += 1;
      if (resuming) clearTimeout(resuming);
      resuming = null;
      if (!watchdog) {
        run.pause();
        watchdog = setTimeout(resume, longestPauseMs);
        watchdog.unref();
      }
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        waiting -= 1;
        if (waiting === 0 && !closed) resuming = setTimeout(resume, quietMs);
      };
    },
    close() {
      closed = true;
      resume();
    },
  };
}
