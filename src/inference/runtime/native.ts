/**
 * Runs decoder graphs through onnxruntime's C interface: the cache grows in the memory it lies in, buffers are bound
 * once for each batch size, and a run neither blocks the process nor has to be waited for. CPU only.
 */
import type { DecoderShape } from '../graph/decoder.ts';
import type { Arena } from './arena.ts';
import type { OrtApi, OrtBinding, OrtTensor } from './ort-api.ts';
import type { Runtime, Scores } from './runtime.ts';

export interface NativeOptions {
  /** A graph with cache 'inPlace'. */
  readonly graph: string;
  readonly shape: DecoderShape;
  readonly threads: number;
}

interface BoundStep {
  readonly arena: Arena;
  readonly binding: OrtBinding;
  readonly tensors: readonly OrtTensor[];
  readonly ids: BigInt64Array;
  readonly seqlens: Int32Array;
  readonly total: Int32Array;
  readonly logitRows: BigInt64Array;
  readonly scores: Scores;
}

/** Kinds of steps that stay bound: decoding batches, and the widths of prefill that come again. */
const keptBindings = 24;

/** koffi passes pointers: small typed arrays live on V8's movable heap unless they are made from an ArrayBuffer. */
const int32 = (length: number) => new Int32Array(new ArrayBuffer(length * 4));
const int64 = (length: number) => new BigInt64Array(new ArrayBuffer(length * 8));
const float32 = (length: number) => new Float32Array(new ArrayBuffer(length * 4));

/** @throws Error when the graph cannot be loaded. */
export async function openNative(api: OrtApi, { graph, shape, threads }: NativeOptions): Promise<Runtime> {
  const session = await api.openSession(graph, { threads });
  const bound = new Map<string, BoundStep>();
  const release = (step: BoundStep) => {
    step.binding.release();
    for (const tensor of step.tensors) api.releaseTensor(tensor);
  };

  const bind = (arena: Arena, firstSlot: number, rows: number, width: number, logitCount: number): BoundStep => {
    const key = `${firstSlot} ${rows} ${width} ${logitCount}`;
    let step = bound.get(key);
    if (step && step.arena === arena) {
      // Used last, so evicted last.
      bound.delete(key);
      bound.set(key, step);
      return step;
    }
    if (step) {
      bound.delete(key);
      release(step);
    }
    const binding = session.bind();
    const tensors: OrtTensor[] = [];
    const tensor = (...args: Parameters<OrtApi['tensor']>): OrtTensor => {
      const created = api.tensor(...args);
      tensors.push(created);
      return created;
    };
    step = {
      arena,
      binding,
      tensors,
      ids: int64(rows * width),
      seqlens: int32(rows),
      total: int32(1),
      logitRows: int64(logitCount),
      scores: { logits: float32(logitCount * shape.vocab), logSums: float32(logitCount) },
    };
    binding.input('input_ids', tensor('int64', step.ids, [rows, width]));
    binding.input('seqlens_k', tensor('int32', step.seqlens, [rows]));
    binding.input('total_len', tensor('int32', step.total, []));
    binding.input('logit_rows', tensor('int64', step.logitRows, [logitCount]));
    const { logits, logSums } = step.scores;
    binding.output('logits', tensor('float32', logits, [logitCount, shape.vocab]));
    binding.output('log_sums', tensor('float32', logSums, [logitCount, 1]));
    const slotFloats = shape.kvHeads * arena.capacity * shape.headDim;
    const dims = [rows, shape.kvHeads, arena.capacity, shape.headDim];
    for (const [index, memory] of arena.tensors.entries()) {
      const name = `${index >> 1}.${index & 1 ? 'v' : 'k'}`;
      const view = memory.subarray(firstSlot * slotFloats, (firstSlot + rows) * slotFloats);
      const cache = tensor('float32', view, dims);
      // The same memory in and out: that is what makes the operator write in place.
      binding.input(`past.${name}`, cache);
      binding.output(`present.${name}`, cache);
    }
    bound.set(key, step);
    for (const [oldKey, old] of bound) {
      if (bound.size <= keptBindings && old.arena === arena) break;
      bound.delete(oldKey);
      release(old);
    }
    return step;
  };

  return {
    kind: 'native',
    shape,
    async run({ firstSlot, rows, width, tokens, past, logitRows }, arena) {
      const step = bind(arena, firstSlot, rows, width, logitRows.length);
      let longest = 0;
      for (let i = 0; i < tokens.length; i += 1) step.ids[i] = BigInt(tokens[i]!);
      for (let row = 0; row < rows; row += 1) {
        step.seqlens[row] = past[row]! + width - 1;
        longest = Math.max(longest, past[row]! + width);
      }
      step.total[0] = longest;
      for (let i = 0; i < logitRows.length; i += 1) step.logitRows[i] = BigInt(logitRows[i]!);
      await step.binding.run();
      return step.scores;
    },
    cancel: () => session.terminate(),
    async close() {
      for (const step of bound.values()) release(step);
      bound.clear();
      session.release();
    },
  };
}
