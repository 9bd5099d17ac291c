/**
 * The one place that loads tfjs. The union package and not tfjs-core: core's Node entry registers no gradients.
 * https://github.com/tensorflow/tfjs/issues: `sideEffects` of tf-core.node.js leaves `register_all_gradients` out.
 */
import tf from '@tensorflow/tfjs';

// tfjs advertises its native binding on the console at the first operation otherwise.
tf.enableProdMode();

export { tf };

export type Tensor = ReturnType<typeof tf.tensor>;
export type Shape = readonly number[];
/** int8 exists only in traced graphs: tfjs has no such tensors. */
export type ElementType = 'float32' | 'int32' | 'bool' | 'int8';

export const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i]);
