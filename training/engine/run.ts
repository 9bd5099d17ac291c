/**
 * One run, from examples and a base to an adapter: rows → gradients → AdamW, with scorings on dev, saved states and exact
 * resume. Knows no database, service or chat.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DocentError } from '../../src/errors.ts';
import { readAdapter, withAdapter } from '../../src/inference/checkpoint/adapter.ts';
import { writeAdapter } from '../../src/inference/checkpoint/adapter-writer.ts';
import { openCheckpoint } from '../../src/inference/checkpoint/checkpoint.ts';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { promptVersion } from '../../src/reader/prompt.ts';
import { writerPromptVersion } from '../../src/reader/writer-prompt.ts';
import { batchOf, inGroups } from '../data/batch.ts';
import { createRowMaker, type Example, readExamples } from '../data/examples.ts';
import { epochOrder } from '../data/random.ts';
import type { Row } from '../data/row.ts';
import { trainedShapes } from '../graph/parameters.ts';
import { adamStep, createAdamState } from './adamw.ts';
import { chooseDevice, openExecutor } from './device.ts';
import type { TrainingEvent } from './events.ts';
import type { Executor } from './executor.ts';
import { readFrozen } from './frozen-weights.ts';
import { chooseLambda } from './interpolate.ts';
import { layoutOf } from './layout.ts';
import { loadRunState, type Progress, type RunState, saveRunState } from './run-state.ts';
import { rateAt } from './schedule.ts';
import type { RunSettings } from './settings.ts';
import { startParameters } from './start-parameters.ts';
import { keptPairs, pairsOf } from './trained-adapter.ts';

export interface RunControl {
  readonly signal?: AbortSignal;
  /** Waited for between two rows: where somebody else needs the processor, it resolves later. */
  readonly gate?: () => Promise<void> | undefined;
}

export interface RunResult {
  readonly adapter: string;
  readonly progress: Progress;
}

function digestOf(settings: RunSettings): string {
  // What decides the numbers; where it runs and how often it saves does not.
  const { output: _, saveEvery: __, sources: ___, threads: ____, ...deciding } = settings;
  const hash = createHash('sha256').update(JSON.stringify(deciding));
  hash.update(readFileSync(settings.examples));
  if (settings.dev) hash.update(readFileSync(settings.dev));
  return hash.digest('hex').slice(0, 32);
}

/** Mean loss of an answer over dev. */
async function scoreDev(executor: Executor, rows: readonly Row[]): Promise<number> {
  const answers = rows.reduce((sum, row) => sum + row.answers, 0);
  let loss = 0;
  for (const group of inGroups(rows, executor.rowsAtOnce)) loss += await executor.evaluate(batchOf(group, answers));
  return loss;
}

/**
 * Trains until the tokens are spent or patience is over. Started again after a kill it goes on from the last saved state.
 * @throws DocentError EXAMPLES_INVALID, ADAPTER_INVALID, MODEL_*, DISK_FULL, CANCELLED.
 */
export async function runTraining(
  settings: RunSettings,
  emit: (event: TrainingEvent) => void,
  { signal, gate }: RunControl = {},
): Promise<RunResult> {
  const { method, output, seed, rowsPerStep } = settings;
  mkdirSync(output, { recursive: true });
  const examples = await readExamples(settings.examples);
  const tokenizer = loadTokenizer(settings.base.path);
  const base = openCheckpoint(settings.base.path);
  if (settings.maxLength > base.config.context)
    throw new DocentError('EXAMPLES_INVALID', {
      file: settings.examples,
      reason: `rows of ${settings.maxLength} tokens exceed the model's context of ${base.config.context}`,
    });
  const maker = createRowMaker(tokenizer, settings.maxLength, settings.task);
  const devRows = settings.dev ? rowsOf(await readExamples(settings.dev), maker) : [];

  // Layers below the first trained one keep what the starting adapter says, folded into their weights.
  const start =
    settings.start === null ? null : { folder: settings.start, adapter: readAdapter(settings.start, base.config) };
  const firstLayer = method.kind === 'lora' ? method.firstLayer : 0;
  const kept = new Map([...(start?.adapter.pairs ?? [])].filter(([key]) => Number(key.split('.')[0]) < firstLayer));
  const checkpoint = start && kept.size > 0 ? withAdapter(base, { ...start.adapter, pairs: kept }) : base;

  const layout = layoutOf(trainedShapes(base.config, method));
  const { threads, recompute, rowsAtOnce } = settings;
  const options = { threads, recompute, rowsAtOnce };
  const chosen = await chooseDevice(base.config, method, settings, options);
  const stateFile = join(output, 'run.state');
  const digest = `${digestOf(settings)}-${chosen.device}-${chosen.frozen}`;
  const resumed = loadRunState(stateFile, digest, layout.size);
  const state: RunState = resumed ?? freshState(digest, startParameters(checkpoint, method, layout, start, seed));
  const { progress, adam, best } = state;
  const executor = await openExecutor(
    {
      config: base.config,
      method,
      frozen: chosen.frozen,
      weights: method.kind === 'full' ? {} : readFrozen(checkpoint, chosen.frozen),
      layout,
      parameters: adam.parameters,
    },
    chosen.device,
    options,
  );
  emit({
    type: 'start',
    device: chosen.device,
    frozen: chosen.frozen,
    reason: chosen.reason,
    parameters: layout.size,
    examples: examples.length,
    resumedAt: resumed ? progress.steps : null,
    settings,
  });

  const gradient = new Float32Array(layout.size);
  let order = epochOrder(examples.length, seed, progress.epoch);
  let emptyExamples = 0;
  /** The next example's row; examples that give none are passed over. */
  const nextRow = (): Row => {
    for (;;) {
      if (progress.position >= order.length) {
        progress.epoch += 1;
        progress.position = 0;
        order = epochOrder(examples.length, seed, progress.epoch);
      }
      const row = maker.row(examples[order[progress.position]!]!);
      progress.position += 1;
      if (row) {
        emptyExamples = 0;
        return row;
      }
      emptyExamples += 1;
      if (emptyExamples > examples.length)
        throw new DocentError('EXAMPLES_INVALID', {
          file: settings.examples,
          reason: `no example has a question that fits into ${settings.maxLength} tokens and is answered by its passage`,
        });
    }
  };
  const score = async () => {
    if (devRows.length === 0) return;
    const loss = await scoreDev(executor, devRows);
    const better = progress.bestDev === null || loss < progress.bestDev;
    progress.sinceBest = better ? 0 : progress.sinceBest + 1;
    if (better) {
      progress.bestDev = loss;
      best.set(adam.parameters);
    }
    emit({ type: 'dev', step: progress.steps, loss, best: better });
  };
  const save = () => {
    progress.adamSteps = adam.step;
    saveRunState(stateFile, state);
    emit({ type: 'saved', step: progress.steps });
  };

  try {
    if (!resumed) await score();
    while (!progress.finished) {
      if (signal?.aborted) throw new DocentError('CANCELLED', {});
      const began = performance.now();
      const rows = Array.from({ length: rowsPerStep }, nextRow);
      const answers = rows.reduce((sum, row) => sum + row.answers, 0);
      const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);
      gradient.fill(0);
      let loss = 0;
      for (const group of inGroups(rows, executor.rowsAtOnce)) {
        await gate?.();
        loss += await executor.accumulate(batchOf(group, answers), gradient);
      }
      const rate = rateAt(settings.schedule, progress.tokens / settings.tokens, tokens / settings.tokens);
      const norm = adamStep(adam, gradient, rate, settings.adam);
      progress.steps += 1;
      progress.tokens += tokens;
      progress.questions += answers;
      progress.seconds += (performance.now() - began) / 1000;
      if (Number.isFinite(norm)) {
        progress.firstLoss ??= loss;
        progress.lastLoss = loss;
      } else progress.skipped += 1;
      const speed = progress.tokens / progress.seconds;
      emit({
        type: 'step',
        step: progress.steps,
        epoch: progress.epoch,
        loss,
        rate,
        norm,
        tokens: progress.tokens,
        tokensPerSecond: speed,
        share: Math.min(1, progress.tokens / settings.tokens),
        secondsLeft: Math.max(0, settings.tokens - progress.tokens) / speed,
      });
      progress.finished = progress.tokens >= settings.tokens;
      if (progress.finished || progress.steps % settings.evaluateEvery === 0) await score();
      if (settings.patience !== null && progress.sinceBest >= settings.patience) progress.finished = true;
      if (progress.finished || progress.steps % settings.saveEvery === 0) save();
    }
    if (settings.interpolate && start && devRows.length > 0) {
      const from = startParameters(checkpoint, method, layout, start, seed);
      // The executor reads the optimizer's array; what was best so far is one end.
      const result = await chooseLambda(from, best.slice(), adam.parameters, () => scoreDev(executor, devRows));
      best.set(adam.parameters);
      emit({ type: 'lambda', lambda: result.lambda, source: result.source });
    }
  } finally {
    await executor.close();
  }

  const adapter = join(output, 'adapter');
  if (method.kind === 'lora') {
    const trained = pairsOf(layout, devRows.length > 0 ? best : adam.parameters);
    const untouched = start ? keptPairs(kept, start.adapter.scale, method.alpha / method.rank) : [];
    const pairs = new Map([...untouched, ...trained]);
    writeAdapter(
      adapter,
      {
        rank: method.rank,
        alpha: method.alpha,
        pairs,
        base: settings.base,
        promptVersion: settings.task === 'read' ? promptVersion : writerPromptVersion,
      },
      { type: 'F32' },
    );
  }
  base.close();
  emit({ type: 'done', adapter, progress: { ...progress } });
  return { adapter, progress };
}

function rowsOf(examples: readonly Example[], maker: ReturnType<typeof createRowMaker>): readonly Row[] {
  return examples.map((example) => maker.row(example)).filter((row) => row !== null);
}

const freshState = (digest: string, parameters: Float32Array): RunState => ({
  progress: {
    digest,
    steps: 0,
    adamSteps: 0,
    epoch: 0,
    position: 0,
    tokens: 0,
    questions: 0,
    seconds: 0,
    skipped: 0,
    firstLoss: null,
    lastLoss: null,
    bestDev: null,
    sinceBest: 0,
    finished: false,
  },
  adam: createAdamState(parameters),
  best: parameters.slice(),
});
