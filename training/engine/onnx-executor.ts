/**
 * Runs traced graphs on onnxruntime-node: one session per bucket, the frozen weights shared by all of them as inputs.
 * Providers: CPU, WebGPU, CUDA. Not here: which device is right (device.ts).
 */
import ort from 'onnxruntime-node';
import type { Batch } from '../data/batch.ts';
import { trace } from '../graph/onnx/trace.ts';
import type { Recomputation } from '../graph/ops/recompute.ts';
import type { InputShapes } from '../graph/parameters.ts';
import { type Bucket, evaluationStep, type StepDefinition, stepInputs, trainingStep } from '../graph/step.ts';
import type { Device, Executor, Problem } from './executor.ts';
import { viewOf } from './layout.ts';

export interface OnnxExecutorOptions {
  readonly device: Extract<Device, 'cpu' | 'webgpu' | 'cuda'>;
  readonly threads: number;
  readonly recompute: Recomputation;
}

/** Queries are cut into blocks of this many, so that the half of the scores that nobody may see is mostly not computed. */
const attentionBlockRows = 128;
/** Sessions kept: each holds a graph of several thousand nodes. */
const maxSessions = 24;

interface Program {
  readonly session: ort.InferenceSession;
  readonly inputs: InputShapes;
}

const blocksFor = (length: number): number => (length % attentionBlockRows === 0 ? length / attentionBlockRows : 1);

export function createOnnxExecutor(problem: Problem, options: OnnxExecutorOptions): Executor {
  const { config, method, frozen, weights, layout, parameters } = problem;
  const { device, threads, recompute } = options;
  const programs = new Map<string, Program>();
  const shared = new Map<string, ort.Tensor>();
  const scratch = new Float32Array(layout.size);
  const gradients: Record<string, ort.Tensor> = {};
  for (const place of layout.places) {
    shared.set(`trained/${place.name}`, new ort.Tensor('float32', viewOf(parameters, place), place.shape));
    gradients[`gradient/${place.name}`] = new ort.Tensor('float32', viewOf(scratch, place), place.shape);
  }

  const program = async (bucket: Bucket, backward: boolean): Promise<Program> => {
    const key = [bucket.rows, bucket.length, bucket.targets, backward].join(' ');
    const known = programs.get(key);
    if (known) {
      // The map keeps the order of use.
      programs.delete(key);
      programs.set(key, known);
      return known;
    }
    const modelOptions = {
      attentionBlocks: blocksFor(bucket.length),
      recompute: backward ? recompute : 'nothing',
    } as const;
    const definition: StepDefinition = { config, method, bucket, options: modelOptions, frozen };
    const inputs = stepInputs(definition);
    const compute = backward ? trainingStep : evaluationStep;
    const model = trace(inputs, (tensors) => compute(definition, tensors), { contrib: device !== 'webgpu' });
    const session = await ort.InferenceSession.create(model, {
      executionProviders: [device],
      // 'basic': the fusions above it cost minutes on such graphs and undo the order that frees activations early.
      graphOptimizationLevel: 'basic',
      enableMemPattern: false,
      // Sessions of all lengths would each keep an arena of their largest run.
      enableCpuMemArena: false,
      intraOpNumThreads: threads,
      // The machine also answers questions.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      logSeverityLevel: 3,
    });
    while (programs.size >= maxSessions) {
      const [oldest, { session: unused }] = programs.entries().next().value!;
      programs.delete(oldest);
      await unused.release();
    }
    const made = { session, inputs };
    programs.set(key, made);
    return made;
  };

  const feedsOf = ({ arrays }: Batch, inputs: InputShapes): Record<string, ort.Tensor> =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, type }]) => {
        const batchArray = arrays[name];
        if (batchArray) return [name, new ort.Tensor(type as 'float32', batchArray as Float32Array, shape)];
        let tensor = shared.get(name);
        if (!tensor) {
          tensor = new ort.Tensor(type as 'float32', weights[name.replace('weight/', '')] as Float32Array, shape);
          shared.set(name, tensor);
        }
        return [name, tensor];
      }),
    );
  const lossOf = (results: ort.InferenceSession.ReturnType): number => (results.loss!.data as Float32Array)[0]!;

  return {
    device,
    async accumulate(batch, gradient) {
      const { session, inputs } = await program(batch.bucket, true);
      const loss = new ort.Tensor('float32', new Float32Array(1), []);
      const results = await session.run(feedsOf(batch, inputs), { loss, ...gradients });
      for (let i = 0; i < scratch.length; i += 1) gradient[i]! += scratch[i]!;
      return lossOf(results);
    },
    async evaluate(batch) {
      const { session, inputs } = await program(batch.bucket, false);
      return lossOf(await session.run(feedsOf(batch, inputs)));
    },
    async close() {
      for (const { session } of programs.values()) await session.release();
      programs.clear();
    },
  };
}
