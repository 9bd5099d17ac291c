/** Everything that decides what a run does. Values that were chosen, not given, carry where they come from. */
import { z } from 'zod';
import { recomputations } from '../graph/ops/recompute.ts';
import { defaultAdam } from './adamw.ts';

export const runSettingsSchema = z.object({
  /** A .gguf file or a folder with safetensors. */
  base: z.object({ path: z.string(), name: z.string(), sha256: z.string().nullable() }),
  /** What is learnt: answers to questions, or questions to answers. */
  task: z.enum(['read', 'write']).default('read'),
  /** Adapter folder to start from; null = a new one. */
  start: z.string().nullable().default(null),
  examples: z.string(),
  /** Examples that are only scored. */
  dev: z.string().nullable().default(null),
  /** Folder of the run: its state, so that it can go on, and in the end the adapter. */
  output: z.string(),
  method: z
    .discriminatedUnion('kind', [
      z.object({
        kind: z.literal('lora'),
        rank: z.number().int().min(1).max(256),
        alpha: z.number().positive(),
        firstLayer: z.number().int().min(0).default(0),
      }),
      z.object({ kind: z.literal('full') }),
    ])
    .default({ kind: 'lora', rank: 16, alpha: 32, firstLayer: 0 }),
  frozen: z.enum(['f32', 'int8']).default('f32'),
  schedule: z
    .object({
      kind: z.enum(['cosine', 'constant', 'exponential']),
      rate: z.number().positive(),
      warmup: z.number().min(0).max(1),
      floor: z.number().min(0).max(1),
    })
    .default({ kind: 'cosine', rate: 1e-3, warmup: 0.03, floor: 0.05 }),
  adam: z
    .object({
      beta1: z.number(),
      beta2: z.number(),
      epsilon: z.number(),
      weightDecay: z.number(),
      clipNorm: z.number(),
    })
    .default(defaultAdam),
  /** Choose λ between the starting adapter and the tuned one on dev, in the end. Needs both. */
  interpolate: z.boolean().default(false),
  /** What ends the run: this many tokens, contexts and questions counted, padding not. */
  tokens: z.number().int().positive(),
  rowsPerStep: z.number().int().min(1).default(8),
  /** On a GPU: rows in one batch, padded to the longest. On a CPU each row is one. */
  rowsAtOnce: z.number().int().min(1).default(8),
  maxLength: z.number().int().min(64).default(640),
  seed: z.number().int().default(1),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'tfjs-node', 'tfjs-node-gpu', 'tfjs-cpu']).default('auto'),
  threads: z.number().int().min(1).default(2),
  /** What is computed again instead of kept: memory for time. */
  recompute: z.enum(recomputations).default('cheap'),
  /** Steps between two saved states; a kill loses at most these. */
  saveEvery: z.number().int().min(1).default(20),
  /** Steps between two scorings of dev. */
  evaluateEvery: z.number().int().min(1).default(50),
  /** Scorings without a better one after which the run ends; null = never. */
  patience: z.number().int().min(1).nullable().default(null),
  /** Where each chosen value comes from, for people: `{ "rate": "1e-3: range test of …" }`. */
  sources: z.record(z.string(), z.string()).default({}),
});

export type RunSettings = z.infer<typeof runSettingsSchema>;
