/**
 * One pass of a model: a chunk of one row's prompt, or the next token of many rows. Greedy. Knows scores and slots, not
 * whose turn it is.
 */
import type { RowResult } from '../contract.ts';
import { argmax } from '../decode/logits.ts';
import type { KvPool } from '../kv-pool.ts';
import type { Arena } from '../runtime/arena.ts';
import type { Runtime, Scores } from '../runtime/runtime.ts';
import { type ActiveRow, compete, emit } from './job.ts';
import type { Slots } from './slots.ts';

/** Longer chunks are computed faster, shorter ones let cancellations and other rows in sooner: ≈ 0.15 s on two cores. */
const chunkTokens = 128;

export interface Passes {
  prefill(runtime: Runtime, row: ActiveRow, arena: Arena): Promise<void>;
  decode(runtime: Runtime, ready: readonly ActiveRow[], arena: Arena): Promise<void>;
  /** Tokens so far. */
  readonly counters: { prefillTokens: number; decodedTokens: number };
}

export function createPasses(deps: {
  readonly pool: KvPool;
  readonly slots: Slots;
  readonly finish: (row: ActiveRow, reason: RowResult['finish']) => void;
}): Passes {
  const { pool, slots, finish } = deps;
  const counters = { prefillTokens: 0, decodedTokens: 0 };

  const watch = (row: ActiveRow, logits: Float32Array, from: number, total: number) => {
    row.watched = Float32Array.from(row.row.watch ?? [], (id) => logits[from + id]! - total);
  };

  /** Takes the next token of a row from the `at`th of the scores, or finishes the row. */
  const choose = (row: ActiveRow, { logits, logSums }: Scores, at: number, vocab: number): void => {
    const { request } = row.job.scheduled;
    const from = at * vocab;
    const total = logSums[at]!;
    if (row.output.length === 0) watch(row, logits, from, total);
    if (row.state?.done()) {
      finish(row, 'stop');
      return;
    }
    if (row.output.length >= request.maxTokens) {
      finish(row, 'length');
      return;
    }
    let token: number;
    if (row.state) {
      const allowed = row.state.allowed();
      token = allowed.reduce((best, candidate) =>
        logits[from + candidate]! > logits[from + best]! ? candidate : best,
      );
      row.state.advance(token);
    } else token = argmax(logits, from, vocab);
    if (row.state ? row.state.done() : request.stop.includes(token)) {
      finish(row, 'stop');
      return;
    }
    emit(row, token, logits[from + token]! - total);
    if (row.output.length >= request.maxTokens) finish(row, 'length');
    else row.tokens.push(token);
  };

  return {
    counters,

    async prefill(runtime, row, arena) {
      const { vocab } = runtime.shape;
      const width = Math.min(chunkTokens, row.fedLength - row.position);
      const last = row.position + width;
      // Logits are needed behind the prompt and behind every forced token.
      const logitRows: number[] = [];
      for (let at = Math.max(row.promptLength - 1, row.position); at < last; at += 1) logitRows.push(at - row.position);
      const wanted = logitRows.length > 0 ? logitRows : [width - 1];
      const scores = await runtime.run(
        {
          firstSlot: row.slot,
          rows: 1,
          width,
          tokens: Int32Array.from(row.tokens.slice(row.position, last)),
          past: Int32Array.of(row.position),
          logitRows: wanted,
        },
        arena,
      );
      counters.prefillTokens += width;
      const before = row.position;
      row.position = last;
      const { prefix } = row.row;
      if (before < prefix.length && last >= prefix.length)
        pool.store(row.job.scheduled.model, prefix, arena.save(row.slot, prefix.length));
      for (const [i, at] of logitRows.entries()) {
        const position = before + at;
        if (position === row.fedLength - 1) {
          choose(row, scores, i, vocab);
          const loser = compete(row);
          if (loser) finish(loser, 'outdone');
        } else {
          const from = i * vocab;
          const total = scores.logSums[i]!;
          if (row.output.length === 0) watch(row, scores.logits, from, total);
          const forced = row.tokens[position + 1]!;
          emit(row, forced, scores.logits[from + forced]! - total);
        }
      }
    },

    async decode(runtime, ready, arena) {
      const firstSlot = Math.min(...ready.map((row) => row.slot));
      const rows = Math.max(...ready.map((row) => row.slot)) - firstSlot + 1;
      const tokens = new Int32Array(rows);
      const past = new Int32Array(rows);
      const fillers = new Set<number>();
      const logitRows: number[] = [];
      for (let i = 0; i < rows; i += 1) {
        const row = slots.at(firstSlot + i);
        if (row && ready.includes(row)) {
          tokens[i] = row.tokens[row.position]!;
          past[i] = row.position;
          logitRows.push(i);
          continue;
        }
        // A slot between ready ones is computed along; what that writes is overwritten by its row's next own pass.
        fillers.add(i);
        past[i] = Math.min(row?.position ?? 0, arena.capacity - 1);
      }
      const scores = await runtime.run({ firstSlot, rows, width: 1, tokens, past, logitRows, fillers }, arena);
      for (const [i, at] of logitRows.entries()) {
        const row = slots.at(firstSlot + at)!;
        row.position += 1;
        counters.decodedTokens += 1;
        choose(row, scores, i, runtime.shape.vocab);
      }
    },
  };
}
