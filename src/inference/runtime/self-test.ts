/**
 * Proves a runtime before it is trusted: a tiny model must give the same logits as the plainest way to run it,
 * onnxruntime-node on the CPU. Knows numbers, not what they are used for.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { buildDecoder, builderVersion, decoderShape, storeDecoder } from '../graph/decoder.ts';
import type { Prepared } from '../graph/prepared.ts';
import { createWeightsFile } from '../graph/weights-file.ts';
import { createArena } from './arena.ts';
import type { Runtime } from './runtime.ts';

/**
 * Logits of the tiny model are around 1; other kernels add in another order, CUDA's with ten bits (TF32). `rough`: where
 * devices round activations to eight bits in ways of their own (CUDA not at all; .11 off, wrong weights are off by 1).
 */
const tolerances = { cpu: 2e-3, webgpu: 2e-3, cuda: 2e-2, rough: 0.25 } as const;
const prompt = Int32Array.from({ length: 12 }, (_, i) => (i * 97 + 13) % 512);
const decodedSteps = 3;

/** The tiny model's graphs, written once into `cacheFolder`; `exact` has no eight-bit activations. */
export function prepareTiny(cacheFolder: string): Prepared & { readonly exact: string } {
  const checkpoint = randomCheckpoint();
  const folder = join(cacheFolder, `self-test-2-${builderVersion}`);
  const shape = decoderShape(checkpoint.config);
  const prepared = {
    inPlace: join(folder, 'in-place.onnx'),
    appended: join(folder, 'appended.onnx'),
    exact: join(folder, 'exact.onnx'),
    shape,
  };
  if (existsSync(folder)) return prepared;
  const partial = `${folder}.part-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const file = createWeightsFile(join(partial, 'weights'));
    const stored = storeDecoder(checkpoint, file, 'int8');
    file.close();
    writeFileSync(join(partial, 'in-place.onnx'), buildDecoder(checkpoint.config, stored, { cache: 'inPlace' }));
    writeFileSync(join(partial, 'appended.onnx'), buildDecoder(checkpoint.config, stored, { cache: 'appended' }));
    const exact = buildDecoder(checkpoint.config, stored, { cache: 'appended', activations: 'f32' });
    writeFileSync(join(partial, 'exact.onnx'), exact);
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return prepared;
}

/** What a prompt in two chunks and some steps of two rows behind it give: logits and their log-sums. */
async function trace(runtime: Runtime): Promise<Float32Array> {
  const arena = createArena(runtime.shape, 2, 64);
  const seen: number[] = [];
  const step = async (...request: Parameters<Runtime['run']>) => {
    const { logits, logSums } = await runtime.run(...request);
    seen.push(...logits, ...logSums);
  };
  for (const slot of [0, 1])
    for (const [from, to] of [
      [0, 7],
      [7, prompt.length],
    ] as const)
      await step(
        {
          firstSlot: slot,
          rows: 1,
          width: to - from,
          tokens: prompt.slice(from, to),
          past: Int32Array.of(from),
          logitRows: [to - from - 1],
        },
        arena,
      );
  for (let i = 0; i < decodedSteps; i += 1)
    await step(
      {
        firstSlot: 0,
        rows: 2,
        width: 1,
        tokens: Int32Array.of(i + 3, i + 300),
        past: Int32Array.of(prompt.length + i, prompt.length + i),
        logitRows: [0, 1],
      },
      arena,
    );
  return Float32Array.from(seen);
}

/** Largest difference between the logits of two runtimes over the tiny model; closes both. */
async function difference(candidate: Runtime, reference: Runtime): Promise<number> {
  try {
    const [a, b] = [await trace(candidate), await trace(reference)];
    return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
  } finally {
    await candidate.close();
    await reference.close();
  }
}

/** @throws Error with the reason when the candidate computes something else than the reference. */
export async function selfTest(
  candidate: Runtime,
  reference: Runtime,
  tolerance: keyof typeof tolerances = 'cpu',
): Promise<void> {
  const found = await difference(candidate, reference);
  if (!(found <= tolerances[tolerance])) throw new Error(`its logits are off by ${found.toPrecision(3)}`);
}
