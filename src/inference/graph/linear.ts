/** A stored weight matrix as graph operators. Knows how matrices are multiplied, not which. */
import type { Graph } from './onnx.ts';
import type { StoredLinear } from './stored-weights.ts';

/**
 * On the CPU MatMulNBits quantises activations to 8 bits too, which is what makes it fast there; GPUs leave them floats,
 * as the CPU does at level 0.
 */
const accuracyLevels = { int8: 4, f32: 0 } as const;
export type Activations = keyof typeof accuracyLevels;

export interface Linear {
  /** x [..., columns] → [..., rows] */
  apply(x: string): string;
  /** Rows by index, as an embedding does. */
  lookUp(ids: string): string;
}

export function linearLayer(
  graph: Graph,
  name: string,
  stored: StoredLinear,
  activations: Activations = 'int8',
): Linear {
  const { rows, columns, weight } = stored;
  const bias = stored.bias ? graph.weight(`${name}.bias`, 'float32', [rows], stored.bias) : undefined;
  if (weight.kind === 'floats') {
    const matrix = graph.weight(name, 'float32', [rows, columns], weight.place);
    return {
      apply(x) {
        const y = graph.node('FusedMatMul', [x, matrix], { transA: 0, transB: 1, alpha: { float: 1 } });
        return bias ? graph.node('Add', [y, bias]) : y;
      },
      lookUp: (ids) => graph.node('Gather', [matrix, ids], { axis: 0 }),
    };
  }
  const { bits, block } = weight;
  const blocks = columns / block;
  const blockBytes = (block * bits) / 8;
  const scales = graph.weight(`${name}.scales`, 'float32', [rows, blocks], weight.scales);
  // Only where it is multiplied by: a table that is only looked up in would stand in the file twice.
  let q: string | null = null;
  return {
    apply(x) {
      q ??= graph.weight(`${name}.q`, 'uint8', [rows, blocks, blockBytes], weight.place);
      return graph.node('MatMulNBits', [x, q, scales, ...(bias ? ['', '', bias] : [])], {
        K: columns,
        N: rows,
        bits,
        block_size: block,
        accuracy_level: accuracyLevels[activations],
      });
    },
    lookUp: (ids) =>
      graph.node(
        'GatherBlockQuantized',
        // The same bytes under a second name, with the shape that this operator wants.
        [graph.weight(`${name}.rows`, 'uint8', [rows, blocks * blockBytes], weight.place), ids, scales],
        { bits, block_size: block, gather_axis: 0, quantize_axis: 1 },
      ),
  };
}
