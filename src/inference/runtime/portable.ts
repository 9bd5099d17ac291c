/**
 * Runs decoder graphs through onnxruntime-node's `session.run`. That call copies every output into a new buffer, even
 * one that was given, so the cache stays an input and only the new keys and values come out. Works with every
 * execution provider that onnxruntime-node ships, and blocks the process while it runs.
 */
import { createRequire } from 'node:module';
import type { InferenceSession } from 'onnxruntime-node';
import type { DecoderShape } from '../graph/decoder.ts';
import type { Runtime } from './runtime.ts';

export type Device = 'cpu' | 'webgpu' | 'cuda';

export interface PortableOptions {
  /** A graph with cache 'appended'. */
  readonly graph: string;
  readonly shape: DecoderShape;
  readonly threads: number;
  readonly device: Device;
}

/** @throws Error when the graph or the device cannot be used. */
export async function openPortable({ graph, shape, threads, device }: PortableOptions): Promise<Runtime> {
  // CommonJS with a native part: loaded only where it is used.
  const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');
  const session: InferenceSession = await ort.InferenceSession.create(graph, {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const { Tensor } = ort;
  const integers = (values: ArrayLike<number>, dims: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  return {
    kind: 'portable',
    shape,
    async run({ firstSlot, rows, width, tokens, past, logitRows, fillers }, arena) {
      const dims = [rows, shape.kvHeads, arena.capacity, shape.headDim];
      const slotFloats = shape.kvHeads * arena.capacity * shape.headDim;
      const longest = past.reduce((most, length) => Math.max(most, length), 0);
      const feeds: Record<string, InstanceType<typeof Tensor>> = {
        input_ids: integers(tokens, [rows, width]),
        position_ids: integers(
          tokens.map((_, i) => past[Math.floor(i / width)]! + (i % width)),
          [rows, width],
        ),
        seqlens_k: new Tensor(
          'int32',
          past.map((length) => length + width - 1),
          [rows],
        ),
        total_len: new Tensor('int32', Int32Array.of(longest + width), []),
        logit_rows: integers(logitRows, [logitRows.length]),
      };
      for (const [index, tensor] of arena.tensors.entries())
        feeds[`past.${index >> 1}.${index & 1 ? 'v' : 'k'}`] = new Tensor(
          'float32',
          tensor.subarray(firstSlot * slotFloats, (firstSlot + rows) * slotFloats),
          dims,
        );
      const results = await session.run(feeds);
      const rowFloats = width * shape.kvHeads * shape.headDim;
      for (let index = 0; index < arena.tensors.length; index += 1) {
        const fresh = results[`new.${index >> 1}.${index & 1 ? 'v' : 'k'}`]!.data as Float32Array;
        for (let row = 0; row < rows; row += 1) {
          if (fillers?.has(row)) continue;
          arena.append(index, firstSlot + row, past[row]!, fresh.subarray(row * rowFloats, (row + 1) * rowFloats));
        }
      }
      return { logits: results.logits!.data as Float32Array, logSums: results.log_sums!.data as Float32Array };
    },
    cancel: () => undefined,
    close: () => session.release(),
  };
}
