import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDocentError } from '../src/errors.ts';
import { startTraining, type TrainingEvent } from '../src/learn/training-process.ts';
import { createYielding } from '../src/learn/yielding.ts';
import { testSettings } from '../training/engine/testing.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'docent-run-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (name: string, changes: Readonly<Record<string, unknown>> = {}) => {
  const events: TrainingEvent[] = [];
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return { events, run: startTraining(testSettings(path, changes), path, (event) => events.push(event)) };
};
const failureOf = (done: Promise<unknown>) =>
  done.then(
    () => null,
    (error: unknown) => error,
  );
const stateOf = (pid: number): string =>
  execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
    .toString()
    .trim();
const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(20);
};

describe('a training process', () => {
  it('tells its steps and ends with an adapter', async () => {
    const { run, events } = start('whole', { tokens: 3000 });
    const { adapter, progress } = await run.done;
    expect(adapter).toBe(join(folder, 'whole', 'run', 'adapter'));
    expect(progress.steps).toBe(events.filter(({ type }) => type === 'step').length);
  });

  it('runs at low priority, stands still while paused and goes on', async () => {
    const { run, events } = start('paused', { tokens: 1_000_000 });
    const steps = () => events.filter(({ type }) => type === 'step').length;
    await until(() => steps() >= 2);
    expect(stateOf(run.pid!)).toContain('N');
    const yielding = createYielding(run, { quietMs: 50 });
    const [first, second] = [yielding.begin(), yielding.begin()];
    await until(() => stateOf(run.pid!).startsWith('T'));
    await sleep(100); // what it wrote before is read
    const before = steps();
    await sleep(400);
    expect(steps()).toBe(before);
    first();
    await sleep(150);
    expect(stateOf(run.pid!)).toMatch(/^T/); // somebody else still waits
    second();
    await until(() => steps() > before);
    run.cancel();
    expect(isDocentError(await failureOf(run.done), 'CANCELLED')).toBe(true);
  });

  it('is resumed by its watchdog when nobody says that the answer was given', async () => {
    const calls: string[] = [];
    const yielding = createYielding(
      { pause: () => calls.push('pause'), resume: () => calls.push('resume') },
      { longestPauseMs: 30 },
    );
    yielding.begin();
    await until(() => calls.length === 2);
    expect(calls).toEqual(['pause', 'resume']);
    yielding.begin();
    expect(calls).toEqual(['pause', 'resume', 'pause']);
    yielding.close();
    yielding.begin();
    expect(calls).toEqual(['pause', 'resume', 'pause', 'resume']);
  });

  it('says what it failed with; killed, it says so and goes on later', async () => {
    const { run } = start('bad', { examples: join(folder, 'nowhere.jsonl') });
    expect(isDocentError(await failureOf(run.done), 'EXAMPLES_INVALID')).toBe(true);
    const { run: killed, events } = start('killed', { tokens: 1_000_000 });
    await until(() => events.some(({ type }) => type === 'saved'));
    process.kill(killed.pid!, 'SIGKILL');
    expect(isDocentError(await failureOf(killed.done), 'TRAINING_FAILED')).toBe(true);
    const { run: again, events: later } = start('killed', { tokens: 1_000_000 });
    await until(() => later.some(({ type }) => type === 'step'));
    expect(later[0]).toMatchObject({ type: 'start', resumedAt: expect.any(Number) });
    again.cancel();
    await failureOf(again.done);
  });
});
