/** Whole runs of a tiny model: what they learn, that a kill changes nothing, and what bad input ends in. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAdapter } from '../../src/inference/checkpoint/adapter.ts';
import { writeTinyAdapter } from '../../src/inference/testing.ts';
import type { TrainingEvent } from './events.ts';
import { runTraining } from './run.ts';
import type { RunSettings } from './settings.ts';
import { testConfig, testSettings, writeTestExamples } from './testing.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'docent-training-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (settings: RunSettings) => {
  const events: TrainingEvent[] = [];
  const result = await runTraining(settings, (event) => events.push(event));
  return { events, result };
};
const eventsOf = <T extends TrainingEvent['type']>(events: readonly TrainingEvent[], type: T) =>
  events.filter((event): event is Extract<TrainingEvent, { type: T }> => event.type === type);

/** The training process as the product starts it. */
function child(settingsFile: string): ChildProcess {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  return spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, settingsFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe('a run', () => {
  it('learns, scores dev, keeps the best and writes an adapter that PEFT reads', async () => {
    const settings = testSettings(join(folder, 'learn'), {
      dev: writeTestExamples(join(folder, 'dev.jsonl'), 6),
      evaluateEvery: 5,
      tokens: 40_000,
    });
    const { events, result } = await run(settings);
    const [first, ...others] = eventsOf(events, 'dev');
    expect(Math.min(...others.map(({ loss }) => loss))).toBeLessThan(first!.loss / 2);
    expect(eventsOf(events, 'step').at(-1)!.share).toBe(1);
    expect(result.progress.tokens).toBeGreaterThanOrEqual(settings.tokens);
    expect(readAdapter(result.adapter, testConfig).pairs.size).toBe(14);
    const config = JSON.parse(readFileSync(join(result.adapter, 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ peft_type: 'LORA', r: 4, lora_alpha: 8 });
  });

  it('stops when dev does not get better for a while', async () => {
    const settings = testSettings(join(folder, 'patience'), {
      dev: writeTestExamples(join(folder, 'dev2.jsonl'), 2),
      schedule: { kind: 'constant', rate: 1e-12, warmup: 0, floor: 1 },
      evaluateEvery: 1,
      patience: 3,
      tokens: 10_000_000,
    });
    const { result } = await run(settings);
    expect(result.progress.steps).toBeLessThan(40);
  });

  it('trains eight-bit frozen weights to nearly the same loss', async () => {
    const losses = [];
    for (const frozen of ['f32', 'int8']) {
      const { result, events } = await run(testSettings(join(folder, `frozen-${frozen}`), { frozen, tokens: 40_000 }));
      expect(eventsOf(events, 'start')[0]!.frozen).toBe(frozen);
      losses.push(result.progress.lastLoss!);
    }
    expect(Math.abs(losses[0]! - losses[1]!)).toBeLessThan(0.3);
  });

  it('leaves layers below the first trained one as the starting adapter has them', async () => {
    const start = writeTinyAdapter(join(folder, 'start'), 3, 4, testConfig);
    const settings = testSettings(join(folder, 'upper'), {
      start,
      method: { kind: 'lora', rank: 4, alpha: 8, firstLayer: 1 },
      tokens: 2000,
    });
    const { result } = await run(settings);
    const [before, after] = [readAdapter(start, testConfig), readAdapter(result.adapter, testConfig)];
    for (const [key, { a, b }] of before.pairs) {
      const same = [...a.data, ...b.data].every(
        (x, i) => x === [...after.pairs.get(key)!.a.data, ...after.pairs.get(key)!.b.data][i],
      );
      expect(same, key).toBe(key.startsWith('0.'));
    }
  });

  it('leaves out steps whose gradient is not finite', async () => {
    const settings = testSettings(join(folder, 'nan'), {
      schedule: { kind: 'constant', rate: 1e30, warmup: 0, floor: 1 },
      tokens: 6000,
    });
    const { result } = await run(settings);
    expect(result.progress.skipped).toBeGreaterThan(0);
    expect(result.progress.finished).toBe(true);
  });

  it('killed ten times, ends with the same bits', async () => {
    const undisturbed = testSettings(join(folder, 'calm'), {
      saveEvery: 1,
      tokens: 30_000,
      dev: writeTestExamples(join(folder, 'dev3.jsonl'), 2),
      evaluateEvery: 4,
    });
    const { result } = await run(undisturbed);
    const disturbed = { ...undisturbed, output: join(folder, 'killed') };
    const file = join(folder, 'killed.json');
    writeFileSync(file, JSON.stringify(disturbed));
    const resumedAt: (number | null)[] = [];
    for (let kill = 0; kill < 10; kill += 1) {
      const process_ = child(file);
      let steps = 0;
      for await (const line of createInterface({ input: process_.stdout! })) {
        const event = JSON.parse(line) as TrainingEvent;
        if (event.type === 'start') resumedAt.push(event.resumedAt);
        if (event.type === 'step') steps += 1;
        // Behind a step and in front of its state being saved, or the other way round.
        if (steps >= 1 + (kill % 2)) process_.kill('SIGKILL');
      }
    }
    expect(new Set(resumedAt).size).toBeGreaterThan(3);
    await new Promise((resolve) => child(file).once('exit', resolve));
    const weights = (output: string) => readFileSync(join(output, 'adapter', 'adapter_model.safetensors'));
    expect(weights(disturbed.output).equals(weights(undisturbed.output))).toBe(true);
    expect(result.progress.steps).toBeGreaterThan(10);
  });
});

describe('bad input ends in one clear error', () => {
  const failure = async (name: string, changes: Readonly<Record<string, unknown>>) => {
    const settings = testSettings(join(folder, name), changes);
    return run(settings).then(
      () => 'nothing',
      (error: Error) => error.message,
    );
  };
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('no examples', async () => {
    expect(await failure('empty', { examples: file('empty.jsonl', '\n') })).toContain('it holds no examples');
    expect(await failure('missing', { examples: join(folder, 'nowhere.jsonl') })).toContain('ENOENT');
  });
  it('a broken line', async () => {
    expect(await failure('broken', { examples: file('broken.jsonl', '{"pieces":[]') })).toContain('line 1');
    expect(
      await failure('shape', { examples: file('shape.jsonl', '{"pieces":[{"text":"a"}],"questions":[]}') }),
    ).toContain('line 1');
  });
  it('examples that cannot be answered from their passage', async () => {
    const line = JSON.stringify({
      pieces: [{ text: 'a b', start: 0, end: 3 }],
      questions: [{ question: 'q', form: 'span', spans: [[90, 95]] }],
    });
    expect(await failure('unanswerable', { examples: file('unanswerable.jsonl', line) })).toContain(
      'no example has a question',
    );
  });
  it('rows longer than the model reads', async () => {
    expect(await failure('long', { maxLength: 4096 })).toContain("exceed the model's context of 1024");
  });
  it('an adapter of another rank, and a damaged one', async () => {
    const start = writeTinyAdapter(join(folder, 'rank8'), 3, 8, testConfig);
    expect(await failure('rank', { start })).toContain('its rank is 8, this run trains rank 4');
    writeFileSync(join(start, 'adapter_model.safetensors'), 'not weights');
    expect(await failure('damaged', { start })).toContain('cannot be used');
  });
  it('a damaged checkpoint', async () => {
    const path = join(folder, 'damaged-base');
    mkdirSync(path);
    writeFileSync(join(path, 'config.json'), '{');
    writeFileSync(join(path, 'tokenizer.json'), '{');
    expect(await failure('base', { base: { path, name: 'x', sha256: null } })).toMatch(/damaged|cannot|corrupt/i);
  });
  it('the process says it as an event', async () => {
    const settings = file('bad-settings.json', '{"tokens":-1}');
    const process_ = child(settings);
    const lines: string[] = [];
    for await (const line of createInterface({ input: process_.stdout! })) lines.push(line);
    expect(JSON.parse(lines[0]!)).toMatchObject({ type: 'failed', code: 'SETTING_INVALID' });
  });
});
