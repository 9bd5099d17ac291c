/** What every engine of the comparison is asked, and a child process that answers such questions line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { megabytes } from '../memory.ts';

/** Tokens behind which rows decode, and how many each of them decodes. */
export const depth = 256;
export const decoded = 64;
/** Tokens of the prompt whose reading is measured. */
export const promptTokens = 512;
/** Ids that every vocabulary has; what they say doesn't matter for speed. */
export const tokenId = (i: number): number => 100 + ((i * 7919) % 20_000);

export interface Side {
  readonly name: string;
  /** Seconds from spawning the process to the first token of a short prompt; a process that serves the rest stays. */
  start(): Promise<number>;
  /** Tokens a second while reading one prompt. */
  prefill(): Promise<number>;
  /** Tokens a second of `batch` rows together, null where the engine has no batches. */
  decode(batch: number): Promise<number | null>;
  /** Milliseconds from a question of `depth` tokens to its first token, nothing of it cached. */
  firstToken(): Promise<number>;
  /** Of the serving process after batches, in MB. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

export interface LineProcess {
  readonly child: ChildProcess;
  ask(question: object): Promise<number>;
  stop(): Promise<void>;
}

/** A process that answers each JSON line with a JSON line `{value}`; it says one when it is ready. */
export async function lineProcess(command: string, args: readonly string[], cwd?: string): Promise<LineProcess> {
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<number> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ${args[0]} ended`);
    return (JSON.parse(value) as { value: number }).value;
  };
  await next();
  return {
    child,
    async ask(question) {
      child.stdin!.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    async stop() {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.stdin!.end();
      await gone;
    },
  };
}

/** A side whose worker process answers start, prefill, decode and firstToken. */
export function lineSide(name: string, batches: boolean, command: string, args: readonly string[]): Side {
  let process: LineProcess | null = null;
  return {
    name,
    async start() {
      await process?.stop();
      const began = performance.now();
      process = await lineProcess(command, args);
      return (performance.now() - began) / 1000;
    },
    prefill: () => process!.ask({ measure: 'prefill' }),
    decode: async (batch) => (batch > 1 && !batches ? null : process!.ask({ measure: 'decode', batch })),
    firstToken: () => process!.ask({ measure: 'firstToken' }),
    memory: async () => megabytes(process!.child.pid!),
    stop: async () => process?.stop(),
  };
}
