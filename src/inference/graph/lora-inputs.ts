/**
 * Adapters as inputs of a decoder graph (`loraRank` of DecoderOptions), so that the rows of one batch may use different
 * adapters over the same weights: all matrices A stand beside each other, all B below each other, and a mask gives each
 * row its own. Fused layers stack the A of their parts and put their B on a diagonal, because PEFT trains each part
 * with an A of its own. Knows matrices, not who reads with them.
 */
import { type Adapter, linearShapes } from '../checkpoint/adapter.ts';
import type { ModelConfig } from '../checkpoint/model-config.ts';
import type { Tensor } from '../checkpoint/safetensors.ts';
import { fusedLinears, fusedNames } from './stored-weights.ts';

export interface LoraInputs {
  /** What the graph's `loraRank` must be. */
  readonly rank: number;
  /** `lora.<layer>.<fused>.a|b`, the same for every batch. */
  readonly matrices: ReadonlyMap<string, Tensor>;
  /** `lora_mask.1|2|3` for a batch: for each row the index of its adapter; null = the bare base. */
  masks(rows: readonly (number | null)[]): ReadonlyMap<string, Tensor>;
}

export function loraInputs(config: ModelConfig, adapters: readonly Adapter[]): LoraInputs {
  const rank = adapters.reduce((sum, adapter) => sum + adapter.rank, 0);
  /** Where each adapter's columns begin within a part. */
  const starts = adapters.map((_, i) => adapters.slice(0, i).reduce((sum, adapter) => sum + adapter.rank, 0));
  const shapes = linearShapes(config);
  const matrices = new Map<string, Tensor>();
  for (let layer = 0; layer < config.layers; layer += 1)
    for (const fused of fusedNames) {
      const parts = fusedLinears[fused];
      const inputs = shapes[parts[0]]![1];
      const outputs = parts.reduce((sum, part) => sum + shapes[part]![0], 0);
      const width = parts.length * rank;
      const a = new Float32Array(inputs * width);
      const b = new Float32Array(width * outputs);
      let firstOutput = 0;
      for (const [p, part] of parts.entries()) {
        for (const [i, adapter] of adapters.entries()) {
          const pair = adapter.pairs.get(`${layer}.${part}`);
          if (!pair) continue;
          const column = p * rank + starts[i]!;
          for (let r = 0; r < adapter.rank; r += 1) {
            for (let k = 0; k < inputs; k += 1) a[k * width + column + r] = pair.a.data[r * inputs + k]!;
            for (let o = 0; o < shapes[part]![0]; o += 1)
              b[(column + r) * outputs + firstOutput + o] = adapter.scale * pair.b.data[o * adapter.rank + r]!;
          }
        }
        firstOutput += shapes[part]![0];
      }
      matrices.set(`lora.${layer}.${fused}.a`, { shape: [inputs, width], data: a });
      matrices.set(`lora.${layer}.${fused}.b`, { shape: [width, outputs], data: b });
    }
  return {
    rank,
    matrices,
    masks: (rows) =>
      new Map(
        [1, 2, 3].map((parts) => {
          const data = new Float32Array(rows.length * parts * rank);
          for (const [row, adapter] of rows.entries()) {
            if (adapter === null) continue;
            for (let p = 0; p < parts; p += 1) {
              const from = (row * parts + p) * rank + starts[adapter]!;
              data.fill(1, from, from + adapters[adapter]!.rank);
            }
          }
          return [`lora_mask.${parts}`, { shape: [rows.length, 1, parts * rank], data }];
        }),
      ),
  };
}
