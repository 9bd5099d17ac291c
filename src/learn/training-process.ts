/**
 * A training run as a child process: started, watched, paused while somebody waits for an answer, ended. It may be killed
 * at any moment and goes on from its saved state when it is started again. Knows its events, not what they are about:
 * `src` never imports `training`.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { forkModule } from '../child.ts';
import { DocentError, type ErrorCode } from '../errors.ts';

/** What `training/engine/events.ts` emits, as far as it is used here. */
export type TrainingEvent =
  | {
      readonly type: 'start';
      readonly device: string;
      readonly frozen: string;
      readonly reason: string;
      readonly resumedAt: number | null;
    }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly loss: number;
      readonly tokens: number;
      readonly tokensPerSecond: number;
      readonly share: number;
      readonly secondsLeft: number;
    }
  | { readonly type: 'dev'; readonly step: number; readonly loss: number; readonly best: boolean }
  | { readonly type: 'saved'; readonly step: number }
  | { readonly type: 'done'; readonly adapter: string; readonly progress: TrainingProgress }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly details: Readonly<Record<string, unknown>> };

export interface TrainingProgress {
  readonly steps: number;
  readonly tokens: number;
  readonly questions: number;
  readonly seconds: number;
  readonly skipped: number;
  readonly firstLoss: number | null;
  readonly lastLoss: number | null;
  readonly bestDev: number | null;
}

export interface TrainingRun {
  /** @throws DocentError TRAINING_FAILED, CANCELLED or what the run said. */
  readonly done: Promise<Extract<TrainingEvent, { type: 'done' }>>;
  /** Stops it where it is; it holds no lock, socket or connection. Idempotent. */
  pause(): void;
  resume(): void;
  cancel(): void;
  readonly pid: number | undefined;
}

/** Windows has no signal that stops a process: the run is asked, and stops before its next row. */
const hasStopSignal = process.platform !== 'win32';
const reasonOfExit = (code: number | null, signal: NodeJS.Signals | null): string => {
  if (signal === 'SIGKILL') return 'its process was killed; was there enough memory?';
  return signal ? `its process ended by ${signal}` : `its process ended with code ${code}`;
};

/** @param settings as training/engine/settings.ts takes them; written to `<folder>/settings.json`. */
export function startTraining(
  settings: Readonly<Record<string, unknown>>,
  folder: string,
  onEvent: (event: TrainingEvent) => void = () => undefined,
): TrainingRun {
  const file = join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify(settings, null, 2));
  const child: ChildProcess = forkModule(
    import.meta.url,
    '../../training/main',
    {
      stdio: ['ignore', 'pipe', 2, 'ipc'],
      // The engine collects its garbage where there is most of it.
      execArgv: ['--expose-gc'],
      serialization: 'json',
    },
    [file],
  );
  // Answers come first. Where the priority may not be changed, pauses alone must do.
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {}
  let cancelled = false;
  const done = new Promise<Extract<TrainingEvent, { type: 'done' }>>((resolve, reject) => {
    let result: Extract<TrainingEvent, { type: 'done' }> | null = null;
    let failure: DocentError | null = null;
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => {
      let event: TrainingEvent;
      try {
        event = JSON.parse(line) as TrainingEvent;
      } catch {
        return; // a native library that prints to stdout
      }
      if (event.type === 'done') result = event;
      if (event.type === 'failed') failure = new DocentError(event.code, event.details);
      onEvent(event);
    });
    child.once('error', (error) => reject(new DocentError('TRAINING_FAILED', { reason: error.message })));
    // Not 'exit': the last lines may still be on their way.
    child.once('close', (code, signal) => {
      if (result) resolve(result);
      else if (cancelled) reject(new DocentError('CANCELLED'));
      else reject(failure ?? new DocentError('TRAINING_FAILED', { reason: reasonOfExit(code, signal) }));
    });
  });
  const tell = (signal: NodeJS.Signals, message: string) => {
    if (hasStopSignal) child.kill(signal);
    else if (child.connected) child.send(message);
  };
  return {
    done,
    pause: () => tell('SIGSTOP', 'pause'),
    resume: () => tell('SIGCONT', 'resume'),
    cancel() {
      cancelled = true;
      tell('SIGCONT', 'resume');
      child.kill('SIGTERM');
    },
    pid: child.pid,
  };
}
