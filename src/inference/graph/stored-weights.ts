/**
 * Lays a model's weights out, fused and quantised as the graphs want them: in a file that several graphs share, or in
 * memory for a small model that is built at every start.
 * Knows names and formats of weights, not what is computed with them.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { TensorData } from './onnx.ts';
import { type Bits, blockFor, quantise } from './quantise.ts';

export type WeightsType = 'f32' | 'int8' | 'int4';

interface StoredFloats {
  readonly dims: readonly number[];
  readonly place: TensorData;
}

export interface StoredLinear {
  readonly rows: number;
  readonly columns: number;
  readonly weight:
    | { readonly kind: 'floats'; readonly place: TensorData }
    | {
        readonly kind: 'blocks';
        readonly bits: Bits;
        readonly block: number;
        readonly place: TensorData;
        readonly scales: TensorData;
      };
  readonly bias?: TensorData;
}

export interface StoredWeights {
  readonly floats: ReadonlyMap<string, StoredFloats>;
  readonly linears: ReadonlyMap<string, StoredLinear>;
}

const quantisation: Readonly<Record<Exclude<WeightsType, 'f32'>, { readonly bits: Bits; readonly block: number }>> = {
  int8: { bits: 8, block: 64 },
  int4: { bits: 4, block: 64 },
};

/** The linear layers of a transformer layer that are computed as one, and the checkpoint's parts of each. */
export const fusedLinears = {
  qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  o: ['self_attn.o_proj'],
  gate_up: ['mlp.gate_proj', 'mlp.up_proj'],
  down: ['mlp.down_proj'],
} as const;
export type FusedLinear = keyof typeof fusedLinears;
export const fusedNames = Object.keys(fusedLinears) as readonly FusedLinear[];

const concat = (parts: readonly Float32Array[]): Float32Array => {
  if (parts.length === 1) return parts[0]!;
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

export interface WeightsWriter {
  floats(name: string, data: Float32Array, dims: readonly number[]): void;
  /** Rows of several [outputs, inputs] matrices under each other. */
  linear(name: string, parts: readonly string[], options?: { readonly biases?: readonly string[] }): void;
  readonly stored: StoredWeights;
}

/** Where weights are put: a WeightsFile, or memory. */
export interface WeightsSink {
  append(data: Float32Array | Uint8Array): TensorData;
}

/** Keeps weights as they are, to stand in the model file. */
export const inMemory: WeightsSink = { append: (data) => data };

/** Puts weights of `checkpoint` into `file`, as floats or in blocks. */
export function createWeightsWriter(
  checkpoint: Pick<Checkpoint, 'read'>,
  file: WeightsSink,
  type: WeightsType,
): WeightsWriter {
  const floats = new Map<string, StoredFloats>();
  const linears = new Map<string, StoredLinear>();
  return {
    stored: { floats, linears },
    floats(name, data, dims) {
      floats.set(name, { dims, place: file.append(data) });
    },
    linear(name, parts, { biases = [] } = {}) {
      const tensors = parts.map((part) => checkpoint.read(part));
      const columns = tensors[0]!.shape[1]!;
      const data = concat(tensors.map((tensor) => tensor.data));
      const bias =
        biases.length === 0 ? undefined : file.append(concat(biases.map((part) => checkpoint.read(part).data)));
      const shape = { rows: data.length / columns, columns, ...(bias ? { bias } : {}) };
      const block = type === 'f32' ? 0 : blockFor(quantisation[type].block, columns);
      // A matrix whose width no block divides stays in floats; real models have none.
      if (type === 'f32' || block === 0) {
        linears.set(name, { ...shape, weight: { kind: 'floats', place: file.append(data) } });
        return;
      }
      const { bits } = quantisation[type];
      const quantised = quantise(data, bits, block);
      const place = file.append(quantised.data);
      const scales = file.append(quantised.scales);
      linears.set(name, { ...shape, weight: { kind: 'blocks', bits, block, place, scales } });
    },
  };
}
