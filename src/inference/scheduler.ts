/**
 * Runs the rows of many requests together: each row takes a slot of the arena, its prompt is fed in chunks (what is
 * cached of its prefix is copied), then all ready rows decode one token a pass. Greedy.
 * Knows token ids, probabilities and slots; not processes, adapters' files or prompts.
 */
import type { GenerateRequest, Row, RowResult } from './contract.ts';
import { argmax } from './decode/logits.ts';
import { createSpanState, type SpanState } from './decode/span-state.ts';
import type { KvPool } from './kv-pool.ts';
import type { Arena } from './runtime/arena.ts';
import type { Runtime, Scores } from './runtime/runtime.ts';

export interface ScheduledRequest {
  readonly request: GenerateRequest;
  /** Which loaded model reads. */
  readonly model: string;
  readonly onToken?: (row: number, token: number) => void;
  readonly onDone: (results: readonly RowResult[]) => void;
  readonly onError: (error: unknown) => void;
}

export interface Ticket {
  /** Ends the request soon; its rows finish as cancelled. */
  cancel(): void;
}

export interface Counters {
  readonly prefillTokens: number;
  readonly decodedTokens: number;
  /** Passes of the model: grows as long as something moves. */
  readonly passes: number;
}

export interface Scheduler {
  /** The caller has checked that every row fits (`KvPool.longestRow`). */
  submit(request: ScheduledRequest): Ticket;
  addModel(id: string, runtime: Runtime): void;
  /** Resolves when no row needs the model any more and it is closed. */
  removeModel(id: string): Promise<void>;
  hasModel(id: string): boolean;
  counters(): Counters;
}

/** Longer chunks are computed faster, shorter ones let cancellations and other rows in sooner: ≈ 0.15 s on two cores. */
const chunkTokens = 128;
/** More rows than this gain nothing on CPUs: the multiplications are no longer bound by reading weights. */
const mostSlots = 8;

interface Job {
  readonly scheduled: ScheduledRequest;
  readonly rows: readonly ActiveRow[];
  readonly waiting: ActiveRow[];
  readonly results: (RowResult | undefined)[];
  unfinished: number;
  cancelled: boolean;
  /** Of a contest: the row that is ahead. */
  leader: { readonly row: ActiveRow; readonly evidence: number } | null;
}

interface ActiveRow {
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

export function createScheduler(pool: KvPool): Scheduler {
  const models = new Map<string, Runtime>();
  const jobs: Job[] = [];
  const active: (ActiveRow | undefined)[] = [];
  const counters = { prefillTokens: 0, decodedTokens: 0, passes: 0 };
  const removals = new Map<string, () => void>();
  let running = false;
  /** The run under way serves this job alone, so it may be ended when the job is cancelled. */
  let runningFor: { readonly job: Job; readonly runtime: Runtime } | null = null;
  /** Requests take turns when slots become free. */
  let turn = 0;

  const activeRows = (): ActiveRow[] => active.filter((row): row is ActiveRow => row !== undefined);
  const rowLength = (row: ActiveRow) => row.promptLength + Math.max(row.job.scheduled.request.maxTokens, 1);
  const isPrefilling = (row: ActiveRow) => row.position < row.fedLength;

  const finish = (row: ActiveRow, reason: RowResult['finish']) => {
    if (row.slot >= 0) active[row.slot] = undefined;
    const { job } = row;
    if (reason === 'outdone') row.output.length = row.logprobs.length = 0;
    job.results[row.index] = {
      tokens: Int32Array.from(row.output),
      logprobs: Float32Array.from(row.logprobs),
      watched: row.watched,
      ...(row.state && reason !== 'outdone' ? row.state.result() : {}),
      finish: reason,
      cached: row.cached,
    };
    job.unfinished -= 1;
    if (job.unfinished > 0) return;
    jobs.splice(jobs.indexOf(job), 1);
    job.scheduled.onDone(job.results as RowResult[]);
  };

  const fail = (job: Job, error: unknown) => {
    for (const row of activeRows()) if (row.job === job) active[row.slot] = undefined;
    const at = jobs.indexOf(job);
    if (at < 0) return;
    jobs.splice(at, 1);
    job.scheduled.onError(error);
  };

  const dropCancelled = () => {
    for (const job of [...jobs]) {
      if (!job.cancelled) continue;
      job.waiting.length = 0;
      for (const row of job.rows) if (job.results[row.index] === undefined) finish(row, 'cancelled');
    }
  };

  /** A row whose prefix another row is computing right now waits for it instead of computing it twice. */
  const isComputedElsewhere = (row: ActiveRow): boolean =>
    activeRows().some(
      (other) =>
        other.job.scheduled.model === row.job.scheduled.model &&
        other.row.prefix.length === row.row.prefix.length &&
        other.position < other.row.prefix.length &&
        other.row.prefix.every((token, i) => token === row.row.prefix[i]),
    );

  const place = (row: ActiveRow, slot: number, arena: Arena) => {
    active[slot] = row;
    row.slot = slot;
    row.position = 0;
    const { prefix } = row.row;
    const found = prefix.length > 0 ? pool.find(row.job.scheduled.model, prefix) : null;
    if (!found) return;
    // At least one token must be fed to get logits.
    const length = Math.min(found.length, row.fedLength - 1);
    arena.restore(slot, found.block, length);
    row.position = length;
    row.cached = length;
  };

  /** The arena for what waits, laid out anew only when nothing runs and the present layout does not do. */
  const arenaFor = (candidates: readonly Job[]): Arena | null => {
    const arena = pool.arena();
    if (activeRows().length > 0) return arena;
    const waiting = candidates.flatMap((job) => job.waiting.map(rowLength));
    const longest = Math.max(...waiting);
    const cramped = arena !== null && arena.slots < Math.min(mostSlots, waiting.length) && arena.capacity > longest * 2;
    if (arena && arena.capacity >= longest && !cramped) return arena;
    active.length = 0;
    return pool.layOut(longest, mostSlots);
  };

  /** Gives free slots to waiting rows; requests take turns. */
  const admit = () => {
    for (;;) {
      const candidates = jobs.filter((job) => job.waiting.length > 0);
      if (candidates.length === 0) return;
      const arena = arenaFor(candidates);
      if (!arena) return;
      const slot = Array.from({ length: arena.slots }, (_, i) => i).find((i) => active[i] === undefined);
      if (slot === undefined) return;
      const start = turn % candidates.length;
      const inTurn = [...candidates.slice(start), ...candidates.slice(0, start)];
      // A row that is too long for this layout waits until the others are through; nobody overtakes it for ever.
      if (rowLength(inTurn[0]!.waiting[0]!) > arena.capacity) return;
      const ready = (row: ActiveRow) => rowLength(row) <= arena.capacity && !isComputedElsewhere(row);
      const job = inTurn.find((candidate) => candidate.waiting.some(ready));
      if (!job) return;
      const [row] = job.waiting.splice(job.waiting.findIndex(ready), 1) as [ActiveRow];
      place(row, slot, arena);
      turn += 1;
    }
  };

  /** Takes the next token of a row from the `at`th of the scores, or finishes the row. */
  const choose = (row: ActiveRow, { logits, logSums }: Scores, at: number): void => {
    const { request } = row.job.scheduled;
    const { vocab } = models.get(row.job.scheduled.model)!.shape;
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
  const watch = (row: ActiveRow, logits: Float32Array, from: number, total: number) => {
    row.watched = Float32Array.from(row.row.watch ?? [], (id) => logits[from + id]! - total);
  };
  const emit = (row: ActiveRow, token: number, logprob: number) => {
    row.output.push(token);
    row.logprobs.push(logprob);
    row.job.scheduled.onToken?.(row.index, token);
  };

  /** Lets a row that has been read stand against the best of its contest so far: who loses is not generated. */
  const compete = (row: ActiveRow) => {
    const { job, index, watched } = row;
    const { contest } = job.scheduled.request;
    if (!contest) return;
    const evidence = watched[0]! - watched[1]! + contest.priors[index]!;
    const { leader } = job;
    const leads = evidence >= contest.least && evidence > (leader?.evidence ?? Number.NEGATIVE_INFINITY);
    if (leads) job.leader = { row, evidence };
    const loser = leads ? leader?.row : row;
    if (loser && job.results[loser.index] === undefined) finish(loser, 'outdone');
  };

  const prefill = async (row: ActiveRow, arena: Arena) => {
    const runtime = models.get(row.job.scheduled.model)!;
    const { vocab } = runtime.shape;
    const width = Math.min(chunkTokens, row.fedLength - row.position);
    const last = row.position + width;
    // Logits are needed behind the prompt and behind every forced token.
    const logitRows: number[] = [];
    for (let at = Math.max(row.promptLength - 1, row.position); at < last; at += 1) logitRows.push(at - row.position);
    const wanted = logitRows.length > 0 ? logitRows : [width - 1];
    runningFor = { job: row.job, runtime };
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
        choose(row, scores, i);
        compete(row);
      } else {
        const from = i * vocab;
        const total = scores.logSums[i]!;
        if (row.output.length === 0) watch(row, scores.logits, from, total);
        const forced = row.tokens[position + 1]!;
        emit(row, forced, scores.logits[from + forced]! - total);
      }
    }
  };

  const decode = async (model: string, ready: readonly ActiveRow[], arena: Arena) => {
    const runtime = models.get(model)!;
    const firstSlot = Math.min(...ready.map((row) => row.slot));
    const rows = Math.max(...ready.map((row) => row.slot)) - firstSlot + 1;
    const tokens = new Int32Array(rows);
    const past = new Int32Array(rows);
    const fillers = new Set<number>();
    const logitRows: number[] = [];
    for (let i = 0; i < rows; i += 1) {
      const row = active[firstSlot + i];
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
    const jobsInside = new Set(ready.map((row) => row.job));
    runningFor = jobsInside.size === 1 ? { job: ready[0]!.job, runtime } : null;
    const scores = await runtime.run({ firstSlot, rows, width: 1, tokens, past, logitRows, fillers }, arena);
    for (const [i, at] of logitRows.entries()) {
      const row = active[firstSlot + at]!;
      row.position += 1;
      counters.decodedTokens += 1;
      choose(row, scores, i);
    }
  };

  /** One pass of the model. A failure ends only the requests that took part. */
  const pass = async (arena: Arena) => {
    const rows = activeRows();
    const prefilling = rows.filter(isPrefilling);
    const busy = new Set(prefilling.map((row) => row.job));
    // Rows wait for the others of their request, because decoding them together costs hardly more than one alone.
    const ready = rows.filter((row) => !isPrefilling(row) && !busy.has(row.job));
    const guarded = async (taking: readonly ActiveRow[], work: Promise<void>) => {
      try {
        await work;
      } catch (error) {
        for (const job of new Set(taking.map((row) => row.job))) if (!job.cancelled) fail(job, error);
      } finally {
        counters.passes += 1;
        runningFor = null;
      }
    };
    const first = prefilling[0];
    if (first) await guarded([first], prefill(first, arena));
    for (const model of new Set(ready.map((row) => row.job.scheduled.model))) {
      const together = ready.filter((row) => row.job.scheduled.model === model && !row.job.cancelled);
      if (together.length > 0) await guarded(together, decode(model, together, arena));
    }
  };

  const closeUnused = () => {
    for (const [model, resolve] of [...removals]) {
      if (jobs.some((job) => job.scheduled.model === model)) continue;
      removals.delete(model);
      const runtime = models.get(model);
      models.delete(model);
      pool.forget(model);
      void Promise.resolve(runtime?.close()).finally(resolve);
    }
  };

  const loop = async () => {
    while (jobs.length > 0) {
      dropCancelled();
      admit();
      const arena = pool.arena();
      if (arena && activeRows().length > 0) await pass(arena);
      closeUnused();
      // Lets messages in: a new request, a cancellation.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    closeUnused();
    running = false;
  };
  const wake = () => {
    if (running) return;
    running = true;
    setImmediate(() => void loop());
  };

  return {
    submit(scheduled) {
      const { request } = scheduled;
      const job: Job = {
        scheduled,
        rows: [],
        waiting: [],
        results: request.rows.map(() => undefined),
        unfinished: request.rows.length,
        cancelled: false,
        leader: null,
      };
      if (request.rows.length === 0) {
        scheduled.onDone([]);
        return { cancel: () => undefined };
      }
      const rows = request.rows.map((row, index): ActiveRow => {
        const prompt = [...row.prefix, ...row.suffix];
        const state = row.constraint ? createSpanState(row.constraint) : null;
        const forced = state ? forcedTokens(state, request.maxTokens - 1) : [];
        return {
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
        };
      });
      (job.rows as ActiveRow[]).push(...rows);
      job.waiting.push(...rows);
      jobs.push(job);
      wake();
      return {
        cancel() {
          job.cancelled = true;
          if (runningFor?.job === job) runningFor.runtime.cancel();
        },
      };
    },
    addModel: (id, runtime) => void models.set(id, runtime),
    hasModel: (id) => models.has(id) && !removals.has(id),
    removeModel: (id) =>
      new Promise((resolve) => {
        if (!models.has(id)) {
          resolve();
          return;
        }
        removals.set(id, resolve);
        if (!running) closeUnused();
      }),
    counters: () => ({ ...counters }),
  };
}
