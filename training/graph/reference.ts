/**
 * The model and its loss once more, in double precision and plain loops: slow, and independent of every line that it
 * checks. For tests only.
 */
import { type ModelConfig, rotaryFrequencies } from '../../src/inference/checkpoint/model-config.ts';
import type { Method } from './parameters.ts';

export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

const matrix = (rows: number, columns: number, value: (row: number, column: number) => number): Matrix => ({
  rows,
  columns,
  data: Float64Array.from({ length: rows * columns }, (_, i) => value(Math.floor(i / columns), i % columns)),
});
const at = ({ data, columns }: Matrix, row: number, column: number): number => data[row * columns + column]!;

/** x·wᵀ, w as [outputs, inputs]. */
const times = (x: Matrix, weight: ArrayLike<number>): Matrix =>
  matrix(x.rows, weight.length / x.columns, (row, output) => {
    let sum = 0;
    for (let i = 0; i < x.columns; i += 1) sum += at(x, row, i) * weight[output * x.columns + i]!;
    return sum;
  });

function normed(x: Matrix, gain: ArrayLike<number>, epsilon: number): Matrix {
  const width = gain.length;
  const inverse = (row: number, from: number): number => {
    let squares = 0;
    for (let i = 0; i < width; i += 1) squares += at(x, row, from + i) ** 2;
    return 1 / Math.sqrt(squares / width + epsilon);
  };
  // Over each stretch of `width` columns: a whole row, or one head of it.
  return matrix(
    x.rows,
    x.columns,
    (row, column) => at(x, row, column) * inverse(row, column - (column % width)) * gain[column % width]!,
  );
}

export interface ReferenceBatch {
  readonly ids: ArrayLike<number>;
  readonly positions: ArrayLike<number>;
  /** May row i see column j? Of one row of the batch. */
  readonly sees: (i: number, j: number) => boolean;
  readonly at: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

/** Σ weights · cross-entropy of a single row. */
export function referenceLoss(
  config: ModelConfig,
  method: Method,
  weights: Numbers,
  trained: Numbers,
  batch: ReferenceBatch,
): number {
  const { hidden, heads, kvHeads, headDim, layers, normEpsilon } = config;
  const all = method.kind === 'full' ? trained : weights;
  const frequencies = rotaryFrequencies(config);
  const length = batch.ids.length;
  const linear = (x: Matrix, layer: number, module: string): Matrix => {
    const name = `model.layers.${layer}.${module}`;
    const y = times(x, all[`${name}.weight`]!);
    const bias = all[`${name}.bias`];
    const a = trained[`${layer}.${module}.a`];
    const low = method.kind === 'lora' && a ? times(times(x, a), trained[`${layer}.${module}.b`]!) : null;
    const scale = method.kind === 'lora' ? method.alpha / method.rank : 0;
    return matrix(
      y.rows,
      y.columns,
      (row, o) => at(y, row, o) + (low ? scale * at(low, row, o) : 0) + (bias?.[o] ?? 0),
    );
  };
  const rotated = (x: Matrix): Matrix =>
    matrix(x.rows, x.columns, (row, column) => {
      const inHead = column % headDim;
      const pair = inHead % (headDim / 2);
      const angle = batch.positions[row]! * frequencies[pair]!;
      const [first, second] = [at(x, row, column - inHead + pair), at(x, row, column - inHead + pair + headDim / 2)];
      return inHead < headDim / 2
        ? first * Math.cos(angle) - second * Math.sin(angle)
        : second * Math.cos(angle) + first * Math.sin(angle);
    });

  const embedding = all['model.embed_tokens.weight']!;
  let x = matrix(length, hidden, (row, column) => embedding[batch.ids[row]! * hidden + column]!);
  for (let layer = 0; layer < layers; layer += 1) {
    const gain = (part: string) => all[`model.layers.${layer}.${part}.weight`]!;
    const inner = normed(x, gain('input_layernorm'), normEpsilon);
    const headNorm = (part: Matrix, name: string) =>
      config.qkNorm ? normed(part, gain(`self_attn.${name}_norm`), normEpsilon) : part;
    const q = rotated(headNorm(linear(inner, layer, 'self_attn.q_proj'), 'q'));
    const k = rotated(headNorm(linear(inner, layer, 'self_attn.k_proj'), 'k'));
    const v = linear(inner, layer, 'self_attn.v_proj');
    const group = heads / kvHeads;
    const attended = matrix(length, heads * headDim, () => 0);
    for (let head = 0; head < heads; head += 1) {
      const [own, shared] = [head * headDim, Math.floor(head / group) * headDim];
      for (let i = 0; i < length; i += 1) {
        const scores: number[] = [];
        for (let j = 0; j < length; j += 1) {
          let dot = 0;
          for (let d = 0; d < headDim; d += 1) dot += at(q, i, own + d) * at(k, j, shared + d);
          scores.push(batch.sees(i, j) ? dot / Math.sqrt(headDim) : Number.NEGATIVE_INFINITY);
        }
        const top = Math.max(...scores);
        const exponents = scores.map((score) => Math.exp(score - top));
        const total = exponents.reduce((a, b) => a + b, 0);
        for (let d = 0; d < headDim; d += 1)
          attended.data[i * attended.columns + own + d] = exponents.reduce(
            (sum, e, j) => sum + (e / total) * at(v, j, shared + d),
            0,
          );
      }
    }
    const output = linear(attended, layer, 'self_attn.o_proj');
    const middle: Matrix = matrix(length, hidden, (row, c) => at(x, row, c) + at(output, row, c));
    const second = normed(middle, gain('post_attention_layernorm'), normEpsilon);
    const gate = linear(second, layer, 'mlp.gate_proj');
    const up = linear(second, layer, 'mlp.up_proj');
    const gated = matrix(
      length,
      config.ffn,
      (row, c) => (at(gate, row, c) * at(up, row, c)) / (1 + Math.exp(-at(gate, row, c))),
    );
    const down = linear(gated, layer, 'mlp.down_proj');
    x = matrix(length, hidden, (row, c) => at(middle, row, c) + at(down, row, c));
  }
  const last = normed(x, all['model.norm.weight']!, normEpsilon);
  const picked = matrix(batch.at.length, hidden, (row, c) => at(last, batch.at[row]!, c));
  const logits = times(picked, all[config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight']!);
  let loss = 0;
  for (let row = 0; row < logits.rows; row += 1) {
    const values = logits.data.subarray(row * logits.columns, (row + 1) * logits.columns);
    const top = values.reduce((a, b) => Math.max(a, b));
    const total = values.reduce((sum, value) => sum + Math.exp(value - top), 0);
    loss += batch.weights[row]! * (top + Math.log(total) - values[batch.targets[row]!]!);
  }
  return loss;
}
