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

try {
  const path = process.argv[2];
  if (!path) throw new DocentError('SETTING_INVALID', { name: 'training', reason: 'no settings file is named' });
  await runTraining(readSettings(path), emit, abort.signal);
} catch (error) {
  const known = isDocentError(error) ? error : new DocentError('TRAINING_FAILED', { reason: reasonOf(error) });
  emit({ type: 'failed', code: known.code, message: known.message, fix: known.fix });
  process.exitCode = 1;
}
