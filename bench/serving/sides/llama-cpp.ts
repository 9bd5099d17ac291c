/**
 * llama.cpp: `llama-batched-bench` for what its library computes a second (no sampling, no HTTP), `llama-server` for
 * start-up, first token and memory.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { megabytes } from '../memory.ts';
import { decoded, depth, promptTokens, type Side, tokenId } from './side.ts';

const run = promisify(execFile);
/** Rows that the server keeps room for, as Docent does. */
const serverRows = 8;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
};

export interface LlamaServer {
  readonly url: string;
  readonly child: ChildProcess;
  complete(tokens: readonly number[], maxTokens: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts `llama-server` and waits until it takes requests. */
export async function startLlamaServer(
  binaries: string,
  model: string,
  threads: number,
  more: readonly string[] = [],
): Promise<LlamaServer> {
  const port = await freePort();
  const context = serverRows * (depth + decoded * 2);
  const args = ['-m', model, '-t', `${threads}`, '-c', `${context}`, '-np', `${serverRows}`, '--port', `${port}`];
  const child = spawn(join(binaries, 'llama-server'), [...args, '--no-webui', ...more], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error('llama-server ended');
    await sleep(5);
  }
  return {
    url,
    child,
    async complete(tokens, maxTokens) {
      const body = { prompt: tokens, n_predict: maxTokens, temperature: 0, cache_prompt: false, ignore_eos: true };
      const reply = await fetch(`${url}/completion`, { method: 'POST', body: JSON.stringify(body) });
      if (!reply.ok) throw new Error(await reply.text());
      await reply.json();
    },
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

export function llamaCpp(name: string, binaries: string, model: string, threads: number): Side {
  let server: LlamaServer | null = null;
  let salt = 0;
  const fresh = (length: number) => {
    salt += 1;
    return Array.from({ length }, (_, i) => tokenId(i === 0 ? salt : i));
  };
  const batchedBench = async (prompt: number, generated: number, batch: number) => {
    const args = ['-m', model, '-t', `${threads}`, '-c', '8192', '-b', '2048', '-ub', '512'];
    const sizes = ['-npp', `${prompt}`, '-ntg', `${generated}`, '-npl', `${batch}`, '--output-format', 'jsonl'];
    const { stdout } = await run(join(binaries, 'llama-batched-bench'), [...args, ...sizes]);
    const line = stdout.split('\n').find((text) => text.startsWith('{'))!;
    return JSON.parse(line) as { speed_pp: number; speed_tg: number };
  };
  return {
    name,
    async start() {
      await server?.stop();
      const began = performance.now();
      server = await startLlamaServer(binaries, model, threads);
      await server.complete(fresh(8), 1);
      return (performance.now() - began) / 1000;
    },
    prefill: async () => (await batchedBench(promptTokens, 1, 1)).speed_pp,
    decode: async (batch) => (await batchedBench(depth, decoded, batch)).speed_tg,
    async firstToken() {
      const began = performance.now();
      await server!.complete(fresh(depth), 1);
      return performance.now() - began;
    },
    async memory() {
      await Promise.all(Array.from({ length: serverRows }, () => server!.complete(fresh(depth), decoded)));
      return megabytes(server!.child.pid!);
    },
    stop: async () => server?.stop(),
  };
}
