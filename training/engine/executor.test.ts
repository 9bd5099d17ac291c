/** The executors against each other, branches against questions asked alone, and what happens to a device that fails. */
import { describe, expect, it } from 'vitest';
import { randomCheckpoint, tinyConfig } from '../../src/inference/checkpoint/random.ts';
import { randomNumbers } from '../../src/random.ts';
import { batchOf, inGroups } from '../data/batch.ts';
import { packRow } from '../data/row.ts';
import { type FrozenType, type Method, trainedShapes } from '../graph/parameters.ts';
import { checkGradients, chooseDevice, openExecutor } from './device.ts';
import type { Device, Problem } from './executor.ts';
import { readFrozen } from './frozen-weights.ts';
import { layoutOf } from './layout.ts';
import { createOnnxExecutor } from './onnx-executor.ts';

const method: Method = { kind: 'lora', rank: 4, alpha: 8, firstLayer: 0 };
const options = { threads: 1, recompute: 'nothing' } as const;
const checkpoint = randomCheckpoint(tinyConfig);
const layout = layoutOf(trainedShapes(tinyConfig, method));
const next = randomNumbers(9);
const parameters = Float32Array.from({ length: layout.size }, () => (next() - 0.5) * 0.3);
const problem = (frozen: FrozenType): Problem => ({
  config: tinyConfig,
  method,
  frozen,
  weights: readFrozen(checkpoint, frozen),
  layout,
  parameters,
});
const tokens = (count: number) => Int32Array.from({ length: count }, () => Math.floor(next() * tinyConfig.vocab));
const context = tokens(30);
const branches = [
  { question: tokens(7), answer: tokens(3), weight: 1 },
  { question: tokens(5), answer: tokens(6), weight: 1 },
  { question: tokens(9), answer: tokens(2), weight: 2 },
];

const gradientOf = async (device: Device, frozen: FrozenType, rows: Parameters<typeof batchOf>[0], answers: number) => {
  const executor = await openExecutor(problem(frozen), device, options);
  const gradient = new Float32Array(layout.size);
  const batch = batchOf(rows, answers);
  const loss = await executor.accumulate(batch, gradient);
  const evaluated = await executor.evaluate(batch);
  await executor.close();
  expect(evaluated).toBeCloseTo(loss, 5);
  return { loss, gradient };
};
const difference = (a: Float32Array, b: Float32Array): number => {
  const largest = a.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i]!)), 0) / largest;
};

describe('branches', () => {
  it('behind one context equal each question asked alone: loss and gradient', async () => {
    const packed = packRow(context, branches, 128)!;
    const together = await gradientOf('cpu', 'f32', [packed], packed.answers);
    let loss = 0;
    const sum = new Float32Array(layout.size);
    for (const branch of branches) {
      const alone = await gradientOf('cpu', 'f32', [packRow(context, [branch], 128)!], packed.answers);
      loss += alone.loss;
      alone.gradient.forEach((x, i) => {
        sum[i]! += x;
      });
    }
    expect(Math.abs(together.loss - loss) / loss).toBeLessThan(1e-5);
    expect(difference(sum, together.gradient)).toBeLessThan(1e-4);
  });

  it('several rows in a batch equal one row after the other', async () => {
    const rows = [packRow(context, branches, 128)!, packRow(tokens(20), branches.slice(1), 128)!];
    const answers = rows[0]!.answers + rows[1]!.answers;
    const together = await gradientOf('cpu', 'f32', rows, answers);
    const first = await gradientOf('cpu', 'f32', [rows[0]!], answers);
    const second = await gradientOf('cpu', 'f32', [rows[1]!], answers);
    expect(together.loss).toBeCloseTo(first.loss + second.loss, 4);
    const sum = first.gradient.map((x, i) => x + second.gradient[i]!);
    expect(difference(sum, together.gradient)).toBeLessThan(1e-4);
  });
  it('that do not fit are left out, and a context alone is no row', () => {
    expect(packRow(context, branches, 45)!.answers).toBe(1);
    expect(packRow(context, branches, 30)).toBeNull();
  });
});

describe('executors', () => {
  const row = packRow(context, branches, 128)!;
  it("tfjs's own CPU backend, run eagerly, equals the traced graph", async () => {
    const traced = await gradientOf('cpu', 'f32', [row], row.answers);
    const eager = await gradientOf('tfjs-cpu', 'f32', [row], row.answers);
    expect(eager.loss).toBeCloseTo(traced.loss, 4);
    expect(difference(traced.gradient, eager.gradient)).toBeLessThan(1e-5);
  });
  it('eight-bit weights give nearly the gradient of floats', async () => {
    expect(await checkGradients(tinyConfig, method, 'int8', 'cpu', options)).toBeNull();
  });
  it.each(['cheap', 'layers'] as const)('recomputed activations (%s) change nothing', async (recompute) => {
    const executor = await openExecutor(problem('f32'), 'cpu', { threads: 1, recompute });
    const gradient = new Float32Array(layout.size);
    await executor.accumulate(batchOf([row], row.answers), gradient);
    await executor.close();
    const kept = await gradientOf('cpu', 'f32', [row], row.answers);
    expect(difference(kept.gradient, gradient)).toBeLessThan(1e-5);
  });
});

describe('weights in the session', () => {
  it.each(['f32', 'int8'] as const)('give the gradient of weights that are inputs (%s)', async (frozen) => {
    const row = packRow(context, branches, 128)!;
    const gradientWith = async (weightsInSession: boolean) => {
      const executor = createOnnxExecutor(problem(frozen), {
        device: 'cpu',
        threads: 1,
        recompute: 'cheap',
        weightsInSession,
      });
      const gradient = new Float32Array(layout.size);
      await executor.accumulate(batchOf([row], row.answers), gradient);
      await executor.close();
      return gradient;
    };
    expect(difference(await gradientWith(false), await gradientWith(true))).toBeLessThan(1e-6);
  });
});

describe('groups of rows', () => {
  it('hold each row once, those of similar lengths together', () => {
    const rows = [9, 30, 12, 28, 11].map((count) => packRow(tokens(count), branches, 128)!);
    const groups = inGroups(rows, 2).map((group) => group.map((row) => rows.indexOf(row)));
    expect(groups).toEqual([[0, 4], [2, 3], [1]]);
    expect(inGroups(rows, 1)).toEqual(rows.map((row) => [row]));
  });
});

describe('devices', () => {
  it('one that is not there is replaced by the CPU, and it says why', async () => {
    const chosen = await chooseDevice(tinyConfig, method, { device: 'tfjs-node', frozen: 'f32' }, options);
    // With the native package installed it is used; its gradients were checked then.
    if (chosen.device === 'tfjs-node') expect(chosen.reason).toContain('gradients checked');
    else expect(chosen).toMatchObject({ device: 'cpu', reason: expect.stringContaining('tfjs-node not used') });
  });
  it('CUDA is checked before it is trusted', async () => {
    const chosen = await chooseDevice(tinyConfig, method, { device: 'cuda', frozen: 'f32' }, options);
    expect(chosen.reason).toMatch(chosen.device === 'cuda' ? /gradients checked on cuda/ : /cuda not used/);
  });
});
