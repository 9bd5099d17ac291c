/** kill -9 in each phase of a learning run: the next process goes on with it, and ends as if nothing had happened. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../src/learn/contract.ts';

const script = fileURLToPath(new URL('./learning-run.ts', import.meta.url));
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'docent-kill-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const run = (name: string, phase?: string) =>
  new Promise<{ readonly signal: string | null; readonly result: RunResult | null }>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, home, name, ...(phase ? [phase] : [])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (bytes) => {
      out += bytes;
    });
    child.on('error', reject);
    // Not `close`: a training process that outlives its parent would hold the pipe.
    child.on('exit', (_, signal) => resolve({ signal, result: signal ? null : (JSON.parse(out) as RunResult) }));
  });

describe('a run that is killed', () => {
  let undisturbed: RunResult;
  beforeAll(async () => {
    undisturbed = (await run('undisturbed')).result!;
    expect(undisturbed.decision).toBe('promoted');
  }, 120_000);

  test.each(['writing', 'training', 'judging'])(
    'while %s goes on, and decides the same',
    { timeout: 120_000 },
    async (phase) => {
      expect((await run(phase, phase)).signal).toBe('SIGKILL');
      const { result } = await run(phase);
      expect(result).toMatchObject({
        decision: 'promoted',
        reason: undisturbed.reason,
        dataset: undisturbed.dataset,
        gate: undisturbed.gate,
        train: { steps: undisturbed.train!.steps, tokens: undisturbed.train!.tokens },
      });
    },
  );
});
