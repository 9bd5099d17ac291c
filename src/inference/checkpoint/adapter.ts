/**
 * LoRA adapters in PEFT's format: `adapter_config.json` and `adapter_model.safetensors`.
 * Knows that format and the base's shapes, not who trained the adapter.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DocentError, reasonOf } from '../../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { ModelConfig } from './model-config.ts';
import { openSafetensors, type Tensor } from './safetensors.ts';

/** The linear layers an adapter may change, by their name in a layer: [outputs, inputs]. */
export const linearShapes = (config: ModelConfig): Readonly<Record<string, readonly [number, number]>> => {
  const q = config.heads * config.headDim;
  const kv = config.kvHeads * config.headDim;
  return {
    'self_attn.q_proj': [q, config.hidden],
    'self_attn.k_proj': [kv, config.hidden],
    'self_attn.v_proj': [kv, config.hidden],
    'self_attn.o_proj': [config.hidden, q],
    'mlp.gate_proj': [config.ffn, config.hidden],
    'mlp.up_proj': [config.ffn, config.hidden],
    'mlp.down_proj': [config.hidden, config.ffn],
  };
};

export interface LoraPair {
  /** [rank, inputs] */
  readonly a: Tensor;
  /** [outputs, rank] */
  readonly b: Tensor;
}

export interface Adapter {
  readonly rank: number;
  /** What B·A is multiplied with: alpha / rank, or alpha / √rank for rsLoRA. */
  readonly scale: number;
  /** By layer and name, for instance `3.mlp.up_proj`; layers that the adapter leaves alone are missing. */
  readonly pairs: ReadonlyMap<string, LoraPair>;
}

interface PeftConfig {
  readonly peft_type?: string;
  readonly r?: number;
  readonly lora_alpha?: number;
  readonly use_rslora?: boolean;
  readonly use_dora?: boolean;
  readonly bias?: string;
  readonly modules_to_save?: readonly string[] | null;
  readonly rank_pattern?: Readonly<Record<string, number>>;
  readonly alpha_pattern?: Readonly<Record<string, number>>;
}

const weightsFile = 'adapter_model.safetensors';
const configFile = 'adapter_config.json';
const tensorName = /^base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_([AB])(?:\.default)?\.weight$/;

/** What a config asks for that Docent's graphs do not compute; null when all is well. */
function unsupported(config: PeftConfig): string | null {
  if (config.peft_type !== 'LORA') return `its kind is ${String(config.peft_type)}, not LORA`;
  if (config.use_dora) return 'it uses DoRA';
  if (config.bias !== undefined && config.bias !== 'none') return 'it trains biases';
  if (config.modules_to_save?.length) return 'it replaces whole modules';
  if (Object.keys(config.rank_pattern ?? {}).length > 0 || Object.keys(config.alpha_pattern ?? {}).length > 0)
    return 'its rank differs between layers';
  if (!Number.isInteger(config.r) || config.r! < 1) return 'its rank is missing';
  if (!(Number(config.lora_alpha) > 0)) return 'its lora_alpha is missing';
  return null;
}

/**
 * Reads an adapter and checks every shape against the base.
 * @throws DocentError ADAPTER_INVALID.
 */
export function readAdapter(folder: string, base: ModelConfig): Adapter {
  const refuse = (reason: string, cause?: unknown) => new DocentError('ADAPTER_INVALID', { folder, reason }, { cause });
  let config: PeftConfig;
  let tensors: ReturnType<typeof openSafetensors>;
  try {
    config = JSON.parse(readFileSync(join(folder, configFile), 'utf8')) as PeftConfig;
    tensors = openSafetensors(join(folder, weightsFile));
  } catch (error) {
    throw refuse(reasonOf(error), error);
  }
  try {
    const reason = unsupported(config);
    if (reason) throw refuse(reason);
    const rank = config.r!;
    const shapes = linearShapes(base);
    const halves = new Map<string, { a?: Tensor; b?: Tensor }>();
    for (const name of tensors.names) {
      const [, layer, module, half] = tensorName.exec(name) ?? [];
      const shape = module === undefined ? undefined : shapes[module];
      if (!shape || Number(layer) >= base.layers) throw refuse(`the base has no place for ${name}`);
      const tensor = tensors.read(name);
      const expected = half === 'A' ? [rank, shape[1]] : [shape[0], rank];
      if (tensor.shape.length !== 2 || tensor.shape.some((size, i) => size !== expected[i]))
        throw refuse(`${name} has the shape ${tensor.shape.join(' × ')}, not ${expected.join(' × ')}`);
      if (!tensor.data.every(Number.isFinite)) throw refuse(`${name} holds numbers that are not finite`);
      const pair = halves.get(`${layer}.${module}`) ?? {};
      pair[half === 'A' ? 'a' : 'b'] = tensor;
      halves.set(`${layer}.${module}`, pair);
    }
    const pairs = new Map<string, LoraPair>();
    for (const [key, { a, b }] of halves) {
      if (!a || !b) throw refuse(`${key} has only one of its two matrices`);
      pairs.set(key, { a, b });
    }
    if (pairs.size === 0) throw refuse('it holds no weights');
    const alpha = Number(config.lora_alpha);
    return { rank, scale: config.use_rslora ? alpha / Math.sqrt(rank) : alpha / rank, pairs };
  } catch (error) {
    throw error instanceof DocentError ? error : refuse(reasonOf(error), error);
  } finally {
    tensors.close();
  }
}

/** Changes when the adapter's files change. @throws DocentError ADAPTER_INVALID when they are missing. */
export function adapterDigest(folder: string): string {
  const hash = createHash('sha256');
  try {
    hash.update(readFileSync(join(folder, configFile)));
    hash.update(readFileSync(join(folder, weightsFile)));
  } catch (error) {
    throw new DocentError('ADAPTER_INVALID', { folder, reason: reasonOf(error) }, { cause: error });
  }
  return hash.digest('hex');
}

/** Adds scale · B·A to a weight of [outputs, inputs], in place. */
export function mergeLora(weight: Float32Array, pair: LoraPair, scale: number): void {
  const [outputs, rank] = pair.b.shape as [number, number];
  const inputs = pair.a.shape[1]!;
  const a = pair.a.data;
  const b = pair.b.data;
  const row = new Float64Array(inputs);
  for (let o = 0; o < outputs; o += 1) {
    row.fill(0);
    for (let r = 0; r < rank; r += 1) {
      const factor = scale * b[o * rank + r]!;
      const from = r * inputs;
      for (let i = 0; i < inputs; i += 1) row[i]! += factor * a[from + i]!;
    }
    const at = o * inputs;
    for (let i = 0; i < inputs; i += 1) weight[at + i]! += row[i]!;
  }
}

/** The checkpoint with an adapter folded into its weights. */
export const withAdapter = (checkpoint: Checkpoint, adapter: Adapter): Checkpoint => ({
  ...checkpoint,
  read(name) {
    const tensor = checkpoint.read(name);
    const [, key] = /^model\.layers\.(\d+\..+)\.weight$/.exec(name) ?? [];
    const pair = key === undefined ? undefined : adapter.pairs.get(key);
    if (pair) mergeLora(tensor.data, pair, adapter.scale);
    return tensor;
  },
});
