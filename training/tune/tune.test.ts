import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortRun } from '../../src/learn/short-run.ts';
import type { TrainingEvent } from '../engine/events.ts';
import { chooseLambda } from '../engine/interpolate.ts';
import { runTraining } from '../engine/run.ts';
import { testSettings, writeTestExamples } from '../engine/testing.ts';
import { successiveHalving } from './halving.ts';
import { chooseRate, rangeTest } from './range-test.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'docent-tune-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('range test', () => {
  it('takes a third of the rate where the loss is lowest, and stops at divergence', () => {
    const losses = Array.from({ length: 40 }, (_, i) => {
      const rate = 1e-5 * 10 ** (i / 8);
      return { rate, loss: rate > 0.05 ? 50 : 5 - Math.log10(rate / 1e-5) };
    });
    const { rate, points, source } = chooseRate(losses);
    expect(rate).toBeGreaterThan(0.005);
    expect(rate).toBeLessThan(0.03);
    expect(points.length).toBeLessThan(losses.length);
    expect(source).toContain('range test');
    expect(() => chooseRate([{ rate: 1, loss: Number.NaN }])).toThrow('no finite loss');
  });
  it('runs on a model', async () => {
    const result = await rangeTest(testSettings(join(folder, 'range'), { tokens: 12_000 }), 1e-4, 1);
    expect(result.points[0]!.rate).toBeLessThan(3e-4);
    expect(result.rate).toBeGreaterThan(1e-4);
    expect(result.rate).toBeLessThan(1);
  });
});

it('successive halving keeps the setting that learns', async () => {
  const settings = testSettings(join(folder, 'halving'), {
    dev: writeTestExamples(join(folder, 'dev.jsonl'), 4),
    tokens: 12_000,
    evaluateEvery: 3,
  });
  const rate = (value: number) => ({
    name: `rate ${value}`,
    changes: { schedule: { kind: 'constant' as const, rate: value, warmup: 0, floor: 1 } },
  });
  const { best, rungs } = await successiveHalving(settings, [rate(1e-7), rate(0.01), rate(1e-6), rate(1e-5)]);
  expect(best.name).toBe('rate 0.01');
  expect(rungs.map(({ scores }) => scores.length)).toEqual([4, 2]);
  expect(rungs[1]!.tokens).toBe(12_000);
});

it('short runs look their settings up, and say where they come from', () => {
  for (const contexts of [1, 24, 60, 5_000]) {
    const { rate, epochs, source } = shortRun(contexts);
    expect(rate).toBeGreaterThan(1e-5);
    expect(rate).toBeLessThan(1e-2);
    expect(epochs).toBeGreaterThanOrEqual(1);
    expect(source).toContain(`asked for ${contexts}`);
  }
});

describe('λ', () => {
  it('is the one with the lowest loss, and the parameters are left there', async () => {
    const parameters = new Float32Array(1);
    const score = async () => (parameters[0]! - 0.45) ** 2;
    const result = await chooseLambda(Float32Array.of(0), Float32Array.of(1), parameters, score);
    expect(result.lambda).toBe(0.5);
    expect(parameters[0]).toBe(0.5);
  });
  it('is chosen at the end of a run', async () => {
    const first = await runTraining(testSettings(join(folder, 'first'), { tokens: 4000 }), () => undefined);
    const events: TrainingEvent[] = [];
    const settings = testSettings(join(folder, 'second'), {
      start: first.adapter,
      dev: writeTestExamples(join(folder, 'dev2.jsonl'), 3),
      interpolate: true,
      tokens: 4000,
    });
    await runTraining(settings, (event) => events.push(event));
    expect(events.find(({ type }) => type === 'lambda')).toMatchObject({ source: expect.stringContaining('λ 0:') });
  });
});
