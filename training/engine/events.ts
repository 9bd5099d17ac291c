/** What a run tells whoever watches it: a terminal's bar, a chat, the console. One JSON object a line on stdout. */

import type { ErrorCode } from '../../src/errors.ts';
import type { FrozenType } from '../graph/parameters.ts';
import type { Device } from './executor.ts';
import type { Progress } from './run-state.ts';
import type { RunSettings } from './settings.ts';

export type TrainingEvent =
  | {
      readonly type: 'start';
      readonly device: Device;
      readonly frozen: FrozenType;
      readonly reason: string;
      /** Numbers that are trained. */
      readonly parameters: number;
      readonly examples: number;
      /** The step that a run goes on from; null = it is new. */
      readonly resumedAt: number | null;
      readonly settings: RunSettings;
    }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly rate: number;
      /** Of the gradient, before clipping. */
      readonly norm: number;
      /** Seen so far. */
      readonly tokens: number;
      readonly tokensPerSecond: number;
      /** Of the run that is done, 0…1. */
      readonly share: number;
      readonly secondsLeft: number;
    }
  | { readonly type: 'dev'; readonly step: number; readonly loss: number; readonly best: boolean }
  /** How far from the starting adapter to the tuned one the result lies, and why. */
  | { readonly type: 'lambda'; readonly lambda: number; readonly source: string }
  | { readonly type: 'saved'; readonly step: number }
  | { readonly type: 'done'; readonly adapter: string; readonly progress: Progress }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly details: Readonly<Record<string, unknown>> };
