/** What every command shares: an operator, here or in the running server, and an exit code. */
import { loadConfig } from '../config.ts';
import { createDocent } from '../main.ts';
import type { Operator } from '../operator/contract.ts';
import { createLocalOperator } from '../operator/local.ts';
import { createRemoteOperator } from '../operator/remote.ts';
import { findServer } from '../operator/server-record.ts';
import { createLog } from './log.ts';
import { createDownloadBar, exitCodes, note } from './output.ts';

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
