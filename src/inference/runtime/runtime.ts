/** What the scheduler asks of whoever executes a decoder graph. Two implementations: native.ts and portable.ts. */
import type { DecoderShape } from '../graph/decoder.ts';
import type { Arena } from './arena.ts';

/** One pass of the model over `rows` neighbouring slots, `width` tokens each. */
export interface Step {
  readonly firstSlot: number;
  readonly rows: number;
  readonly width: number;
  /** [rows, width] */
  readonly tokens: Int32Array;
  /** [rows] tokens that each row's cache holds before the pass. More than one token is fed to a single row only. */
  readonly past: Int32Array;
  /** Which of the rows * width positions need logits. At least one. */
  readonly logitRows: readonly number[];
  /** Rows whose cache must stay as it is: they only fill a gap between slots. Their entry beyond `past` is garbage. */
  readonly fillers?: ReadonlySet<number>;
}

/** What a pass computes, valid until the next one. */
export interface Scores {
  /** [logitRows.length, vocab] */
  readonly logits: Float32Array;
  /** [logitRows.length] log of the sum of exponentials of each row: a token's log-probability is its logit less this. */
  readonly logSums: Float32Array;
}

export interface Runtime {
  readonly kind: 'native' | 'portable';
  readonly shape: DecoderShape;
  /** Feeds the tokens, writes their keys and values into the arena. */
  run(step: Step, arena: Arena): Promise<Scores>;
  /** Asks a run under way to end early; it may reject. */
  cancel(): void;
  close(): Promise<void>;
}
