/**
 * The forward graph of a BERT sentence encoder (all-MiniLM-L6-v2), weights included: token ids of one text in, one
 * vector of unit length out, the mean over its tokens. One text at a time, so there is no padding and no mask.
 *
 * Inputs: input_ids, position_ids int64 [1, S]. Output: embedding float [1, hidden].
 */
import type { Safetensors } from '../checkpoint/safetensors.ts';
import { linearLayer } from './linear.ts';
import { createGraph } from './onnx.ts';
import { createWeightsWriter, inMemory } from './stored-weights.ts';

export interface BertConfig {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly layer_norm_eps: number;
}

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
  const writer = createWeightsWriter(tensors, inMemory, weights);
  const linear = (name: string, biases = [`${name}.bias`]) => {
    writer.linear(name, [`${name}.weight`], { biases });
    return linearLayer(graph, name, writer.stored.linears.get(name)!);
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
  const words = linear('embeddings.word_embeddings', []).lookUp(inputIds);
  const summed = graph.node('Add', [words, graph.node('Gather', [places, positionIds], { axis: 0 })]);
  let x = norm(summed, 'embeddings.LayerNorm');
  for (let layer = 0; layer < layers; layer += 1) {
    const name = `encoder.layer.${layer}`;
    const [q, k, v] = ['query', 'key', 'value'].map((part) => linear(`${name}.attention.self.${part}`).apply(x));
    const attention = graph.node('MultiHeadAttention', [q!, k!, v!], { num_heads: heads });
    const attended = linear(`${name}.attention.output.dense`).apply(attention);
    x = norm(graph.node('Add', [x, attended]), `${name}.attention.output.LayerNorm`);
    const wide = graph.node('Gelu', [linear(`${name}.intermediate.dense`).apply(x)]);
    x = norm(graph.node('Add', [x, linear(`${name}.output.dense`).apply(wide)]), `${name}.output.LayerNorm`);
  }
  const mean = graph.node('ReduceMean', [x, graph.integers([1])], { keepdims: 0 });
  graph.node('LpNormalization', [mean], { axis: -1, p: 2 }, 'embedding');
  graph.output('embedding', 'float32', [1, hidden]);
  return graph.serialise();
}
