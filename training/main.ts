/**
 * `node dist/training/main.js SETTINGS.json`: one training run in a process of its own, which may be stopped, continued
 * and killed at any moment. Events are JSON lines on stdout; logs go to stderr.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DocentError, isDocentError, reasonOf } from '../src/errors.ts';
import type { TrainingEvent } from './engine/events.ts';
import { runTraining } from './engine/run.ts';
import { type RunSettings, runSettingsSchema } from './engine/settings.ts';

const emit = (event: TrainingEvent): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

function readSettings(path: string): RunSettings {
  try {
    return runSettingsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error).split('\n').join('; ') : reasonOf(error);
    throw new DocentError('SETTING_INVALID', { name: path, reason }, { cause: error });
  }
}

const abort = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => abort.abort());
// Whoever started this run is gone: it goes on from its saved state when somebody starts it again.
const orphaned = () => process.exit(1);
process.once('disconnect', orphaned);

/** Where there are no stop signals, the parent asks for pauses by message; they begin between two rows. */
let paused: { readonly over: Promise<void>; readonly end: () => void } | null = null;
process.on('message', (message: unknown) => {
  if (message === 'pause' && !paused) {
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    paused = { over, end };
  }
  if (message === 'resume') {
    paused?.end();
    paused = null;
  }
});

try {
  const path = process.argv[2];
  if (!path) throw new DocentError('SETTING_INVALID', { name: 'training', reason: 'no settings file is named' });
  await runTraining(readSettings(path), emit, { signal: abort.signal, gate: () => paused?.over });
} catch (error) {
  const known = isDocentError(error) ? error : new DocentError('TRAINING_FAILED', { reason: reasonOf(error) });
  emit({ type: 'failed', code: known.code, details: known.details });
  process.exitCode = 1;
}
// Listening to the parent would keep this process alive.
process.off('disconnect', orphaned);
if (process.connected) process.disconnect();
