/**
 * One run in a process of its own, which kills itself without warning when asked to; for learning-kill.test.ts.
 *
 *   tsx tests/learning-run.ts HOME NAME [PHASE]
 */
import { executeRun } from '../src/learn/run.ts';
import { createTestWorld, depsFor } from '../src/learn/testing.ts';

const [home, name, phase] = process.argv.slice(2) as [string, string, string?];
const deps = depsFor(createTestWorld(home), name, {
  onProgress: (progress) => {
    if (progress.phase === phase) process.kill(process.pid, 'SIGKILL');
  },
});
/** Tokens a second: some hundred steps of training. */
const speed = 400;
const { result } = await executeRun('00000000-0000-7000-8000-000000000001', deps, speed);
console.log(JSON.stringify(result));
