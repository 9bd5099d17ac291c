/**
 * Reads uploads in child processes: a parser that hangs, crashes or eats memory takes only its own file along.
 * Knows processes and limits; which formats there are is `formats.ts`.
 */
import type { ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { forkModule } from '../../child.ts';
import { DocentError, reasonOf } from '../../errors.ts';
import type { ExtractReply, ExtractRequest } from './protocol.ts';
import type { ExtractedFile } from './read.ts';

export { type Format, formatOfName, formats, isCodeName } from './formats.ts';
export type { ExtractedFile } from './read.ts';

export interface ExtractorSettings {
  /** A file that takes longer is given up: FILE_TIMEOUT. */
  readonly timeoutSeconds: number;
  /** Larger files are refused before they are read: FILE_TOO_LARGE. */
  readonly maxBytes: number;
  /** JavaScript heap of a child; beyond it (or twice as much in all) the file is refused. */
  readonly memoryMb?: number;
}

export type ExtractSource = { readonly name: string } & (
  | { readonly filePath: string }
  | { readonly bytes: Uint8Array }
);

export interface DocumentExtractor {
  /** @throws DocentError FILE_… */
  extract(source: ExtractSource): Promise<ExtractedFile>;
  /** Ends the children; files under way are refused as damaged. Idempotent. */
  stop(): Promise<void>;
}

/** Two cores are all that a small machine has, and questions come first. */
const maxChildren = 2;
/** Parsers' objects are several times the file; 768 MB reads a 50 MB workbook. */
const defaultMemoryMb = 768;
/** A child is kept warm this long (loading parsers costs some 300 ms). */
const idleMs = 60_000;
/** A child that hasn't said hello by then never will. */
const startMs = 30_000;
const megabyte = 1024 * 1024;

interface Child {
  readonly process: ChildProcess;
  readonly ready: Promise<void>;
  readonly exited: Promise<string>;
  idleTimer: NodeJS.Timeout | null;
}

export function createExtractor({
  timeoutSeconds,
  maxBytes,
  memoryMb = defaultMemoryMb,
}: ExtractorSettings): DocumentExtractor {
  const idle: Child[] = [];
  const all = new Set<Child>();
  const waiting: (() => void)[] = [];
  let busy = 0;
  let stopped = false;
  let nextId = 1;

  function startChild(): Child {
    const forked = forkModule(import.meta.url, './worker', {
      execArgv: [`--max-old-space-size=${memoryMb}`],
      // Nothing of this process's settings: tokens stay here.
      env: {
        PATH: process.env.PATH ?? '',
        NODE_ENV: process.env.NODE_ENV ?? '',
        // Where the TypeScript loader keeps its cache, when run from source.
        TMPDIR: process.env.TMPDIR ?? '',
        DOCENT_EXTRACT_MAX_RSS: String(2 * memoryMb * megabyte),
      },
      // Parsers warn on stderr about details of documents; out-of-memory traces land there too. Neither is for our log.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const exited = new Promise<string>((resolve) => {
      forked.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      forked.once('error', (error) => resolve(reasonOf(error)));
    });
    const ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the reading process did not start')), startMs);
      forked.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
      void exited.then((how) => {
        clearTimeout(timer);
        reject(new Error(`the reading process ended at start (${how})`));
      });
    });
    ready.catch(() => undefined);
    const child: Child = { process: forked, ready, exited, idleTimer: null };
    all.add(child);
    void exited.then(() => {
      all.delete(child);
      const at = idle.indexOf(child);
      if (at >= 0) idle.splice(at, 1);
    });
    return child;
  }

  const kill = (child: Child): void => {
    if (child.idleTimer) clearTimeout(child.idleTimer);
    child.process.kill('SIGKILL');
  };

  function takeChild(): Child {
    const child = idle.pop() ?? startChild();
    if (child.idleTimer) clearTimeout(child.idleTimer);
    child.idleTimer = null;
    child.process.ref();
    child.process.channel?.ref();
    return child;
  }

  function giveBack(child: Child): void {
    if (stopped || child.process.exitCode !== null || child.process.signalCode !== null) {
      kill(child);
      return;
    }
    // A waiting child must not keep a finished command from ending.
    child.process.unref();
    child.process.channel?.unref();
    child.idleTimer = setTimeout(() => kill(child), idleMs);
    child.idleTimer.unref();
    idle.push(child);
  }

  /** One file in one child; the child goes back when it answered, and is killed when it didn't. */
  async function run(request: ExtractRequest): Promise<ExtractedFile> {
    const { name } = request;
    const child = takeChild();
    let timer: NodeJS.Timeout | undefined;
    try {
      await child.ready;
      const reply = await new Promise<ExtractReply>((resolve, reject) => {
        const onMessage = (message: ExtractReply): void => {
          if (!('id' in message) || message.id !== request.id) return;
          child.process.off('message', onMessage);
          resolve(message);
        };
        child.process.on('message', onMessage);
        timer = setTimeout(
          () => reject(new DocentError('FILE_TIMEOUT', { name, seconds: timeoutSeconds })),
          timeoutSeconds * 1000,
        );
        void child.exited.then(() =>
          reject(new DocentError('FILE_DAMAGED', { name, reason: 'reading it crashed or needed too much memory' })),
        );
        child.process.send(request, (error) => {
          if (error) reject(new DocentError('FILE_DAMAGED', { name, reason: reasonOf(error) }));
        });
      });
      giveBack(child);
      if ('error' in reply) throw new DocentError(reply.error.code, { ...reply.error.details, name });
      if ('result' in reply) return reply.result;
      throw new DocentError('FILE_DAMAGED', { name, reason: 'no answer' });
    } catch (error) {
      if (!idle.includes(child)) kill(child);
      throw error instanceof DocentError ? error : new DocentError('FILE_DAMAGED', { name, reason: reasonOf(error) });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for one of the places; first come, first served. */
  async function inPlace<T>(work: () => Promise<T>): Promise<T> {
    if (busy >= maxChildren) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy--;
    }
  }

  async function sizeOf(source: ExtractSource): Promise<number> {
    if ('bytes' in source) return source.bytes.length;
    try {
      return (await stat(source.filePath)).size;
    } catch (error) {
      throw new DocentError('FILE_DAMAGED', { name: source.name, reason: reasonOf(error) });
    }
  }

  return {
    async extract(source) {
      const { name } = source;
      const size = await sizeOf(source);
      if (size === 0) throw new DocentError('FILE_EMPTY', { name });
      if (size > maxBytes) {
        const inMegabytes = (bytes: number): number => Math.ceil((bytes / megabyte) * 10) / 10;
        throw new DocentError('FILE_TOO_LARGE', {
          name,
          megabytes: inMegabytes(size),
          limit: inMegabytes(maxBytes),
        });
      }
      return inPlace(() => {
        if (stopped) throw new DocentError('CANCELLED');
        return run({ ...source, id: nextId++ });
      });
    },
    async stop() {
      stopped = true;
      const children = [...all];
      for (const child of children) kill(child);
      await Promise.all(children.map((child) => child.exited));
    },
  };
}
