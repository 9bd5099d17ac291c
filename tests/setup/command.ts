/** The command line as people run it: a process of its own, from the sources, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves once stdout holds it; rejects when the process ends first. */
  prints(words: RegExp): Promise<void>;
  /** @returns the exit code; null when a signal ended it */
  ended(): Promise<number | null>;
}

/** @param env added to this process's environment; `''` takes a setting away */
export function startCommand(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): RunningCommand {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), cli, ...args], {
    cwd,
    env: { ...process.env, DOCENT_LOG_LEVEL: '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return {
    child,
    stdout: () => out,
    stderr: () => err,
    prints: (words) =>
      new Promise((resolve, reject) => {
        const look = () => words.test(out) && resolve();
        child.stdout.on('data', look);
        look();
        void closed.then(() => reject(new Error(`it ended and printed only: ${out}${err}`)));
      }),
    ended: async () => (await closed)[0] as number | null,
  };
}

/** Runs a command to its end. */
export async function runCommand(...given: Parameters<typeof startCommand>) {
  const command = startCommand(...given);
  command.child.stdin?.end();
  const code = await command.ended();
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}
