/** What runs a forward and backward pass. The loop knows this, not ONNX, tfjs or devices. */
import type { ModelConfig } from '../../src/inference/checkpoint/model-config.ts';
import type { Batch } from '../data/batch.ts';
import type { FrozenType, Method } from '../graph/parameters.ts';
import type { FrozenArrays } from './frozen-weights.ts';
import type { Layout } from './layout.ts';

export type Device = 'cpu' | 'webgpu' | 'cuda' | 'tfjs-node' | 'tfjs-node-gpu' | 'tfjs-cpu';

/** What an executor computes with; the arrays are shared and never copied. */
export interface Problem {
  readonly config: ModelConfig;
  readonly method: Method;
  readonly frozen: FrozenType;
  readonly weights: FrozenArrays;
  readonly layout: Layout;
  /** The trained parameters: the optimizer changes them between calls. */
  readonly parameters: Float32Array;
}

export interface Executor {
  readonly device: Device;
  /** How many rows a batch should have here, at most. */
  readonly rowsAtOnce: number;
  /** Adds the batch's gradient to `gradient`. @returns the loss. */
  accumulate(batch: Batch, gradient: Float32Array): Promise<number>;
  /** @returns the loss, without gradients. */
  evaluate(batch: Batch): Promise<number>;
  close(): Promise<void>;
}
