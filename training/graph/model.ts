/**
 * The transformer that is trained, in tfjs operations: it runs eagerly on any tfjs backend, or is traced into ONNX.
 * Families: llama (Llama 2/3, SmolLM2), qwen2 (bias on q, k, v), qwen3 (norm on each head of q and k); tied and untied.
 * Not here: sliding windows, mixtures of experts, dropout.
 */
import { type ModelConfig, rotaryFrequencies } from '../../src/inference/checkpoint/model-config.ts';
import { attention, maskBlocks } from './ops/attention.ts';
import { linear, type QuantisedWeight } from './ops/linear.ts';
import { recomputed } from './ops/recompute.ts';
import { rmsNorm } from './ops/rms-norm.ts';
import { type RotaryTables, rotary } from './ops/rotary.ts';
import { swiglu } from './ops/swiglu.ts';
import { type Method, quantisedNames } from './parameters.ts';
import { type Tensor, tf } from './tf.ts';

export type Weights = Readonly<Record<string, Tensor>>;

export interface ModelOptions {
  /** As in `attention`; divides T. */
  readonly attentionBlocks: number;
  /** Layers keep only their input and are computed again in the backward pass. */
  readonly recompute: boolean;
}

type TablePair = readonly [forward: RotaryTables, inverse: RotaryTables];

/** What all layers share. Made outside of the function that is differentiated: tfjs frees what is made inside. */
export interface ModelInput {
  readonly ids: Tensor;
  readonly positions: Tensor;
  readonly masks: readonly Tensor[];
  readonly queryTables: TablePair;
  readonly keyTables: TablePair;
}

/** Tables for positions 0…`positions`−1; with `scale` they multiply what they rotate. */
function rotaryTables(config: ModelConfig, positions: number, scale: number): TablePair {
  const frequencies = rotaryFrequencies(config);
  const table = (value: (angle: number) => number): Tensor =>
    tf.tensor2d(
      Float32Array.from({ length: positions * frequencies.length }, (_, i) => {
        const pair = i % frequencies.length;
        return scale * value(((i - pair) / frequencies.length) * frequencies[pair]!);
      }),
      [positions, frequencies.length],
    );
  const cos = table(Math.cos);
  return [
    { cos, sin: table(Math.sin) },
    { cos, sin: table((angle) => -Math.sin(angle)) },
  ];
}

/**
 * @param ids int32 [B, T]
 * @param positions int32 [B, T]: branches behind one context start at the same position; none exceeds T − 1.
 * @param bias [B, 1, T, T], as in `maskBlocks`.
 */
export function modelInput(
  config: ModelConfig,
  { ids, positions, bias }: { readonly ids: Tensor; readonly positions: Tensor; readonly bias: Tensor },
  options: ModelOptions,
): ModelInput {
  const length = ids.shape[1]!;
  return {
    ids,
    positions,
    masks: maskBlocks(bias, options.attentionBlocks),
    // The scale of the scores goes into the rotation of the queries.
    queryTables: rotaryTables(config, length, 1 / Math.sqrt(config.headDim)),
    keyTables: rotaryTables(config, length, 1),
  };
}

/** A matrix as floats where there are any, else its two copies in eight bits. */
function matrixOf(weights: Weights, name: string): Tensor | QuantisedWeight {
  const whole = weights[name];
  if (whole) return whole;
  const { forward, forwardScale, backward, backwardScale } = quantisedNames(name);
  return {
    forward: weights[forward]!,
    forwardScale: weights[forwardScale]!,
    backward: weights[backward]!,
    backwardScale: weights[backwardScale]!,
  };
}

/**
 * Hidden states behind the last norm.
 * @param weights the base's, under Hugging Face's names.
 * @param trained as `trainedShapes(config, method)` names them.
 * @returns [B · T, hidden]
 */
export function hiddenStates(
  config: ModelConfig,
  method: Method,
  weights: Weights,
  trained: Weights,
  input: ModelInput,
  options: ModelOptions,
): Tensor {
  const [batch, length] = input.ids.shape as [number, number];
  const { heads, kvHeads, headDim, normEpsilon } = config;
  const full = method.kind === 'full';
  const shape = { batch, heads, kvHeads, length, headDim, blocks: options.attentionBlocks };

  const layerOf =
    (layer: number) =>
    (x: Tensor, all: Weights, adapted: Weights): Tensor => {
      const name = (part: string) => `model.layers.${layer}.${part}`;
      const project = (entry: Tensor, module: string): Tensor => {
        const [a, b] = [adapted[`${layer}.${module}.a`], adapted[`${layer}.${module}.b`]];
        const lowRank = method.kind === 'lora' && a && b ? { a, b, scale: method.alpha / method.rank } : undefined;
        return linear(entry, matrixOf(all, name(`${module}.weight`)), lowRank, all[name(`${module}.bias`)]);
      };
      const norm = (entry: Tensor, part: string) => rmsNorm(entry, all[name(`${part}.weight`)]!, normEpsilon, full);
      const byHead = (entry: Tensor, module: string, count: number): Tensor => {
        const split = tf.reshape(project(entry, `self_attn.${module}_proj`), [batch, length, count, headDim]) as Tensor;
        const normed = config.qkNorm && module !== 'v' ? norm(split, `self_attn.${module}_norm`) : split;
        return tf.transpose(normed, [0, 2, 1, 3]);
      };
      const pairs = batch * kvHeads;
      const normed = norm(x, 'input_layernorm');
      const query = rotary(byHead(normed, 'q', heads), input.positions, ...input.queryTables);
      const key = rotary(byHead(normed, 'k', kvHeads), input.positions, ...input.keyTables);
      const value = byHead(normed, 'v', kvHeads);
      const attended = attention(
        tf.reshape(query, [pairs, (heads / kvHeads) * length, headDim]),
        tf.reshape(key, [pairs, length, headDim]),
        tf.reshape(value, [pairs, length, headDim]),
        input.masks,
        shape,
      );
      const joined = tf.reshape(tf.transpose(tf.reshape(attended, [batch, heads, length, headDim]), [0, 2, 1, 3]), [
        batch * length,
        heads * headDim,
      ]) as Tensor;
      const middle = tf.add(x, project(joined, 'self_attn.o_proj')) as Tensor;
      const inner = norm(middle, 'post_attention_layernorm');
      const gated = swiglu(project(inner, 'mlp.gate_proj'), project(inner, 'mlp.up_proj'));
      return tf.add(middle, project(gated, 'mlp.down_proj'));
    };

  const all = full ? trained : weights;
  let x = tf.gather(all['model.embed_tokens.weight']!, tf.reshape(input.ids, [batch * length])) as Tensor;
  for (let layer = 0; layer < config.layers; layer += 1) {
    const compute = layerOf(layer);
    const own = Object.keys(trained).filter((name) => name.startsWith(full ? `model.layers.${layer}.` : `${layer}.`));
    if (!options.recompute || own.length === 0) {
      x = compute(x, all, trained);
      continue;
    }
    x = recomputed(
      (first, ...tensors) => {
        const replaced = Object.fromEntries(own.map((name, i) => [name, tensors[i]!]));
        return compute(first, full ? { ...all, ...replaced } : all, full ? trained : replaced);
      },
      x,
      ...own.map((name) => trained[name]!),
    );
  }
  return rmsNorm(x, all['model.norm.weight']!, normEpsilon, full);
}

/** [vocab, hidden]: the embedding itself where the two are tied. */
export const outputWeight = (config: ModelConfig, weights: Weights): Tensor =>
  weights[config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight']!;
