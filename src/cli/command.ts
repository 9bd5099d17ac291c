/** What every command shares: an operator, here or in the running server, and an exit code. */
import { loadConfig } from '../config.ts';
import { createDocent } from '../main.ts';
import type { Operator } from '../operator/contract.ts';
import { createLocalOperator } from '../operator/local.ts';
import { createRemoteOperator } from '../operator/remote.ts';
import { findServer } from '../operator/server-record.ts';
import { createLog } from './log.ts';
import { createDownloadBar, exitCodes, note, printJson } from './output.ts';

export interface Json {
  readonly json?: boolean;
}

/** Runs one command against the running server, or starts what it needs here and stops it afterwards. */
export async function withOperator(run: (operator: Operator) => Promise<number>): Promise<number> {
  const config = loadConfig();
  const server = await findServer(config.home);
  if (server) return run(createRemoteOperator(server));
  const bar = createDownloadBar();
  const docent = createDocent({ config, log: createLog(config, true), onDownload: bar.update, onNote: note });
  const interrupt = () => void docent.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await run(createLocalOperator({ docent }));
  } finally {
    bar.stop();
    await docent.stop();
  }
}

let code: number = exitCodes.done;
/** Of the command that ran. */
export const exitCode = (): number => code;

/** A command's action, which returns its exit code. */
export const action =
  <A extends unknown[]>(run: (...args: A) => Promise<number>) =>
  async (...args: A): Promise<void> => {
    code = await run(...args);
  };

/**
 * The action of a command that asks the operator one thing and prints what it says: as JSON with `--json`, else as lines.
 * @param ask gets the operator, then the arguments and the options as commander gives them.
 */
export const printing = <A extends unknown[], R>(
  ask: (operator: Operator, ...args: A) => Promise<R>,
  lines: (result: R, ...args: readonly unknown[]) => readonly string[],
) =>
  action((...given: unknown[]) =>
    withOperator(async (operator) => {
      // The last one is the command itself.
      const args = given.slice(0, -1) as A;
      const result = await ask(operator, ...args);
      if ((args.at(-1) as Json).json) printJson(result);
      else for (const line of lines(result, ...args)) console.log(line);
      return exitCodes.done;
    }),
  );
