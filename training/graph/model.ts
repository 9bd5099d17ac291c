/**
 * The transformer that is trained, in tfjs operations: it runs eagerly on any tfjs backend, or is traced into ONNX.
 * Families: llama (Llama 2/3, SmolLM2), qwen2 (bias on q, k, v), qwen3 (norm on each head of q and k); tied and untied.
 * Not here: sliding windows, mixtures of experts, dropout.
 */
import { type ModelConfig, rotaryFrequencies } from '../../src/inference/checkpoint/model-config.ts';
import { attention, maskBlocks } from './ops/attention.ts';
import { linear, type QuantisedWeight } from './ops/linear.ts';
import { type Recomputation, recomputed } from './ops/recompute.ts';
import { rmsNorm } from './ops/rms-norm.ts';
import { type RotaryTables, rotary } from './ops/rotary.ts';
import { swiglu } from './ops/swiglu.ts';
import { type Method, quantisedNames } from './parameters.ts';
import { type Tensor, tf } from './tf.ts';

export type Weights = Readonly<Record<string, Tensor>>;

export interface ModelOptions {
  /** As in `attention`; divides T. */
  readonly attentionBlocks: number;
  readonly recompute: Recomputation;
  /** Positions that the rotary tables hold; at least T. */
  readonly positions: number;
}

/** Frozen and trained tensors as one stretch of the model sees them. */
interface Parameters {
  /** All weights under Hugging Face's names; those that are trained among them, when all are. */
  readonly all: Weights;
  /** As `trainedShapes` names them. */
  readonly adapted: Weights;
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
  return {
    ids,
    positions,
    masks: maskBlocks(bias, options.attentionBlocks),
    // The scale of the scores goes into the rotation of the queries.
    queryTables: rotaryTables(config, options.positions, 1 / Math.sqrt(config.headDim)),
    keyTables: rotaryTables(config, options.positions, 1),
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
  const shape = {
    batch,
    heads,
    kvHeads,
    length,
    headDim,
    blocks: options.attentionBlocks,
    keepProbabilities: options.recompute !== 'cheap',
  };

  const layerOf =
    (layer: number) =>
    (entry: Tensor, all: Weights, adapted: Weights): Tensor => {
      const name = (part: string) => `model.layers.${layer}.${part}`;
      const project = (x: Tensor, module: string, { all, adapted }: Parameters): Tensor => {
        const [a, b] = [adapted[`${layer}.${module}.a`], adapted[`${layer}.${module}.b`]];
        const lowRank = method.kind === 'lora' && a && b ? { a, b, scale: method.alpha / method.rank } : undefined;
        return linear(x, matrixOf(all, name(`${module}.weight`)), lowRank, all[name(`${module}.bias`)]);
      };
      const norm = (x: Tensor, part: string, { all }: Parameters) =>
        rmsNorm(x, all[name(`${part}.weight`)]!, normEpsilon, full);

      /** A stretch between two kept activations; `parts` are those whose parameters it uses. */
      const stretch = (
        parts: readonly string[],
        inputs: readonly Tensor[],
        compute: (parameters: Parameters, ...inputs: Tensor[]) => Tensor,
      ): Tensor => {
        if (options.recompute !== 'cheap') return compute({ all, adapted }, ...inputs);
        const prefixes = parts.map((part) => `${full ? name(part) : `${layer}.${part}`}.`);
        const own = Object.keys(adapted).filter((key) => prefixes.some((prefix) => key.startsWith(prefix)));
        return withParameters(own, inputs, { all, adapted }, compute);
      };

      const byHead = (module: 'q' | 'k' | 'v', count: number, tables: TablePair | null): Tensor =>
        stretch(
          ['input_layernorm', `self_attn.${module}_proj`, `self_attn.${module}_norm`],
          [entry],
          (parameters, x) => {
            const projected = project(norm(x!, 'input_layernorm', parameters), `self_attn.${module}_proj`, parameters);
            const split = tf.reshape(projected, [batch, length, count, headDim]) as Tensor;
            const normed =
              config.qkNorm && module !== 'v' ? norm(split, `self_attn.${module}_norm`, parameters) : split;
            const turned = tf.transpose(normed, [0, 2, 1, 3]) as Tensor;
            return tables ? rotary(turned, input.positions, ...tables) : turned;
          },
        );
      const pairs = batch * kvHeads;
      const attended = attention(
        tf.reshape(byHead('q', heads, input.queryTables), [pairs, (heads / kvHeads) * length, headDim]),
        tf.reshape(byHead('k', kvHeads, input.keyTables), [pairs, length, headDim]),
        tf.reshape(byHead('v', kvHeads, null), [pairs, length, headDim]),
        input.masks,
        shape,
      );
      const mixed = stretch(['self_attn.o_proj'], [attended], (parameters, x) => {
        const joined = tf.transpose(tf.reshape(x!, [batch, heads, length, headDim]), [0, 2, 1, 3]);
        return project(tf.reshape(joined, [batch * length, heads * headDim]), 'self_attn.o_proj', parameters);
      });
      const middle = tf.add(entry, mixed) as Tensor;
      const widened = (module: string) =>
        stretch(['post_attention_layernorm', module], [middle], (parameters, x) =>
          project(norm(x!, 'post_attention_layernorm', parameters), module, parameters),
        );
      const narrowed = stretch(
        ['mlp.down_proj'],
        [widened('mlp.gate_proj'), widened('mlp.up_proj')],
        (parameters, gate, up) => project(swiglu(gate!, up!), 'mlp.down_proj', parameters),
      );
      return tf.add(middle, narrowed);
    };

  /** compute(…inputs), recomputed in the backward pass, with gradients for the trained parameters `own` too. */
  const withParameters = (
    own: readonly string[],
    inputs: readonly Tensor[],
    { all, adapted }: Parameters,
    compute: (parameters: Parameters, ...inputs: Tensor[]) => Tensor,
  ): Tensor =>
    recomputed(
      (...tensors) => {
        const replaced = Object.fromEntries(own.map((key, i) => [key, tensors[inputs.length + i]!]));
        const parameters = full ? { all: { ...all, ...replaced }, adapted } : { all, adapted: replaced };
        return compute(parameters, ...tensors.slice(0, inputs.length));
      },
      ...inputs,
      ...own.map((key) => adapted[key]!),
    );

  const all = full ? trained : weights;
  let x = tf.gather(all['model.embed_tokens.weight']!, tf.reshape(input.ids, [batch * length])) as Tensor;
  for (let layer = 0; layer < config.layers; layer += 1) {
    const compute = layerOf(layer);
    const own = Object.keys(trained).filter((name) => name.startsWith(full ? `model.layers.${layer}.` : `${layer}.`));
    x =
      options.recompute === 'layers' && own.length > 0
        ? withParameters(own, [x], { all, adapted: trained }, (parameters, entry) =>
            compute(entry!, parameters.all, parameters.adapted),
          )
        : compute(x, all, trained);
  }
  return rmsNorm(x, all['model.norm.weight']!, normEpsilon, full);
}

/** [vocab, hidden]: the embedding itself where the two are tied. */
export const outputWeight = (config: ModelConfig, weights: Weights): Tensor =>
  weights[config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight']!;
