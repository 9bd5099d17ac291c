/** A request and its rows while they are worked on. Knows tokens and constraints, not slots or models. */
import type { GenerateRequest, Row, RowResult } from '../contract.ts';
import { createSpanState, type SpanState } from '../decode/span-state.ts';

export interface ScheduledRequest {
  readonly request: GenerateRequest;
  /** Which loaded model reads. */
  readonly model: string;
  readonly onToken?: (row: number, token: number) => void;
  readonly onDone: (results: readonly RowResult[]) => void;
  readonly onError: (error: unknown) => void;
}

export interface Job {
  readonly scheduled: ScheduledRequest;
  readonly rows: readonly ActiveRow[];
  /** Rows without a slot yet. */
  readonly waiting: ActiveRow[];
  readonly results: (RowResult | undefined)[];
  unfinished: number;
  cancelled: boolean;
  /** Of a contest: the row that is ahead. */
  leader: { readonly row: ActiveRow; readonly evidence: number } | null;
}

export interface ActiveRow {
  readonly job: Job;
  readonly index: number;
  readonly row: Row;
  /** Prefix, suffix and what a constraint forces; then the generated tokens are appended. */
  readonly tokens: number[];
  /** Prefix and suffix together. */
  readonly promptLength: number;
  /** Length of the tokens that are fed before anything is chosen. */
  readonly fedLength: number;
  readonly state: SpanState | null;
  readonly output: number[];
  readonly logprobs: number[];
  watched: Float32Array;
  cached: number;
  /** −1 = none yet. */
  slot: number;
  /** Tokens in the slot's cache. */
  position: number;
}

/** Tokens that a constraint leaves no choice about at the beginning: fed with the prompt instead of decoded. */
function forcedTokens(state: SpanState, limit: number): number[] {
  const forced: number[] = [];
  while (forced.length < limit && !state.done()) {
    const allowed = state.allowed();
    if (allowed.length !== 1) break;
    const [token] = allowed as [number];
    state.advance(token);
    if (state.done()) break;
    forced.push(token);
  }
  return forced;
}

export function createJob(scheduled: ScheduledRequest): Job {
  const { rows, maxTokens } = scheduled.request;
  const active: ActiveRow[] = [];
  const job: Job = {
    scheduled,
    rows: active,
    waiting: [],
    results: rows.map(() => undefined),
    unfinished: rows.length,
    cancelled: false,
    leader: null,
  };
  for (const [index, row] of rows.entries()) {
    const prompt = [...row.prefix, ...row.suffix];
    const state = row.constraint ? createSpanState(row.constraint) : null;
    const forced = state ? forcedTokens(state, maxTokens - 1) : [];
    active.push({
      job,
      index,
      row,
      tokens: [...prompt, ...forced],
      promptLength: prompt.length,
      fedLength: prompt.length + forced.length,
      state,
      output: [],
      logprobs: [],
      watched: new Float32Array(0),
      cached: 0,
      slot: -1,
      position: 0,
    });
  }
  job.waiting.push(...active);
  return job;
}

/** Tokens of cache that a row may come to need. */
export const rowLength = ({ promptLength, job }: ActiveRow): number =>
  promptLength + Math.max(job.scheduled.request.maxTokens, 1);

export const isPrefilling = ({ position, fedLength }: ActiveRow): boolean => position < fedLength;

export const isFinished = ({ job, index }: ActiveRow): boolean => job.results[index] !== undefined;

/** Notes a row's result. @returns whether it was the last of its request */
export function settle(row: ActiveRow, reason: RowResult['finish']): boolean {
  const { job, index, output, logprobs, watched, cached, state } = row;
  const outdone = reason === 'outdone';
  job.results[index] = {
    tokens: Int32Array.from(outdone ? [] : output),
    logprobs: Float32Array.from(outdone ? [] : logprobs),
    watched,
    ...(state && !outdone ? state.result() : {}),
    finish: reason,
    cached,
  };
  job.unfinished -= 1;
  return job.unfinished === 0;
}

/** Takes a token as the row's next. */
export function emit(row: ActiveRow, token: number, logprob: number): void {
  row.output.push(token);
  row.logprobs.push(logprob);
  row.job.scheduled.onToken?.(row.index, token);
}

/**
 * Lets a row that has been read stand against the best of its contest so far.
 * @returns the loser, which need not be generated; null without a contest, or when nobody has lost
 */
export function compete(row: ActiveRow): ActiveRow | null {
  const { job, index, watched } = row;
  const { contest } = job.scheduled.request;
  if (!contest) return null;
  const evidence = watched[0]! - watched[1]! + contest.priors[index]!;
  const { leader } = job;
  const leads = evidence >= contest.least && evidence > (leader?.evidence ?? Number.NEGATIVE_INFINITY);
  if (leads) job.leader = { row, evidence };
  const loser = leads ? leader?.row : row;
  return loser && !isFinished(loser) ? loser : null;
}
