/**
 * Which executor runs: the one that was asked for if its gradients are right on this machine, else the CPU with the
 * reason. `auto` is CUDA where its libraries load, else the CPU.
 */
import { reasonOf } from '../../src/errors.ts';
import type { ModelConfig } from '../../src/inference/checkpoint/model-config.ts';
import { randomCheckpoint } from '../../src/inference/checkpoint/random.ts';
import { hasCudaLibraries } from '../../src/inference/runtime/ort-api.ts';
import { randomNumbers } from '../../src/random.ts';
import { batchOf } from '../data/batch.ts';
import { packRow } from '../data/row.ts';
import type { Recomputation } from '../graph/ops/recompute.ts';
import { type FrozenType, type Method, trainedShapes } from '../graph/parameters.ts';
import { createEagerExecutor } from './eager-executor.ts';
import type { Device, Executor, Problem } from './executor.ts';
import { readFrozen } from './frozen-weights.ts';
import { layoutOf } from './layout.ts';
import { createOnnxExecutor } from './onnx-executor.ts';
import { startParameters } from './start-parameters.ts';

export interface DeviceOptions {
  readonly threads: number;
  readonly recompute: Recomputation;
  /** On a GPU: rows in one batch; 8 by default. */
  readonly rowsAtOnce?: number;
}

export const openExecutor = async (problem: Problem, device: Device, options: DeviceOptions): Promise<Executor> =>
  device === 'cpu' || device === 'webgpu' || device === 'cuda'
    ? createOnnxExecutor(problem, { device, ...options })
    : createEagerExecutor(problem, device);

/** Largest difference that rounding in another order makes, relative to the largest gradient. */
const floatTolerance = 1e-3;
/** Products of CUDA have mantissas of 10 bits (TF32): measured on an H200, error .004 and 1 − cosine 6e-6. */
const tensorFloat = { error: 0.01, cosine: 0.9999 } as const;
/** Eight bits change each gradient a little; what is left must still point the same way. */
const eightBitCosine = 0.97;

/** A model of two narrow layers with the real one's features, and a row with branches. */
function tinyProblem(config: ModelConfig, method: Method, frozen: FrozenType) {
  const headDim = 16;
  const heads = Math.max(2, Math.round(config.heads / config.kvHeads) * 2);
  const tiny = {
    ...config,
    layers: 2,
    hidden: 64,
    heads,
    kvHeads: 2,
    headDim,
    ffn: 96,
    vocab: 160,
    ropeScaling: { kind: 'none' } as const,
  };
  const small: Method = method.kind === 'lora' ? { kind: 'lora', rank: 4, alpha: 8, firstLayer: 0 } : method;
  const checkpoint = randomCheckpoint(tiny, 11);
  const layout = layoutOf(trainedShapes(tiny, small));
  const next = randomNumbers(5);
  const parameters =
    small.kind === 'full'
      ? startParameters(checkpoint, small, layout, null, 0)
      : Float32Array.from({ length: layout.size }, () => (next() * 2 - 1) * 0.2);
  const tokens = (count: number) => Int32Array.from({ length: count }, () => Math.floor(next() * tiny.vocab));
  const branch = () => ({ question: tokens(8), answer: tokens(5), weight: 1 });
  const row = packRow(tokens(24), [branch(), branch()], 64)!;
  const problem = (type: FrozenType): Problem => ({
    config: tiny,
    method: small,
    frozen: type,
    weights: readFrozen(checkpoint, type),
    layout,
    parameters,
  });
  return { problem, batch: batchOf([row], row.answers), asked: frozen };
}

export interface GradientDifference {
  /** Largest difference, relative to the largest gradient. */
  readonly error: number;
  readonly cosine: number;
}

/** A tiny model's gradients on the device against those of the CPU with float weights. @throws Error of the device. */
export async function compareGradients(
  config: ModelConfig,
  method: Method,
  frozen: FrozenType,
  device: Device,
  options: DeviceOptions,
): Promise<GradientDifference> {
  const { problem, batch, asked } = tinyProblem(config, method, frozen);
  const gradientOn = async (on: Device, type: FrozenType) => {
    const given = problem(type);
    const executor = await openExecutor(given, on, options);
    try {
      const gradient = new Float32Array(given.layout.size);
      await executor.accumulate(batch, gradient);
      return gradient;
    } finally {
      await executor.close();
    }
  };
  const expected = await gradientOn('cpu', 'f32');
  const actual = await gradientOn(device, asked);
  let [dot, ours, theirs, worst, largest] = [0, 0, 0, 0, 0];
  for (let i = 0; i < expected.length; i += 1) {
    dot += expected[i]! * actual[i]!;
    theirs += expected[i]! ** 2;
    ours += actual[i]! ** 2;
    worst = Math.max(worst, Math.abs(expected[i]! - actual[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return { error: worst / largest, cosine: dot / Math.sqrt(ours * theirs) };
}

/** @returns null when the device's gradients are right, else what is wrong. */
export async function checkGradients(
  config: ModelConfig,
  method: Method,
  frozen: FrozenType,
  device: Device,
  options: DeviceOptions,
): Promise<string | null> {
  try {
    const { error, cosine } = await compareGradients(config, method, frozen, device, options);
    if (frozen === 'int8')
      return cosine >= eightBitCosine ? null : `gradients in eight bits are off: cosine ${cosine.toFixed(4)}`;
    if (device === 'cuda' && error <= tensorFloat.error && cosine >= tensorFloat.cosine) return null;
    return error <= floatTolerance ? null : `gradients differ from the CPU's by ${error.toExponential(1)}`;
  } catch (error) {
    return reasonOf(error).split('\n')[0]!;
  }
}

export interface ChosenDevice {
  readonly device: Device;
  readonly frozen: FrozenType;
  /** One line for people. */
  readonly reason: string;
}

/** Never throws: what does not work is said, and the CPU with float weights always does. */
export async function chooseDevice(
  config: ModelConfig,
  method: Method,
  wanted: { readonly device: Device | 'auto'; readonly frozen: FrozenType },
  options: DeviceOptions,
): Promise<ChosenDevice> {
  const frozen = method.kind === 'full' ? 'f32' : wanted.frozen;
  const candidates: { device: Device; frozen: FrozenType }[] = [];
  if (wanted.device === 'auto') {
    // Trying CUDA without its libraries only prints native errors.
    if (hasCudaLibraries()) candidates.push({ device: 'cuda', frozen: 'f32' });
  } else if (wanted.device !== 'cpu') candidates.push({ device: wanted.device, frozen: 'f32' });
  candidates.push({ device: 'cpu', frozen });
  const failures: string[] = [];
  for (const candidate of candidates) {
    if (candidate.device === 'cpu' && candidate.frozen === 'f32') break;
    const failure = await checkGradients(config, method, candidate.frozen, candidate.device, options);
    if (failure === null)
      return { ...candidate, reason: [`gradients checked on ${candidate.device}`, ...failures].join('; ') };
    failures.push(
      `${candidate.device}${candidate.frozen === 'int8' ? ' with eight-bit weights' : ''} not used: ${failure}`,
    );
  }
  return { device: 'cpu', frozen: 'f32', reason: failures.length ? failures.join('; ') : 'cpu, float weights' };
}
