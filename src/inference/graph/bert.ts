/**
 * The forward graph of a BERT sentence encoder (all-MiniLM-L6-v2), weights included: token ids of one text in, one
 * vector of unit length out, the mean over its tokens. One text at a time, so there is no padding and no mask.
 *
 * Inputs: input_ids, position_ids int64 [1, S]. Output: embedding float [1, hidden].
 */
import type { Safetensors } from '../checkpoint/safetensors.ts';
import { int8Activations } from './linear.ts';
import { createGraph } from './onnx.ts';
import { quantise } from './quantise.ts';

export interface BertConfig {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly layer_norm_eps: number;
}

const bits = 8;
/** Divides the widths of every BERT. */
const block = 64;

/**
 * @param weights int8: matrices in blocks of 64 with a scale each, a quarter of the memory, cosine above .999 to f32.
 * @throws Error when a weight is missing.
 */
export function buildBert(
  config: BertConfig,
  tensors: Pick<Safetensors, 'read'>,
  weights: 'f32' | 'int8' = 'int8',
): Uint8Array {
  const { hidden_size: hidden, num_hidden_layers: layers, num_attention_heads: heads } = config;
  const epsilon = { float: config.layer_norm_eps };
  const graph = createGraph('bert');
  const constant = (name: string) => {
    const { data, shape } = tensors.read(name);
    return graph.constant(data, shape, 'float32', name);
  };
  const quantised = (name: string) => {
    const { data, shape } = tensors.read(name);
    const [rows, columns] = shape as [number, number];
    const { data: bytes, scales } = quantise(data, bits, block);
    const blocks = columns / block;
    return { rows, columns, blocks, bytes, scales: graph.constant(scales, [rows, blocks], 'float32') };
  };
  const linear = (x: string, name: string): string => {
    const bias = constant(`${name}.bias`);
    if (weights === 'f32') {
      const product = graph.node('FusedMatMul', [x, constant(`${name}.weight`)], {
        transA: 0,
        transB: 1,
        alpha: { float: 1 },
      });
      return graph.node('Add', [product, bias]);
    }
    const { rows, columns, blocks, bytes, scales } = quantised(`${name}.weight`);
    const matrix = graph.constant(bytes, [rows, blocks, block], 'uint8');
    const attributes = { K: columns, N: rows, bits, block_size: block, accuracy_level: int8Activations };
    return graph.node('MatMulNBits', [x, matrix, scales, '', '', bias], attributes);
  };
  const lookUp = (name: string, ids: string): string => {
    if (weights === 'f32') return graph.node('Gather', [constant(name), ids], { axis: 0 });
    const { rows, columns, bytes, scales } = quantised(name);
    const matrix = graph.constant(bytes, [rows, columns], 'uint8');
    const attributes = { bits, block_size: block, gather_axis: 0, quantize_axis: 1 };
    return graph.node('GatherBlockQuantized', [matrix, ids, scales], attributes);
  };
  const norm = (x: string, name: string) =>
    graph.node('LayerNormalization', [x, constant(`${name}.weight`), constant(`${name}.bias`)], { axis: -1, epsilon });

  const inputIds = graph.input('input_ids', 'int64', [1, 'S']);
  const positionIds = graph.input('position_ids', 'int64', [1, 'S']);
  // A single text is all of token type 0, so that row of the table is added to every position.
  const types = tensors.read('embeddings.token_type_embeddings.weight').data;
  const positions = tensors.read('embeddings.position_embeddings.weight');
  const places = graph.constant(
    positions.data.map((value, i) => value + types[i % hidden]!),
    positions.shape,
    'float32',
  );
  const summed = graph.node('Add', [
    lookUp('embeddings.word_embeddings.weight', inputIds),
    graph.node('Gather', [places, positionIds], { axis: 0 }),
  ]);
  let x = norm(summed, 'embeddings.LayerNorm');
  for (let layer = 0; layer < layers; layer += 1) {
    const name = `encoder.layer.${layer}`;
    const [q, k, v] = ['query', 'key', 'value'].map((part) => linear(x, `${name}.attention.self.${part}`));
    const attention = graph.node('MultiHeadAttention', [q!, k!, v!], { num_heads: heads });
    const attended = linear(attention, `${name}.attention.output.dense`);
    x = norm(graph.node('Add', [x, attended]), `${name}.attention.output.LayerNorm`);
    const wide = graph.node('Gelu', [linear(x, `${name}.intermediate.dense`)]);
    x = norm(graph.node('Add', [x, linear(wide, `${name}.output.dense`)]), `${name}.output.LayerNorm`);
  }
  const mean = graph.node('ReduceMean', [x, graph.integers([1])], { keepdims: 0 });
  graph.node('LpNormalization', [mean], { axis: -1, p: 2 }, 'embedding');
  graph.output('embedding', 'float32', [1, hidden]);
  return graph.serialise();
}
