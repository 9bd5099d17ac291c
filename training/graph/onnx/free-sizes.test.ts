import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { Shape, Tensor } from '../tf.ts';
import { tf } from '../tf.ts';
import { type Sizes, sizeInput } from './free-sizes.ts';
import { type Tensors, traceFree } from './trace.ts';

/** x [half · 2, columns] → sums over halves, padded and reshaped: sizes in reshapes, slices, pads and expansions. */
function compute({ half, columns }: Sizes, { x }: Tensors): Tensors {
  const [rows, width] = [half! * 2, columns!];
  const upper = tf.slice(x!, [half!, 0], [half!, width]);
  const padded = tf.pad(upper, [
    [half!, 0],
    [0, 0],
  ]);
  const split = tf.reshape(tf.add(x!, padded), [2, half!, width]);
  return { y: tf.transpose(split, [1, 0, 2]) as Tensor, z: tf.matMul(x!, tf.ones([width, rows])) as Tensor };
}

const shapeAt = ({ half, columns }: Sizes): Shape => [half! * 2, columns!];
const samples = [
  { half: 11, columns: 5 },
  { half: 13, columns: 5 },
  { half: 11, columns: 7 },
  { half: 17, columns: 3 },
];
const traced = (at: (sizes: Sizes, tensors: Tensors) => Tensors) =>
  traceFree(samples, (sizes) => ({
    inputs: { x: { shape: shapeAt(sizes), type: 'float32' } },
    compute: (tensors) => at(sizes, tensors),
  }));

describe('free sizes', () => {
  it('one graph computes what the function does, at sizes that it was not traced at', async () => {
    const session = await ort.InferenceSession.create(traced(compute), { logSeverityLevel: 3 });
    for (const sizes of [
      { half: 2, columns: 3 },
      { half: 40, columns: 1 },
    ]) {
      const shape = shapeAt(sizes);
      const numbers = Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => (i * 7) % 5);
      const size = (value: number) => new ort.Tensor('int64', BigInt64Array.of(BigInt(value)), [1]);
      const results = await session.run({
        x: new ort.Tensor('float32', numbers, shape),
        [sizeInput('half')]: size(sizes.half),
        [sizeInput('columns')]: size(sizes.columns),
      });
      tf.setBackend('cpu');
      const expected = compute(sizes, { x: tf.tensor(numbers, [...shape]) });
      for (const [name, tensor] of Object.entries(expected)) {
        expect(results[name]!.dims).toEqual(tensor.shape);
        expect([...(results[name]!.data as Float32Array)]).toEqual([...tensor.dataSync()]);
      }
    }
    await session.release();
  });

  it('refuses what is no sum of sizes, arrays as long as a size, and operations that depend on one', () => {
    const reshaped =
      (of: (sizes: Sizes) => number) =>
      (sizes: Sizes, { x }: Tensors) => ({
        y: tf.pad(x!, [
          [of(sizes), 0],
          [0, 0],
        ]) as Tensor,
      });
    expect(() => traced(reshaped(({ half }) => half! ** 2))).toThrow('is no sum of sizes');
    expect(() => traced(reshaped(({ half, columns }) => half! % columns!))).toThrow(/is no (?:sum|multiple) of/);
    const range = ({ half }: Sizes) => Float32Array.from({ length: half! * 2 }, (_, i) => i);
    expect(() =>
      traced((sizes, { x }) => ({ y: tf.add(x!, tf.tensor2d(range(sizes), [range(sizes).length, 1])) })),
    ).toThrow('whose length depends on a size');
    expect(() => traced(({ half }, { x }) => ({ y: half! > 12 ? tf.neg(x!) : tf.neg(tf.neg(x!)) }))).toThrow(
      'operations of the traced function depend on its sizes',
    );
  });
});
