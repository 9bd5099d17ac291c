/**
 * tfjs kernels as ONNX nodes: what a transformer, its loss and their gradients use.
 * An operation that is missing here throws tfjs's own "Kernel … not registered for backend 'onnx-graph'".
 */
import { onnxTypes } from '../../../src/inference/graph/onnx.ts';
import { type ElementType, type Shape, sameShape, sizeOf, tf } from '../tf.ts';
import { backendName, type OnnxGraphBackend, type Value } from './backend.ts';

type Infos = Readonly<Record<string, tf.TensorInfo>>;
// biome-ignore lint/suspicious/noExplicitAny: tfjs types the attributes of a kernel as a bag of anything.
type KernelAttributes = any;
type Kernel = (
  backend: OnnxGraphBackend,
  inputs: Infos,
  attributes: KernelAttributes,
) => tf.TensorInfo | tf.TensorInfo[];

export const defineKernel = (kernelName: string, kernel: Kernel): void =>
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => kernel(backend as OnnxGraphBackend, inputs as Infos, attrs),
  });

const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const axesOf = (axis: number | readonly number[] | null | undefined, rank: number): number[] =>
  axis == null ? Array.from({ length: rank }, (_, i) => i) : [axis].flat().map((a) => positive(a, rank));

for (const [kernel, op] of Object.entries({ Neg: 'Neg', Log: 'Log', Sigmoid: 'Sigmoid' }))
  defineKernel(kernel, (backend, { x }) => {
    const value = backend.lookup(x!);
    return backend.emit(op, [backend.nameOf(value)], value.shape, value.type);
  });

defineKernel('Square', (backend, { x }) => {
  const value = backend.lookup(x!);
  const name = backend.nameOf(value);
  return backend.emit('Mul', [name, name], value.shape, value.type);
});
defineKernel('Rsqrt', (backend, { x }) => {
  const value = backend.lookup(x!);
  return backend.emit('Reciprocal', [backend.append('Sqrt', [backend.nameOf(value)])], value.shape, value.type);
});

/** Binary kernels, and the number that leaves the other operand as it is (on either side, or only as the second). */
const binaries: readonly {
  readonly kernel: string;
  readonly op: string;
  readonly neutral?: { readonly value: number; readonly commutes: boolean };
}[] = [
  { kernel: 'Add', op: 'Add', neutral: { value: 0, commutes: true } },
  { kernel: 'Sub', op: 'Sub', neutral: { value: 0, commutes: false } },
  { kernel: 'Multiply', op: 'Mul', neutral: { value: 1, commutes: true } },
  { kernel: 'Maximum', op: 'Max' },
];

for (const { kernel, op, neutral } of binaries)
  defineKernel(kernel, (backend, inputs) => {
    const a = backend.lookup(inputs.a!);
    const b = backend.lookup(inputs.b!);
    const shape = tf.backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
    const unchanged =
      neutral && b.uniform === neutral.value ? a : neutral?.commutes && a.uniform === neutral.value ? b : undefined;
    if (unchanged && unchanged.uniform === undefined)
      return backend.wrap(
        sameShape(unchanged.shape, shape)
          ? unchanged
          : { broadcast: backend.nameOf(unchanged, true), shape, type: unchanged.type },
      );
    // One operand may stay small where the other one has the whole shape.
    const whole = (value: Value) => sameShape(value.shape, shape) && !value.broadcast && value.uniform === undefined;
    return backend.emit(op, [backend.nameOf(a, whole(b)), backend.nameOf(b, whole(a))], shape, a.type);
  });

for (const [kernel, op] of Object.entries({ Sum: 'ReduceSum', Mean: 'ReduceMean' }))
  defineKernel(kernel, (backend, { x }, { axis, reductionIndices, keepDims }) => {
    const value = backend.lookup(x!);
    const axes = axesOf(axis ?? reductionIndices, value.shape.length);
    if (axes.length === 0) return backend.wrap(value);
    const shape = value.shape.flatMap((size, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [size]));
    const inputs = [backend.nameOf(value), backend.integers(axes)];
    return backend.emit(op, inputs, shape, value.type, { keepdims: keepDims ? 1 : 0 });
  });

defineKernel('Identity', (_, { x }) => ({ dataId: x!.dataId, shape: x!.shape, dtype: x!.dtype }));
defineKernel('Cast', (backend, { x }, { dtype }) => {
  const value = backend.lookup(x!);
  const type = dtype as ElementType;
  if (value.type === type) return backend.wrap(value);
  if (value.uniform !== undefined)
    return backend.wrap({
      shape: value.shape,
      type,
      uniform: type === 'bool' ? Number(value.uniform !== 0) : value.uniform,
    });
  return backend.emit('Cast', [backend.nameOf(value)], value.shape, type, { to: onnxTypes[type] });
});

function reshape(backend: OnnxGraphBackend, info: tf.TensorInfo, wanted: Shape): tf.TensorInfo {
  const value = backend.lookup(info);
  const shape = tf.util.inferFromImplicitShape([...wanted], sizeOf(value.shape));
  if (sameShape(value.shape, shape)) return backend.wrap(value);
  if (value.uniform !== undefined) return backend.wrap({ shape, type: value.type, uniform: value.uniform });
  return backend.emit('Reshape', [backend.nameOf(value), backend.integers(shape)], shape, value.type);
}
defineKernel('Reshape', (backend, { x }, { shape }) => reshape(backend, x!, shape));
defineKernel('ExpandDims', (backend, { input }, { dim }) => {
  const shape = [...input!.shape];
  shape.splice(dim < 0 ? shape.length + dim + 1 : dim, 0, 1);
  return reshape(backend, input!, shape);
});
defineKernel('Transpose', (backend, { x }, { perm }: { perm: number[] }) => {
  const value = backend.lookup(x!);
  const shape = perm.map((axis) => value.shape[axis]!);
  if (perm.every((axis, i) => axis === i)) return backend.wrap(value);
  if (value.uniform !== undefined) return backend.wrap({ shape, type: value.type, uniform: value.uniform });
  // Where only axes of size 1 move, the elements stay where they are.
  const moved = perm.filter((axis) => value.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return reshape(backend, x!, shape);
  return backend.emit('Transpose', [backend.nameOf(value)], shape, value.type, { perm });
});
defineKernel('Slice', (backend, { x }, attributes) => {
  const value = backend.lookup(x!);
  const [begin, size] = tf.slice_util.parseSliceParams(x!, attributes.begin, attributes.size);
  if (sameShape(size!, value.shape)) return backend.wrap(value);
  const ends = begin!.map((from, i) => from + size![i]!);
  const axes = begin!.map((_, i) => i);
  const inputs = [backend.nameOf(value), backend.integers(begin!), backend.integers(ends), backend.integers(axes)];
  return backend.emit('Slice', inputs, size!, value.type);
});
defineKernel('Concat', (backend, inputs, attributes) => {
  const values = Object.values(inputs).map((info) => backend.lookup(info));
  const [first] = values as [Value];
  const axis = positive(attributes.axis, first.shape.length);
  const shape = first.shape.map((size, i) => (i === axis ? values.reduce((sum, v) => sum + v.shape[axis]!, 0) : size));
  const names = values.map((value) => backend.nameOf(value));
  return backend.emit('Concat', names, shape, first.type, { axis });
});
defineKernel('SplitV', (backend, { x }, attributes) => {
  const value = backend.lookup(x!);
  const axis = positive(attributes.axis, value.shape.length);
  const sizes = tf.backend_util.prepareSplitSize(x as never, attributes.numOrSizeSplits, axis);
  if (sizes.length === 1) return [backend.wrap(value)];
  const inputs = [backend.nameOf(value), backend.integers(sizes)];
  return backend
    .appendMany('Split', inputs, { axis }, sizes.length)
    .map((name, i) =>
      backend.wrap({ name, shape: value.shape.map((size, a) => (a === axis ? sizes[i]! : size)), type: value.type }),
    );
});
defineKernel(
  'PadV2',
  (backend, { x }, { paddings, constantValue }: { paddings: [number, number][]; constantValue: number }) => {
    const value = backend.lookup(x!);
    const shape = value.shape.map((size, i) => size + paddings[i]![0] + paddings[i]![1]);
    const pads = backend.integers([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
    const fill = backend.nameOf({ shape: [], type: value.type, uniform: constantValue }, true);
    return backend.emit('Pad', [backend.nameOf(value), pads, fill], shape, value.type);
  },
);
defineKernel('GatherV2', (backend, { x, indices }, attributes) => {
  if (attributes.batchDims) throw new Error('gather over batch dimensions has no ONNX form here');
  const value = backend.lookup(x!);
  const index = backend.lookup(indices!);
  const axis = positive(attributes.axis, value.shape.length);
  const shape = [...value.shape.slice(0, axis), ...index.shape, ...value.shape.slice(axis + 1)];
  return backend.emit('Gather', [backend.nameOf(value), backend.nameOf(index)], shape, value.type, { axis });
});
/** Rows of x summed by segment id: the gradient of a gather. */
defineKernel('UnsortedSegmentSum', (backend, { x, segmentIds }, { numSegments }: { numSegments: number }) => {
  const value = backend.lookup(x!);
  const ids = backend.lookup(segmentIds!);
  const shape = [numSegments, ...value.shape.slice(1)];
  const zero = backend.nameOf({ shape: [], type: value.type, uniform: 0 }, true);
  const zeros = backend.append('Expand', [zero, backend.integers(shape)]);
  const column = backend.append('Reshape', [backend.nameOf(ids), backend.integers([value.shape[0]!, 1])]);
  const index = backend.append('Cast', [column], { to: onnxTypes.int64 });
  return backend.emit('ScatterND', [zeros, index, backend.nameOf(value)], shape, value.type, { reduction: 'add' });
});
defineKernel('Softmax', (backend, { logits }, { dim }) => {
  const value = backend.lookup(logits!);
  return backend.emit('Softmax', [backend.nameOf(value)], value.shape, value.type, { axis: dim });
});
defineKernel(
  'BatchMatMul',
  (backend, { a, b }, { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean }) => {
    const x = backend.lookup(a!);
    const y = backend.lookup(b!);
    const rows = x.shape.at(transposeA ? -1 : -2)!;
    const columns = y.shape.at(transposeB ? -2 : -1)!;
    const batch = tf.backend_util.assertAndGetBroadcastShape([...x.shape.slice(0, -2)], [...y.shape.slice(0, -2)]);
    const shape = [...batch, rows, columns];
    const names = [backend.nameOf(x), backend.nameOf(y)] as const;
    if (!transposeA && !transposeB) return backend.emit('MatMul', names, shape, 'float32');
    const flags = { transA: Number(transposeA), transB: Number(transposeB) };
    if (backend.lowering.contrib) return backend.emit('FusedMatMul', names, shape, 'float32', flags);
    if (x.shape.length === 2 && y.shape.length === 2) return backend.emit('Gemm', names, shape, 'float32', flags);
    const flipped = (name: string, rank: number) =>
      backend.append('Transpose', [name], {
        perm: [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2],
      });
    const left = transposeA ? flipped(names[0], x.shape.length) : names[0];
    const right = transposeB ? flipped(names[1], y.shape.length) : names[1];
    return backend.emit('MatMul', [left, right], shape, 'float32');
  },
);
