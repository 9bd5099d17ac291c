/**
 * Builds one prepared graph and ends: some seconds of computing and hundreds of MB of buffers that the serving process
 * neither waits for nor keeps.
 */
import { isDocentError, reasonOf } from '../errors.ts';
import { type PreparedSource, prepare } from './graph/prepared.ts';
import type { PrepareAnswer } from './prepare.ts';

process.once('message', (source: PreparedSource) => {
  let answer: PrepareAnswer;
  try {
    answer = { prepared: prepare(source) };
  } catch (error) {
    answer = isDocentError(error)
      ? { code: error.code, details: error.details }
      : { code: 'ENGINE_FAILED', details: { reason: reasonOf(error) } };
  }
  process.send?.(answer, () => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
