/**
 * A tfjs backend that writes operations down instead of doing them: kernels record ONNX nodes on symbolic tensors, so
 * ordinary tfjs code, autodiff included, becomes one static graph. Knows values and nodes, not what they compute.
 */
import { createGraph, type Attributes as NodeAttributes } from '../../../src/inference/graph/onnx.ts';
import { type ElementType, type Shape, sizeOf, type Tensor, tf } from '../tf.ts';

export const backendName = 'onnx-graph';

type Elements = Float32Array | Int32Array | Uint8Array | Int8Array;
const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, int8: Int8Array } as const;

/** What stands behind a tensor while tracing. */
export interface Value {
  readonly shape: Shape;
  readonly type: ElementType;
  /** The graph value of this shape, once something needed it. */
  name?: string;
  /** All elements are this number; no graph value exists until one is needed. */
  readonly uniform?: number;
  readonly elements?: Elements;
  /** Name of a smaller graph value that broadcasts to this shape. */
  readonly broadcast?: string;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: NodeAttributes;
}

type ConstantType = ElementType | 'int64' | 'uint8';

export interface Constant {
  readonly name: string;
  readonly type: ConstantType;
  readonly shape: Shape;
  readonly elements: Elements | BigInt64Array;
}

export interface Port {
  readonly name: string;
  /** A name where a size is free; null where not even the number of dimensions is told. */
  readonly shape: readonly (number | string)[] | null;
  readonly type: ConstantType;
}

export interface TracedGraph {
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Constants up to this size are compared, so that equal ones are stored once. */
const sharedConstantElements = 64;

/** How tfjs operations become ONNX ones; execution providers differ in what they have. */
export interface Lowering {
  /** onnxruntime's own operators (FusedMatMul, RotaryEmbedding, SimplifiedLayerNormalization's second output). */
  readonly contrib: boolean;
}

export class OnnxGraphBackend extends tf.KernelBackend {
  private readonly values = new tf.DataStorage<Value>(this, tf.engine());
  private readonly constantNames = new Map<string, string>();
  private nodes: Node[] = [];
  private constants: Constant[] = [];
  private inputs: Port[] = [];
  private outputs: Port[] = [];
  private counter = 0;
  lowering: Lowering = { contrib: true };

  begin(lowering: Lowering): void {
    this.lowering = lowering;
    this.nodes = [];
    this.constants = [];
    this.inputs = [];
    this.outputs = [];
    this.counter = 0;
    this.constantNames.clear();
  }

  // What tfjs asks of a backend. Nothing is computed, so nothing is ever freed.
  override numDataIds(): number {
    return this.values.numDataIds();
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  override disposeData(): boolean {
    return false;
  }
  override dispose(): void {}
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override timerAvailable(): boolean {
    return false;
  }
  override write(elements: tf.BackendValues, shape: number[], type: tf.DataType): object {
    const id = {};
    this.values.set(id, constantValue(elements, shape, type as ElementType));
    return id;
  }
  override move(id: object, elements: tf.BackendValues, shape: number[], type: tf.DataType): void {
    this.values.set(id, constantValue(elements, shape, type as ElementType));
  }
  override readSync(id: object): tf.BackendValues {
    const value = this.values.get(id);
    if (value.uniform !== undefined)
      return new arrays[value.type](sizeOf(value.shape)).fill(value.uniform) as tf.BackendValues;
    if (value.elements) return value.elements as tf.BackendValues;
    throw new Error('a traced tensor has no elements: the traced function must not look at what it computes');
  }
  override async read(id: object): Promise<tf.BackendValues> {
    return this.readSync(id);
  }

  lookup(tensor: tf.TensorInfo): Value {
    return this.values.get(tensor.dataId);
  }

  wrap(value: Value): tf.TensorInfo {
    const dataId = {};
    this.values.set(dataId, value);
    // tfjs counts the bytes of every tensor by its type, and knows no int8.
    return { dataId, shape: [...value.shape], dtype: value.type === 'int8' ? 'int32' : value.type };
  }

  /** The graph value behind `value`. `small`: one that broadcasts to its shape will do. */
  nameOf(value: Value, small = false): string {
    if (value.name) return value.name;
    if (value.broadcast) {
      if (small) return value.broadcast;
      value.name = this.append('Expand', [value.broadcast, this.integers(value.shape)]);
      return value.name;
    }
    if (value.uniform !== undefined && small)
      return this.constant(arrays[value.type].of(value.uniform), [], value.type);
    // Expanded when the graph runs: its shape may be free.
    value.name = value.elements
      ? this.constant(value.elements, value.shape, value.type)
      : this.append('Expand', [
          this.constant(arrays[value.type].of(value.uniform!), [], value.type),
          this.integers(value.shape),
        ]);
    return value.name;
  }

  constant(elements: Elements | BigInt64Array, shape: Shape, type: ConstantType): string {
    const key = elements.length <= sharedConstantElements ? `${type}|${shape}|${[...elements]}` : null;
    const known = key === null ? undefined : this.constantNames.get(key);
    if (known) return known;
    const name = `c${this.counter++}`;
    this.constants.push({ name, type, shape: [...shape], elements });
    if (key !== null) this.constantNames.set(key, name);
    return name;
  }

  integers(values: Shape): string {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], 'int64');
  }

  /** Records a node with several outputs and returns their names. */
  appendMany(op: string, inputs: readonly string[], attributes: NodeAttributes, count: number): readonly string[] {
    const outputs = Array.from({ length: count }, () => `v${this.counter++}`);
    this.nodes.push({ op, inputs, outputs, attributes });
    return outputs;
  }

  append(op: string, inputs: readonly string[], attributes: NodeAttributes = {}): string {
    return this.appendMany(op, inputs, attributes, 1)[0]!;
  }

  emit(
    op: string,
    inputs: readonly string[],
    shape: Shape,
    type: ElementType,
    attributes?: NodeAttributes,
  ): tf.TensorInfo {
    return this.wrap({ name: this.append(op, inputs, attributes), shape: [...shape], type });
  }

  input(name: string, shape: Shape, type: ElementType): Tensor {
    this.inputs.push({ name, shape, type });
    return tf.engine().makeTensorFromTensorInfo(this.wrap({ name, shape: [...shape], type }), this) as Tensor;
  }

  output(name: string, tensor: tf.TensorInfo): void {
    const value = this.lookup(tensor);
    this.nodes.push({ op: 'Identity', inputs: [this.nameOf(value)], outputs: [name], attributes: {} });
    this.outputs.push({ name, shape: value.shape, type: value.type });
  }

  finish(): TracedGraph {
    const { constants, inputs, outputs } = this;
    const nodes = leavesLast(live(withoutOutputCopies(this.nodes, inputs, outputs), outputs));
    const used = new Set(nodes.flatMap((node) => node.inputs));
    return { nodes, inputs, outputs, constants: constants.filter(({ name }) => used.has(name)) };
  }
}

function constantValue(elements: tf.BackendValues, shape: Shape, type: ElementType): Value {
  const array = arrays[type];
  const typed = (elements instanceof array ? elements : array.from(elements as ArrayLike<number>)) as Elements;
  const first = typed[0];
  const uniform = first !== undefined && typed.every((x: number) => Object.is(x, first)) ? first : undefined;
  return uniform === undefined ? { shape: [...shape], type, elements: typed } : { shape: [...shape], type, uniform };
}

/** An output takes over the name of the value that it exposes, which saves a copy, unless that is an input or shared. */
function withoutOutputCopies(nodes: readonly Node[], inputs: readonly Port[], outputs: readonly Port[]): Node[] {
  const outputNames = new Set(outputs.map(({ name }) => name));
  const produced = new Set(nodes.flatMap((node) => node.outputs));
  for (const { name } of inputs) produced.delete(name);
  const renamed = new Map<string, string>();
  const kept = nodes.filter(({ inputs: [source], outputs: [target] }) => {
    if (!outputNames.has(target!) || !produced.has(source!) || renamed.has(source!)) return true;
    renamed.set(source!, target!);
    return false;
  });
  const rename = (name: string) => renamed.get(name) ?? name;
  return kept.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }));
}

/** Nodes that reach an output. */
function live(nodes: readonly Node[], outputs: readonly Port[]): Node[] {
  const needed = new Set(outputs.map(({ name }) => name));
  const kept: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

/**
 * onnxruntime orders execution by a reverse depth-first search from the highest-numbered leaf. With the leaves (the
 * gradients) listed last and in reverse it finishes each gradient as soon as it can, so activations die in the order of
 * the trace instead of living to the end.
 */
function leavesLast(nodes: readonly Node[]): Node[] {
  const used = new Set(nodes.flatMap((node) => node.inputs));
  const isLeaf = (node: Node) => !node.outputs.some((name) => used.has(name));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}

/** The graph as an ONNX model. @param stored inputs that become weights instead, each an external file of its own name. */
export function serialise(traced: TracedGraph, stored: ReadonlyMap<string, ArrayBufferView> = new Map()): Uint8Array {
  const graph = createGraph('training-step');
  for (const { name, type, shape } of traced.inputs) {
    const weight = stored.get(name);
    if (weight) graph.weight(name, type, shape as Shape, { location: name, offset: 0, length: weight.byteLength });
    else graph.input(name, type, shape);
  }
  for (const { name, type, shape, elements } of traced.constants) graph.constant(elements, shape, type, name);
  for (const { op, inputs, outputs, attributes } of traced.nodes) graph.nodes(op, inputs, attributes, outputs);
  for (const { name, type, shape } of traced.outputs) graph.output(name, type, shape!);
  return graph.serialise();
}

export const isTracing = (): boolean => tf.getBackend() === backendName;

/** Whether what is being traced may use onnxruntime's own operators; false on other backends. */
export const tracesContrib = (): boolean => isTracing() && (tf.backend() as OnnxGraphBackend).lowering.contrib;
