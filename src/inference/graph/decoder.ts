/**
 * The forward graph of a decoder of the Llama family: RMS norms, rotary grouped-query attention, SwiGLU.
 * Families: llama, qwen2 (bias on q, k, v), qwen3 (norm on each head of q and k).
 * Option: LoRA matrices as inputs, so that the rows of a batch may use different adapters.
 * Not here: sampling, caches, batching. One graph serves prefill (one row, many tokens) and decode (many rows, a token).
 *
 * Inputs
 *   input_ids    int64 [B, S]
 *   seqlens_k    int32 [B]          tokens in the row's cache after this step, minus one
 *   total_len    int32 []           the largest of seqlens_k + 1
 *   logit_rows   int64 [N]          which of the B * S positions need logits
 *   past.L.k|v   float [B, K, C, D] the cache, of capacity C
 *   position_ids int64 [B, S]       (cache 'appended' only)
 * Outputs
 *   logits         float [N, vocab]
 *   log_sums       float [N, 1]        log of the sum of exponentials of each row of logits
 *   present.L.k|v  float [B, K, C, D]  (cache 'inPlace') the cache with the new tokens, bound to the memory of past.L.k|v
 *   new.L.k|v      float [B, S, K * D] (cache 'appended') what the caller writes into its cache
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type ModelConfig, rotaryFrequencies } from '../checkpoint/model-config.ts';
import { type Activations, linearLayer } from './linear.ts';
import { createGraph } from './onnx.ts';
import {
  createWeightsWriter,
  type FusedLinear,
  fusedLinears,
  fusedNames,
  type StoredWeights,
  type WeightsType,
} from './stored-weights.ts';
import type { WeightsFile } from './weights-file.ts';

/** Part of every cache key: raise it when the graph or its weights change. */
export const builderVersion = 3;

/** Rotary tables reach this far; 32 K positions of a 128-wide head are 16 MB. */
const maxPositions = (config: ModelConfig): number => Math.min(config.context, 32_768);

/** What a runtime must know of a model to feed its graph. */
export interface DecoderShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  /** Longest row, in tokens. */
  readonly positions: number;
}

export const decoderShape = (config: ModelConfig): DecoderShape => ({
  layers: config.layers,
  kvHeads: config.kvHeads,
  headDim: config.headDim,
  vocab: config.vocab,
  positions: maxPositions(config),
});

const layerName = (layer: number): string => `model.layers.${layer}`;

/** Puts everything that a decoder graph refers to into `file`. */
export function storeDecoder(checkpoint: Checkpoint, file: WeightsFile, type: WeightsType): StoredWeights {
  const { config } = checkpoint;
  const writer = createWeightsWriter(checkpoint, file, type);
  const vector = (name: string) => {
    const { data, shape } = checkpoint.read(name);
    writer.floats(name, data, shape);
  };
  const positions = maxPositions(config);
  const frequencies = rotaryFrequencies(config);
  const pairs = frequencies.length;
  for (const [name, f] of [['cosines', Math.cos] as const, ['sines', Math.sin] as const]) {
    const table = new Float32Array(positions * pairs);
    for (let i = 0; i < table.length; i += 1) table[i] = f(Math.floor(i / pairs) * frequencies[i % pairs]!);
    writer.floats(name, table, [positions, pairs]);
  }
  writer.linear('embeddings', ['model.embed_tokens.weight']);
  if (!config.tied) writer.linear('head', ['lm_head.weight']);
  for (let layer = 0; layer < config.layers; layer += 1) {
    const name = layerName(layer);
    vector(`${name}.input_layernorm.weight`);
    vector(`${name}.post_attention_layernorm.weight`);
    if (config.qkNorm) for (const part of ['q', 'k']) vector(`${name}.self_attn.${part}_norm.weight`);
    for (const fused of fusedNames) {
      const parts = fusedLinears[fused].map((part) => `${name}.${part}`);
      const biased = fused === 'qkv' && config.qkvBias;
      writer.linear(
        `${name}.${fused}`,
        parts.map((part) => `${part}.weight`),
        biased ? { biases: parts.map((part) => `${part}.bias`) } : {},
      );
    }
  }
  vector('model.norm.weight');
  return writer.stored;
}

export interface DecoderOptions {
  /** How the attention cache grows: in the memory it lies in, or by outputs that the caller copies into it. */
  readonly cache: 'inPlace' | 'appended';
  /** Sum of the ranks of all adapters that are given as inputs; 0 = none. */
  readonly loraRank?: number;
  /** What eight-bit weights are multiplied with on the CPU; eight bits by default. */
  readonly activations?: Activations;
}

/** The serialised graph over weights that `storeDecoder` laid out. */
export function buildDecoder(config: ModelConfig, weights: StoredWeights, options: DecoderOptions): Uint8Array {
  const { layers, hidden, heads, kvHeads, headDim, vocab } = config;
  const qRows = heads * headDim;
  const kvRows = kvHeads * headDim;
  const inPlace = options.cache === 'inPlace';
  const loraRank = options.loraRank ?? 0;
  const graph = createGraph('decoder');
  const epsilon = { float: config.normEpsilon };

  const inputIds = graph.input('input_ids', 'int64', ['B', 'S']);
  const seqlens = graph.input('seqlens_k', 'int32', ['B']);
  const totalLength = graph.input('total_len', 'int32', []);
  const logitRows = graph.input('logit_rows', 'int64', ['N']);
  const positionIds = inPlace ? '' : graph.input('position_ids', 'int64', ['B', 'S']);
  const cacheDims = ['B', kvHeads, 'C', headDim];
  for (let layer = 0; layer < layers; layer += 1)
    for (const part of ['k', 'v']) {
      graph.input(`past.${layer}.${part}`, 'float32', cacheDims);
      if (inPlace) graph.output(`present.${layer}.${part}`, 'float32', cacheDims);
      else graph.output(`new.${layer}.${part}`, 'float32', ['B', 'S', kvRows]);
    }
  if (loraRank > 0)
    for (const parts of [1, 2, 3]) graph.input(`lora_mask.${parts}`, 'float32', ['B', 1, parts * loraRank]);

  const floats = (name: string): string => {
    const { dims, place } = weights.floats.get(name)!;
    return graph.weight(name, 'float32', dims, place);
  };
  const linear = (name: string) => linearLayer(graph, name, weights.linears.get(name)!, options.activations);
  const cosines = floats('cosines');
  const sines = floats('sines');

  /** A fused layer, plus its low-rank part; the mask leaves each row of the batch its own adapter. */
  const applyFused = (layer: number, which: FusedLinear, x: string): string => {
    const stored = weights.linears.get(`${layerName(layer)}.${which}`)!;
    const y = linear(`${layerName(layer)}.${which}`).apply(x);
    if (loraRank === 0) return y;
    const parts = fusedLinears[which].length;
    const a = graph.input(`lora.${layer}.${which}.a`, 'float32', [stored.columns, parts * loraRank]);
    const b = graph.input(`lora.${layer}.${which}.b`, 'float32', [parts * loraRank, stored.rows]);
    const low = graph.node('Mul', [graph.node('MatMul', [x, a]), `lora_mask.${parts}`]);
    return graph.node('Add', [y, graph.node('MatMul', [low, b])]);
  };

  const embeddings = linear('embeddings');
  const head = config.tied ? embeddings : linear('head');

  /** The residual stream: each half of a layer adds to it inside of the norm that follows, as one operator. */
  let residual = embeddings.lookUp(inputIds);
  let update: string | null = null;
  const norm = (name: string): string => {
    const gain = floats(name);
    if (update === null)
      return graph.node('SimplifiedLayerNormalization', [residual, gain], { axis: -1, epsilon, stash_type: 1 });
    const normed = graph.fresh('normed');
    const sum = graph.fresh('residual');
    graph.nodes('SkipSimplifiedLayerNormalization', [update, residual, gain], { epsilon }, [normed, '', '', sum]);
    residual = sum;
    return normed;
  };
  /** Qwen 3: an RMS norm over each head. */
  const normHeads = (x: string, gain: string, count: number): string => {
    const split = graph.node('Reshape', [x, graph.integers([0, -1, count, headDim])]);
    const normed = graph.node('SimplifiedLayerNormalization', [split, gain], { axis: -1, epsilon, stash_type: 1 });
    return graph.node('Reshape', [normed, graph.integers([0, -1, count * headDim])]);
  };
  const attend = (layer: number, qkv: string): string => {
    const attributes = { num_heads: heads, kv_num_heads: kvHeads, scale: { float: 1 / Math.sqrt(headDim) } };
    const past = [`past.${layer}.k`, `past.${layer}.v`, seqlens, totalLength];
    const attention = graph.fresh('attention');
    // The operator takes q, k and v as one packed tensor; they are taken apart only where something comes between.
    if (inPlace && !config.qkNorm) {
      graph.nodes('GroupQueryAttention', [qkv, '', '', ...past, cosines, sines], { ...attributes, do_rotary: 1 }, [
        attention,
        `present.${layer}.k`,
        `present.${layer}.v`,
      ]);
      return attention;
    }
    let [q, k] = [graph.fresh('q'), graph.fresh('k')];
    const v = inPlace ? graph.fresh('v') : `new.${layer}.v`;
    graph.nodes('Split', [qkv, graph.integers([qRows, kvRows, kvRows])], { axis: -1 }, [q, k, v]);
    if (config.qkNorm) {
      q = normHeads(q, floats(`${layerName(layer)}.self_attn.q_norm.weight`), heads);
      k = normHeads(k, floats(`${layerName(layer)}.self_attn.k_norm.weight`), kvHeads);
    }
    if (inPlace) {
      graph.nodes('GroupQueryAttention', [q, k, v, ...past, cosines, sines], { ...attributes, do_rotary: 1 }, [
        attention,
        `present.${layer}.k`,
        `present.${layer}.v`,
      ]);
      return attention;
    }
    const rotate = (x: string, count: number, name?: string) =>
      graph.node('RotaryEmbedding', [x, positionIds, cosines, sines], { num_heads: count, interleaved: 0 }, name);
    graph.nodes(
      'GroupQueryAttention',
      [rotate(q, heads), rotate(k, kvHeads, `new.${layer}.k`), v, ...past],
      { ...attributes, do_rotary: 0 },
      // The operator insists on these; they live for the length of a layer.
      [attention, graph.fresh('present_k'), graph.fresh('present_v')],
    );
    return attention;
  };

  for (let layer = 0; layer < layers; layer += 1) {
    const name = layerName(layer);
    const x = norm(`${name}.input_layernorm.weight`);
    update = applyFused(layer, 'o', attend(layer, applyFused(layer, 'qkv', x)));
    const y = norm(`${name}.post_attention_layernorm.weight`);
    const gate = graph.fresh('gate');
    const up = graph.fresh('up');
    graph.nodes('Split', [applyFused(layer, 'gate_up', y)], { axis: -1, num_outputs: 2 }, [gate, up]);
    // QuickGelu with alpha 1 is x * sigmoid(x).
    const activated = graph.node('Mul', [graph.node('QuickGelu', [gate], { alpha: { float: 1 } }), up]);
    update = applyFused(layer, 'down', activated);
  }

  const last = graph.node('Reshape', [norm('model.norm.weight'), graph.integers([-1, hidden])]);
  const logits = graph.node(
    'Identity',
    [head.apply(graph.node('Gather', [last, logitRows], { axis: 0 }))],
    {},
    'logits',
  );
  graph.output('logits', 'float32', ['N', vocab]);
  // ReduceLogSumExp would say it in one operator and take eight times as long: LogSoftmax is the vectorised one.
  const first = (x: string) => graph.node('Gather', [x, graph.integers([0])], { axis: 1 });
  graph.node('Sub', [first(logits), first(graph.node('LogSoftmax', [logits], { axis: -1 }))], {}, 'log_sums');
  graph.output('log_sums', 'float32', ['N', 1]);
  return graph.serialise();
}
