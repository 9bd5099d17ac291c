/**
 * One graph for all sizes. A traced graph has its sizes in constants: the shapes it reshapes to, the ends of its slices.
 * Traced at several sizes, the constants that differ are found, and each becomes a sum of the sizes times whole numbers,
 * computed when the graph runs. Knows nodes and constants, not what is computed.
 */
import type { Constant, Node, Port, TracedGraph } from './backend.ts';

/** By name: what varies, for instance the tokens of a row. */
export type Sizes = Readonly<Record<string, number>>;

export interface Sample {
  readonly sizes: Sizes;
  readonly graph: TracedGraph;
}

/** Input that holds a size: int64 [1]. */
export const sizeInput = (name: string): string => `size/${name}`;

const sameElements = (a: Constant, b: Constant): boolean =>
  a.elements.length === b.elements.length &&
  (a.elements as ArrayLike<unknown> as unknown[]).every((x: unknown, i: number) => x === b.elements[i]);

/** a + Σ slopes · sizes, element by element. */
interface LinearForm {
  readonly offset: readonly bigint[];
  readonly slopes: ReadonlyMap<string, readonly bigint[]>;
}

/**
 * @param samples the first one is the reference; then one for each size, in which only that size differs; the last one,
 *   in which all differ, only checks what the others say.
 * @throws Error when something depends on a size in another way: the traced function asks for it in an `if`, or holds an
 *   array of that length.
 */
export function withFreeSizes(samples: readonly Sample[]): TracedGraph {
  const [reference, ...others] = samples as [Sample, ...Sample[]];
  const { graph, sizes } = reference;
  const names = Object.keys(sizes);
  const structureOf = (node: Node) => JSON.stringify([node.op, node.inputs, node.outputs, node.attributes]);
  const structure = graph.nodes.map(structureOf);
  for (const { graph: other } of others)
    if (
      other.constants.length !== graph.constants.length ||
      other.nodes.length !== structure.length ||
      other.nodes.some((node, i) => structureOf(node) !== structure[i])
    )
      throw new Error('the operations of the traced function depend on its sizes');

  const added: Node[] = [];
  const addedConstants: Constant[] = [];
  const known = new Map<string, string>();
  const replacement = new Map<string, string>();
  const constantOf = (elements: readonly bigint[]): string => {
    const name = `size-constant-${addedConstants.length}`;
    addedConstants.push({ name, type: 'int64', shape: [elements.length], elements: BigInt64Array.from(elements) });
    return name;
  };
  const append = (op: string, inputs: readonly string[]): string => {
    const name = `size-value-${added.length}`;
    added.push({ op, inputs, outputs: [name], attributes: {} });
    return name;
  };
  /** The name of the value, computed once for all constants that are equal at every size. */
  const computed = ({ offset, slopes }: LinearForm): string => {
    const key = JSON.stringify([offset, ...slopes].flat(2), (_, x) => (typeof x === 'bigint' ? `${x}` : x));
    let name = known.get(key);
    if (!name) {
      name = constantOf(offset);
      for (const [size, slope] of slopes)
        if (slope.some((x) => x !== 0n))
          name = append('Add', [name, append('Mul', [constantOf(slope), sizeInput(size)])]);
      known.set(key, name);
    }
    return name;
  };

  const constants: Constant[] = [];
  for (const [at, constant] of graph.constants.entries()) {
    const elsewhere = others.map((sample) => sample.graph.constants[at]!);
    if (elsewhere.every((other) => sameElements(constant, other))) {
      constants.push(constant);
      continue;
    }
    replacement.set(constant.name, computed(linearForm(constant, elsewhere, reference, others)));
  }
  const renamed = (name: string) => replacement.get(name) ?? name;
  /** Dimensions that are equal at all samples have one name, so that onnxruntime knows them to be equal. */
  const free = (ports: (graph: TracedGraph) => readonly Port[]): Port[] => {
    const elsewhere = others.map((sample) => new Map(ports(sample.graph).map((port) => [port.name, port.shape!])));
    return ports(graph).map(({ name, shape, type }) => ({
      name,
      type,
      shape: shape!.map((size, axis) => {
        const sizesHere = [size, ...elsewhere.map((shapes) => shapes.get(name)![axis]!)];
        return sizesHere.every((other) => other === size) ? size : `size ${sizesHere.join(' ')}`;
      }),
    }));
  };
  return {
    nodes: [...added, ...graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed) }))],
    constants: [...constants, ...addedConstants],
    inputs: [
      ...free((each) => each.inputs),
      // Without a shape: then nothing behind them has one, and onnxruntime does not try to plan which values could share
      // memory. Knowing ranks only it takes 40 s for that (each value is compared with all that are free), and the plan is
      // no better than freeing at the last use.
      ...names.map((name) => ({ name: sizeInput(name), shape: null, type: 'int64' as const })),
    ],
    outputs: free((each) => each.outputs),
  };
}

function linearForm(
  constant: Constant,
  elsewhere: readonly Constant[],
  reference: Sample,
  others: readonly Sample[],
): LinearForm {
  const { name, elements } = constant;
  if (!(elements instanceof BigInt64Array) || elsewhere.some((other) => other.elements.length !== elements.length))
    throw new Error(`${name} is an array whose length depends on a size`);
  const first = [...elements];
  const sizeNames = Object.keys(reference.sizes);
  const slopes = new Map(
    sizeNames.map((size, i) => {
      const step = BigInt(others[i]!.sizes[size]! - reference.sizes[size]!);
      return [
        size,
        first.map((x, at) => {
          const difference = (elsewhere[i]!.elements[at] as bigint) - x;
          if (difference % step !== 0n) throw new Error(`${name} is no multiple of ${size}`);
          return difference / step;
        }),
      ] as const;
    }),
  );
  const valueAt = (sizes: Sizes, at: number, from: bigint) =>
    sizeNames.reduce((sum, size) => sum + slopes.get(size)![at]! * BigInt(sizes[size]!), from);
  const offset = first.map((x, at) => x - valueAt(reference.sizes, at, 0n));
  const check = elsewhere.at(-1)!.elements;
  if (offset.some((from, at) => valueAt(others.at(-1)!.sizes, at, from) !== check[at]))
    throw new Error(`${name} is no sum of sizes`);
  return { offset, slopes };
}
