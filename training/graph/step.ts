/**
 * One forward and backward pass as a function of named tensors: what is traced into ONNX or run eagerly.
 * Names: `weight/<base weight>` (frozen), `trained/<parameter>`, `batch/<part>` → `loss`, `gradient/<parameter>`.
 */
import type { ModelConfig } from '../../src/inference/checkpoint/model-config.ts';
import { hiddenStates, type ModelInput, type ModelOptions, modelInput, outputWeight, type Weights } from './model.ts';
import type { Tensors } from './onnx/trace.ts';
import { linearCrossEntropy } from './ops/cross-entropy.ts';
import {
  type FrozenType,
  frozenInputs,
  type InputShapes,
  type Method,
  type Shapes,
  trainedShapes,
} from './parameters.ts';
import { type ElementType, type Tensor, tf } from './tf.ts';

/** Sizes that are fixed in a graph. */
export interface Bucket {
  readonly rows: number;
  /** Tokens of a row. */
  readonly length: number;
  /** Positions with a loss, over all rows. */
  readonly targets: number;
}

export interface StepDefinition {
  readonly config: ModelConfig;
  readonly method: Method;
  readonly bucket: Bucket;
  readonly options: ModelOptions;
  readonly frozen: FrozenType;
}

const prefixed = (prefix: string, inputs: InputShapes): InputShapes =>
  Object.fromEntries(Object.entries(inputs).map(([name, input]) => [`${prefix}${name}`, input]));
const floats = (shapes: Shapes): InputShapes =>
  Object.fromEntries([...shapes].map(([name, shape]) => [name, { shape, type: 'float32' as const }]));
const stripped = (prefix: string, tensors: Tensors): Weights =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );

/** What a batch gives; everything else stays the same from batch to batch. */
export const batchInputs = ({ rows, length, targets }: Bucket): InputShapes => {
  const input = (type: ElementType, ...shape: number[]) => ({ shape, type });
  return {
    'batch/ids': input('int32', rows, length),
    'batch/positions': input('int32', rows, length),
    'batch/bias': input('float32', rows, 1, length, length),
    'batch/at': input('int32', targets),
    'batch/targets': input('int32', targets),
    'batch/weights': input('float32', targets),
  };
};

export const stepInputs = ({ config, method, bucket, frozen }: StepDefinition): InputShapes => ({
  ...prefixed('weight/', frozenInputs(config, method, frozen)),
  ...prefixed('trained/', floats(trainedShapes(config, method))),
  ...batchInputs(bucket),
});

const inputOf = ({ config, options }: StepDefinition, batch: Tensors): ModelInput =>
  modelInput(
    config,
    { ids: batch['batch/ids']!, positions: batch['batch/positions']!, bias: batch['batch/bias']! },
    options,
  );

/** Σ weights · cross-entropy at the positions `at`, which count through all rows. */
function lossOf(
  { config, method, options }: StepDefinition,
  weights: Weights,
  trained: Weights,
  input: ModelInput,
  batch: Tensors,
): Tensor {
  const hidden = hiddenStates(config, method, weights, trained, input, options);
  const full = method.kind === 'full';
  return linearCrossEntropy(
    tf.gather(hidden, batch['batch/at']! as never),
    outputWeight(config, full ? trained : weights),
    batch['batch/targets']!,
    batch['batch/weights']!,
    full,
  );
}

/** Loss and gradients by name. */
export function trainingStep(definition: StepDefinition, tensors: Tensors): Tensors {
  const weights = stripped('weight/', tensors);
  const trained = stripped('trained/', tensors);
  const names = Object.keys(trained);
  const input = inputOf(definition, tensors);
  const lossBy = (...parameters: unknown[]) => {
    const named = Object.fromEntries(names.map((name, i) => [name, parameters[i] as Tensor]));
    return lossOf(definition, weights, named, input, tensors) as never;
  };
  const { value, grads } = tf.valueAndGrads(lossBy)(names.map((name) => trained[name]!));
  const gradients = names.map((name, i) => [`gradient/${name}`, grads[i] as Tensor] as const);
  return { loss: value as Tensor, ...Object.fromEntries(gradients) };
}

/** Only the loss: for development sets. */
export const evaluationStep = (definition: StepDefinition, tensors: Tensors): Tensors => ({
  loss: lossOf(
    definition,
    stripped('weight/', tensors),
    stripped('trained/', tensors),
    inputOf(definition, tensors),
    tensors,
  ),
});
