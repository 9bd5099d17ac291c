/**
 * Writes ONNX models: graphs are put together with `createGraph` and serialised as protobuf by hand.
 * Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (field numbers below are its own).
 * Knows operators only as names; weights lie in an external file, so that they can be memory-mapped.
 */

export const onnxTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type OnnxType = keyof typeof onnxTypes;

/** Where a tensor's bytes lie in an external file. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Attributes: numbers are int64, `{ float }` is a float, lists are int64 lists. */
export type Attribute = number | string | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;
type Dimensions = readonly (number | string)[];
type Elements = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
/** A tensor's data, or where it lies in the external file. */
export type TensorData = Elements | ExternalData;

export interface Graph {
  /** @param dims null where not even their number is to be known. */
  input(name: string, type: OnnxType, dims: Dimensions | null): string;
  output(name: string, type: OnnxType, dims: Dimensions): string;
  /** A small tensor inside of the model file. */
  constant(data: Elements, dims: readonly number[], type: OnnxType, name?: string): string;
  /** A one-dimensional int64 constant; equal ones are shared. */
  integers(values: readonly number[]): string;
  /** A weight, in the model file or in the external one. */
  weight(name: string, type: OnnxType, dims: readonly number[], place: TensorData): string;
  /** A node with one output; returns the output's name. `''` as an input leaves it out. */
  node(op: string, inputs: readonly string[], attributes?: Attributes, output?: string): string;
  /** A node with several outputs; `''` leaves one out. */
  nodes(op: string, inputs: readonly string[], attributes: Attributes, outputs: readonly string[]): readonly string[];
  /** A name that nothing else has. */
  fresh(hint: string): string;
  serialise(): Uint8Array;
}

/** The operators of onnxruntime itself; everything else is ONNX's. */
const microsoftOperators: ReadonlySet<string> = new Set([
  'Attention',
  'FusedMatMul',
  'GatherBlockQuantized',
  'Gelu',
  'GroupQueryAttention',
  'MatMulIntegerToFloat',
  'MatMulNBits',
  'MultiHeadAttention',
  'QuickGelu',
  'RotaryEmbedding',
  'SkipLayerNormalization',
  'SkipSimplifiedLayerNormalization',
]);
const microsoftDomain = 'com.microsoft';
const opset = 21;
/** The version of the file format that goes with opset 21. */
const irVersion = 10;

const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** Length-delimited protobuf messages, put together from parts. */
interface Message {
  readonly parts: Uint8Array[];
  varint(field: number, value: number): void;
  float(field: number, value: number): void;
  bytes(field: number, value: Uint8Array): void;
  text(field: number, value: string): void;
  message(field: number, value: Message): void;
}

function varintBytes(value: number): Uint8Array {
  const out: number[] = [];
  // Negative numbers are written as 64-bit two's complement.
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  return Uint8Array.from(out);
}

function createMessage(): Message {
  const parts: Uint8Array[] = [];
  const tag = (field: number, wire: number) => parts.push(varintBytes((field << 3) | wire));
  const message: Message = {
    parts,
    varint(field, value) {
      tag(field, 0);
      parts.push(varintBytes(value));
    },
    float(field, value) {
      tag(field, 5);
      parts.push(new Uint8Array(Float32Array.of(value).buffer));
    },
    bytes(field, value) {
      tag(field, 2);
      parts.push(varintBytes(value.length), value);
    },
    text: (field, value) => message.bytes(field, new TextEncoder().encode(value)),
    message(field, value) {
      tag(field, 2);
      parts.push(varintBytes(value.parts.reduce((sum, part) => sum + part.length, 0)));
      for (const part of value.parts) parts.push(part);
    },
  };
  return message;
}

function tensorMessage(name: string, type: OnnxType, dims: readonly number[], data: TensorData): Message {
  const message = createMessage();
  for (const size of dims) message.varint(1, size);
  message.varint(2, onnxTypes[type]);
  message.text(8, name);
  if (ArrayBuffer.isView(data)) {
    message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return message;
  }
  for (const [key, value] of Object.entries(data)) {
    const entry = createMessage();
    entry.text(1, key);
    entry.text(2, String(value));
    message.message(13, entry);
  }
  message.varint(14, 1); // data_location: external
  return message;
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = createMessage();
  message.text(1, name);
  if (typeof value === 'number') {
    message.varint(3, value);
    message.varint(20, attributeTypes.int);
  } else if (typeof value === 'string') {
    message.text(4, value);
    message.varint(20, attributeTypes.string);
  } else if ('float' in value) {
    message.float(2, value.float);
    message.varint(20, attributeTypes.float);
  } else {
    for (const item of value) message.varint(8, item);
    message.varint(20, attributeTypes.ints);
  }
  return message;
}

function valueMessage(name: string, type: OnnxType, dims: Dimensions | null): Message {
  const shape = createMessage();
  for (const size of dims ?? []) {
    const dimension = createMessage();
    if (typeof size === 'string') dimension.text(2, size);
    else dimension.varint(1, size);
    shape.message(1, dimension);
  }
  const tensorType = createMessage();
  tensorType.varint(1, onnxTypes[type]);
  if (dims) tensorType.message(2, shape);
  const typeMessage = createMessage();
  typeMessage.message(1, tensorType);
  const message = createMessage();
  message.text(1, name);
  message.message(2, typeMessage);
  return message;
}

export function createGraph(name: string): Graph {
  const nodeMessages: Message[] = [];
  const initialisers: Message[] = [];
  const inputs: Message[] = [];
  const outputs: Message[] = [];
  const integerConstants = new Map<string, string>();
  let counter = 0;
  const graph: Graph = {
    fresh: (hint) => `${hint}_${counter++}`,
    input(inputName, type, dims) {
      inputs.push(valueMessage(inputName, type, dims));
      return inputName;
    },
    output(outputName, type, dims) {
      outputs.push(valueMessage(outputName, type, dims));
      return outputName;
    },
    constant(data, dims, type, constantName = graph.fresh('constant')) {
      initialisers.push(tensorMessage(constantName, type, dims, data));
      return constantName;
    },
    integers(values) {
      const key = values.join(',');
      let constant = integerConstants.get(key);
      if (!constant) {
        constant = graph.constant(BigInt64Array.from(values, BigInt), [values.length], 'int64');
        integerConstants.set(key, constant);
      }
      return constant;
    },
    weight(weightName, type, dims, place) {
      initialisers.push(tensorMessage(weightName, type, dims, place));
      return weightName;
    },
    node: (op, nodeInputs, attributes = {}, output = graph.fresh(op)) =>
      graph.nodes(op, nodeInputs, attributes, [output])[0]!,
    nodes(op, nodeInputs, attributes, nodeOutputs) {
      const message = createMessage();
      for (const input of nodeInputs) message.text(1, input);
      for (const output of nodeOutputs) message.text(2, output);
      message.text(3, graph.fresh(`node_${op}`));
      message.text(4, op);
      for (const [key, value] of Object.entries(attributes)) message.message(5, attributeMessage(key, value));
      message.text(7, microsoftOperators.has(op) ? microsoftDomain : '');
      nodeMessages.push(message);
      return nodeOutputs;
    },
    serialise() {
      const graphMessage = createMessage();
      for (const node of nodeMessages) graphMessage.message(1, node);
      graphMessage.text(2, name);
      for (const initialiser of initialisers) graphMessage.message(5, initialiser);
      for (const input of inputs) graphMessage.message(11, input);
      for (const output of outputs) graphMessage.message(12, output);
      const model = createMessage();
      model.varint(1, irVersion);
      model.text(2, 'docent');
      model.message(7, graphMessage);
      for (const [domain, version] of [['', opset] as const, [microsoftDomain, 1] as const]) {
        const opsetMessage = createMessage();
        opsetMessage.text(1, domain);
        opsetMessage.varint(2, version);
        model.message(8, opsetMessage);
      }
      return Buffer.concat(model.parts);
    },
  };
  return graph;
}
