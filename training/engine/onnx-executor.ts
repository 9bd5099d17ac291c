/**
 * Runs traced graphs on onnxruntime-node: one session for all sizes of rows. The frozen weights are its inputs on the CPU,
 * where inputs cost nothing, and lie in the session on a GPU, where they would be copied there for every row.
 * Providers: CPU, WebGPU, CUDA. Not here: which device is right (device.ts).
 */
import ort from 'onnxruntime-node';
import type { Batch } from '../data/batch.ts';
import { sizeInput } from '../graph/onnx/free-sizes.ts';
import { traceFree } from '../graph/onnx/trace.ts';
import { chunksOf } from '../graph/ops/cross-entropy.ts';
import type { Recomputation } from '../graph/ops/recompute.ts';
import { frozenInputs } from '../graph/parameters.ts';
import {
  type Bucket,
  batchInputs,
  evaluationStep,
  type StepDefinition,
  stepInputs,
  trainingStep,
} from '../graph/step.ts';
import type { Device, Executor, Problem } from './executor.ts';
import { viewOf } from './layout.ts';

export interface OnnxExecutorOptions {
  readonly device: Extract<Device, 'cpu' | 'webgpu' | 'cuda'>;
  readonly threads: number;
  readonly recompute: Recomputation;
  /** On a GPU: rows in one batch, 8 by default. Fewer, larger products, for more memory and padding. */
  readonly rowsAtOnce?: number;
  /** Whether sessions hold the frozen weights; by default, on a GPU. */
  readonly weightsInSession?: boolean;
}

/** Long rows have more blocks of attention and longer tables of positions. Rows up to a level share a graph. */
const levels = [
  { length: 1024, attentionBlocks: 4 },
  { length: 4096, attentionBlocks: 16 },
] as const;
const levelOf = (length: number) =>
  levels.find((level) => length <= level.length) ?? { length: Math.ceil(length / 4096) * 4096, attentionBlocks: 16 };
/** Primes for the sizes at which graphs are traced: no dimension of a model is a multiple of them. */
const blockPrimes = [101, 103, 107];
const chunkPrimes = [211, 223, 227];

/** SmolLM2-135M: about 4 GB for rows of 640 tokens. */
const rowsOnGpu = 8;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

export function createOnnxExecutor(problem: Problem, options: OnnxExecutorOptions): Executor {
  const { config, method, frozen, weights, layout, parameters } = problem;
  const { device, threads, recompute } = options;
  const { weightsInSession = device !== 'cpu' } = options;
  const sessions = new Map<string, ort.InferenceSession>();
  const scratch = new Float32Array(layout.size);
  const gradients: Record<string, ort.Tensor> = {};
  const constantFeeds: Record<string, ort.Tensor> = {};
  const stored = new Map<string, Float32Array | Int8Array>();
  for (const [name, { shape, type }] of Object.entries(frozenInputs(config, method, frozen))) {
    const weight = weights[name]!;
    if (weightsInSession) stored.set(`weight/${name}`, weight);
    else constantFeeds[`weight/${name}`] = new ort.Tensor(type as 'float32', weight as Float32Array, shape);
  }
  for (const place of layout.places) {
    constantFeeds[`trained/${place.name}`] = new ort.Tensor('float32', viewOf(parameters, place), place.shape);
    gradients[`gradient/${place.name}`] = new ort.Tensor('float32', viewOf(scratch, place), place.shape);
  }

  /** A graph for every length and number of targets of one level. */
  const sessionFor = async ({ rows, length, targets }: Bucket, backward: boolean): Promise<ort.InferenceSession> => {
    const level = levelOf(length);
    const chunks = chunksOf(targets);
    const key = [rows, level.length, chunks, backward].join(' ');
    const known = sessions.get(key);
    if (known) return known;
    const { attentionBlocks } = level;
    const compute = backward ? trainingStep : evaluationStep;
    const modelOptions = {
      attentionBlocks,
      recompute: backward ? recompute : ('nothing' as const),
      positions: level.length,
    };
    const sample = (i: number, j: number) => ({ blockRows: blockPrimes[i]!, chunkRows: chunkPrimes[j]! });
    const model = traceFree(
      [sample(0, 0), sample(1, 0), sample(0, 1), sample(2, 2)],
      (sizes) => {
        const bucket: Bucket = {
          rows,
          length: sizes.blockRows! * attentionBlocks,
          targets: sizes.chunkRows! * chunks,
        };
        const definition: StepDefinition = { config, method, bucket, options: modelOptions, frozen };
        return { inputs: stepInputs(definition), compute: (tensors) => compute(definition, tensors) };
      },
      { contrib: device !== 'webgpu' },
      stored,
    );
    const session = await ort.InferenceSession.create(model, {
      executionProviders: [device],
      // 'basic': the fusions above it cost minutes on such graphs and undo the order that frees activations early.
      graphOptimizationLevel: 'basic',
      ...(stored.size > 0 && { externalData: [...stored].map(([path, data]) => ({ path, data: bytesOf(data) })) }),
      enableMemPattern: false,
      enableCpuMemArena: true,
      intraOpNumThreads: threads,
      // The machine also answers questions.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      logSeverityLevel: 3,
    });
    sessions.set(key, session);
    return session;
  };

  const feedsOf = ({ bucket, arrays }: Batch): Record<string, ort.Tensor> => {
    const feeds = { ...constantFeeds };
    for (const [name, { shape, type }] of Object.entries(batchInputs(bucket)))
      feeds[name] = new ort.Tensor(type as 'float32', arrays[name] as Float32Array, shape);
    const sizes = {
      blockRows: bucket.length / levelOf(bucket.length).attentionBlocks,
      chunkRows: bucket.targets / chunksOf(bucket.targets),
    };
    for (const [name, size] of Object.entries(sizes))
      feeds[sizeInput(name)] = new ort.Tensor('int64', BigInt64Array.of(BigInt(size)), [1]);
    return feeds;
  };
  const lossOf = (results: ort.InferenceSession.ReturnType): number => (results.loss!.data as Float32Array)[0]!;

  return {
    device,
    rowsAtOnce: device === 'cpu' ? 1 : (options.rowsAtOnce ?? rowsOnGpu),
    async accumulate(batch, gradient) {
      const session = await sessionFor(batch.bucket, true);
      const loss = new ort.Tensor('float32', new Float32Array(1), []);
      const results = await session.run(feedsOf(batch), { loss, ...gradients });
      for (let i = 0; i < scratch.length; i += 1) gradient[i]! += scratch[i]!;
      return lossOf(results);
    },
    async evaluate(batch) {
      const session = await sessionFor(batch.bucket, false);
      return lossOf(await session.run(feedsOf(batch)));
    },
    async close() {
      for (const session of sessions.values()) await session.release();
      sessions.clear();
    },
  };
}
