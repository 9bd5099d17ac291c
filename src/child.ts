/**
 * Child processes of Docent's own modules. The same call works from the TypeScript sources (tests, development) and
 * from the built files.
 */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Forks a module beside the caller: `forkModule(import.meta.url, './worker')`.
 * Messages are structured clones, so typed arrays cross without being turned into JSON.
 */
export function forkModule(
  callerUrl: string,
  module: string,
  options: ForkOptions = {},
  args: readonly string[] = [],
): ChildProcess {
  const fromSource = callerUrl.endsWith('.ts');
  const file = fileURLToPath(new URL(`${module}${fromSource ? '.ts' : '.js'}`, callerUrl));
  const execArgv = [...(options.execArgv ?? []), ...(fromSource ? ['--import', import.meta.resolve('tsx')] : [])];
  return fork(file, args, { serialization: 'advanced', ...options, execArgv });
}
