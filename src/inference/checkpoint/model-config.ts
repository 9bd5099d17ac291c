/**
 * The shape of a decoder model, from Hugging Face's config.json or from GGUF metadata.
 * Families: llama (Llama 2/3, SmolLM2), qwen2 (bias on q, k, v), qwen3 (norm on each head of q and k).
 * Not read: sliding windows, mixtures of experts, YaRN. Knows numbers, not weights.
 */
import { DocentError } from '../../errors.ts';
import type { GgufFile } from './gguf.ts';

export type Family = 'llama' | 'qwen2' | 'qwen3';

export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  /** Llama 3.1's: long wavelengths are stretched, short ones kept, those between blended. */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContext: number;
    }
  /** The same as GGUF stores it: a divisor for each frequency. */
  | { readonly kind: 'divisors'; readonly divisors: readonly number[] };

export interface ModelConfig {
  readonly family: Family;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly ffn: number;
  readonly vocab: number;
  /** Longest text the model was made for, in tokens. */
  readonly context: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  /** The output layer is the embedding itself. */
  readonly tied: boolean;
  readonly qkvBias: boolean;
  readonly qkNorm: boolean;
}

const families: readonly Family[] = ['llama', 'qwen2', 'qwen3'];
const asFamily = (name: unknown, file: string): Family => {
  const family = families.find((candidate) => candidate === name);
  if (!family) throw new DocentError('MODEL_UNSUPPORTED', { file, reason: `model family ${String(name)}` });
  return family;
};

const readScaling = (raw: Readonly<Record<string, unknown>> | null | undefined, file: string): RopeScaling => {
  const type = raw?.rope_type ?? raw?.type ?? 'default';
  if (!raw || type === 'default') return { kind: 'none' };
  if (type === 'linear') return { kind: 'linear', factor: Number(raw.factor) };
  if (type === 'llama3')
    return {
      kind: 'llama3',
      factor: Number(raw.factor),
      lowFrequencyFactor: Number(raw.low_freq_factor),
      highFrequencyFactor: Number(raw.high_freq_factor),
      originalContext: Number(raw.original_max_position_embeddings),
    };
  throw new DocentError('MODEL_UNSUPPORTED', { file, reason: `rotary scaling ${String(type)}` });
};

/** @param raw the parsed config.json. @throws DocentError MODEL_UNSUPPORTED. */
export function configFromJson(raw: Readonly<Record<string, unknown>>, file: string): ModelConfig {
  const family = asFamily(raw.model_type, file);
  const number = (name: string, fallback?: number): number => {
    const value = raw[name] ?? fallback;
    if (typeof value !== 'number') throw new DocentError('MODEL_UNSUPPORTED', { file, reason: `no ${name}` });
    return value;
  };
  if (raw.use_sliding_window === true)
    throw new DocentError('MODEL_UNSUPPORTED', { file, reason: 'sliding-window attention' });
  if (raw.hidden_act !== undefined && raw.hidden_act !== 'silu')
    throw new DocentError('MODEL_UNSUPPORTED', { file, reason: `activation ${String(raw.hidden_act)}` });
  const hidden = number('hidden_size');
  const heads = number('num_attention_heads');
  // transformers 5 writes theta and scaling into one object.
  const rope = (raw.rope_parameters ?? raw.rope_scaling) as Record<string, unknown> | null | undefined;
  return {
    family,
    layers: number('num_hidden_layers'),
    hidden,
    heads,
    kvHeads: number('num_key_value_heads', heads),
    headDim: typeof raw.head_dim === 'number' ? raw.head_dim : hidden / heads,
    ffn: number('intermediate_size'),
    vocab: number('vocab_size'),
    context: number('max_position_embeddings'),
    normEpsilon: number('rms_norm_eps', 1e-6),
    ropeTheta: typeof rope?.rope_theta === 'number' ? rope.rope_theta : number('rope_theta', 10_000),
    ropeScaling: readScaling(rope, file),
    tied: raw.tie_word_embeddings === true,
    qkvBias: family === 'qwen2' || (family === 'llama' && raw.attention_bias === true),
    qkNorm: family === 'qwen3',
  };
}

const architectures: Readonly<Record<Family, string>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

/**
 * GGUF keeps divisors where config.json has the parameters that make them: Llama 3.1 and 3.2 differ in the factor only.
 * @throws DocentError MODEL_UNSUPPORTED when it is none of these.
 */
function namedScaling(config: ModelConfig): RopeScaling {
  if (config.ropeScaling.kind !== 'divisors') return config.ropeScaling;
  const factor = Math.max(...config.ropeScaling.divisors);
  const guess: RopeScaling = {
    kind: 'llama3',
    factor,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContext: 8192,
  };
  const found = rotaryFrequencies(config);
  const expected = rotaryFrequencies({ ...config, ropeScaling: guess });
  if (found.some((frequency, i) => Math.abs(frequency / expected[i]! - 1) > 1e-4))
    throw new DocentError('MODEL_UNSUPPORTED', {
      file: 'config.json',
      reason: 'the stretched rotary frequencies of this base cannot be written there; export it as GGUF',
    });
  return guess;
}

const scalingToJson = (scaling: RopeScaling): unknown => {
  if (scaling.kind === 'linear') return { rope_type: 'linear', factor: scaling.factor };
  if (scaling.kind !== 'llama3') return null;
  return {
    rope_type: 'llama3',
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalContext,
  };
};

/** What config.json says of this shape, for transformers and `configFromJson`. @throws DocentError MODEL_UNSUPPORTED. */
export const configToJson = (config: ModelConfig): Readonly<Record<string, unknown>> => ({
  architectures: [architectures[config.family]],
  model_type: config.family,
  num_hidden_layers: config.layers,
  hidden_size: config.hidden,
  num_attention_heads: config.heads,
  num_key_value_heads: config.kvHeads,
  head_dim: config.headDim,
  intermediate_size: config.ffn,
  vocab_size: config.vocab,
  max_position_embeddings: config.context,
  rms_norm_eps: config.normEpsilon,
  rope_theta: config.ropeTheta,
  rope_scaling: scalingToJson(namedScaling(config)),
  tie_word_embeddings: config.tied,
  hidden_act: 'silu',
  ...(config.family === 'llama' ? { attention_bias: config.qkvBias, mlp_bias: false } : {}),
});

function scalingFromGguf(gguf: GgufFile, family: Family, file: string): RopeScaling {
  if (gguf.tensors.has('rope_freqs.weight')) return { kind: 'divisors', divisors: [...gguf.read('rope_freqs.weight')] };
  const type = gguf.metadata.get(`${family}.rope.scaling.type`);
  if (type === undefined || type === 'none') return { kind: 'none' };
  return readScaling({ type, factor: gguf.metadata.get(`${family}.rope.scaling.factor`) }, file);
}

/** @throws DocentError MODEL_UNSUPPORTED. */
export function configFromGguf(gguf: GgufFile, file: string): ModelConfig {
  const family = asFamily(gguf.metadata.get('general.architecture'), file);
  const number = (key: string, fallback?: number): number => {
    const value = gguf.metadata.get(`${family}.${key}`) ?? fallback;
    if (typeof value !== 'number') throw new DocentError('MODEL_UNSUPPORTED', { file, reason: `no ${family}.${key}` });
    return value;
  };
  const hidden = number('embedding_length');
  const heads = number('attention.head_count');
  const embedding = gguf.tensors.get('token_embd.weight');
  return {
    family,
    layers: number('block_count'),
    hidden,
    heads,
    kvHeads: number('attention.head_count_kv', heads),
    headDim: number('attention.key_length', hidden / heads),
    ffn: number('feed_forward_length'),
    vocab: embedding?.shape[0] ?? number('vocab_size'),
    context: number('context_length'),
    // Stored as a 32-bit float: 9.9999997e-6 is 1e-5.
    normEpsilon: Number(number('attention.layer_norm_rms_epsilon').toPrecision(6)),
    ropeTheta: number('rope.freq_base', 10_000),
    ropeScaling: scalingFromGguf(gguf, family, file),
    tied: !gguf.tensors.has('output.weight'),
    qkvBias: gguf.tensors.has('blk.0.attn_q.bias'),
    qkNorm: gguf.tensors.has('blk.0.attn_q_norm.weight'),
  };
}

/**
 * Angle per position of each of the headDim / 2 rotary pairs, in radians.
 * Llama 3.1's scaling as in transformers' `_compute_llama3_parameters`.
 */
export function rotaryFrequencies(config: ModelConfig): Float64Array {
  const { headDim, ropeTheta, ropeScaling: scaling } = config;
  return Float64Array.from({ length: headDim / 2 }, (_, i) => {
    const frequency = ropeTheta ** ((-2 * i) / headDim);
    if (scaling.kind === 'linear') return frequency / scaling.factor;
    if (scaling.kind === 'divisors') return frequency / scaling.divisors[i]!;
    if (scaling.kind === 'none') return frequency;
    const wavelength = (2 * Math.PI) / frequency;
    const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
    if (wavelength < originalContext / high) return frequency;
    if (wavelength > originalContext / low) return frequency / factor;
    const smooth = (originalContext / wavelength - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}
