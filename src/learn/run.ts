/**
 * One run from documents to a decision: write questions, train, judge, promote or keep. Every phase leaves its result in
 * the run's folder, so that a run that was killed goes on where it was. Knows the order of things; each thing has a file
 * of its own.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { passageText } from '../documents/passage.ts';
import type { Contestant } from '../eval/compare.ts';
import { decide, type GateDecision, leastQuestions } from '../eval/gate.ts';
import { createRandom } from '../random.ts';
import type { Reader } from '../reader/read.ts';
import type { Manifest } from '../registry/adapters.ts';
import type { RunProgress, RunResult } from './contract.ts';
import { buildDataSet, type DataSet, exampleLines, type LearnedQuestion } from './dataset.ts';
import { replayLines } from './general.ts';
import { compare, type JudgingDeps } from './judging.ts';
import type { QuestionWriter } from './question-writer.ts';
import { shortRun } from './short-run.ts';
import type { Side } from './split.ts';
import type { TeachingPassage } from './teaching.ts';
import { startTraining, type TrainingProgress, type TrainingRun } from './training-process.ts';

/** Shares of the time: writing and filtering, training, judging. */
const [writingShare, trainingShare, judgingShare] = [0.25, 0.4, 0.35];
/** Of the contexts that are trained on, general ones. */
const replayShare = 0.15;
/** Fewer questions to learn from change nothing. */
const leastLearned = 40;
/** Tokens a second and thread where nothing was measured yet: two threads of 2025 gave 350 to 620. */
const assumedSpeed = 200;
/** Prompt around a passage, and around a question with its answer. */
const [passageOverhead, questionOverhead] = [50, 24];

export interface RunDeps extends JudgingDeps {
  readonly folder: string;
  readonly seed: number;
  readonly minutes: number;
  readonly threads: number;
  readonly base: { readonly path: string; readonly name: string; readonly sha256: string | null };
  /** Every run starts from the adapter that ships, never from the champion: no drift, and deletion is exact. */
  readonly shipped: { readonly folder: string; readonly manifest: Manifest };
  readonly champion: { readonly id: string; readonly contestant: Contestant };
  readonly writer: QuestionWriter;
  readonly countTokens: (text: string) => number;
  readonly sides: ReadonlyMap<string, Side>;
  /**
   * People's questions: corrections that an admin approved, whose sections are on the side that is learned from, and
   * answers that were liked.
   */
  readonly asked: readonly LearnedQuestion[];
  /** A reader of an adapter folder that is not in service. */
  readonly readerOf: (folder: string) => Promise<Reader>;
  readonly onTraining?: (run: TrainingRun) => () => void;
  readonly onProgress: (progress: RunProgress) => void;
}

export interface RunOutcome {
  readonly result: Omit<RunResult, 'run'>;
  /** Folder of the candidate with its manifest; null where none was trained. */
  readonly candidate: string | null;
}

/** Written whole or not at all. */
function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.part`, JSON.stringify(value));
  renameSync(`${path}.part`, path);
}
const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

const describe = (data: DataSet): RunResult['dataset'] => {
  const of = (side: Side) => data.questions.filter((question) => question.side === side).length;
  return {
    documents: data.documents.length,
    examples: data.questions.length,
    unanswerable: data.questions.filter(({ side, near }) => side === 'train' && near.length > 0).length,
    sides: { train: of('train'), dev: of('dev'), gate: of('gate') },
    dropped: data.dropped,
  };
};

/**
 * What a process that died left behind is thrown away where its passages are not there any more: documents were deleted
 * or read again meanwhile, and what was learned and is to be judged would be about nothing.
 */
function discardStale({ folder, sections }: Pick<RunDeps, 'folder' | 'sections'>): void {
  const file = join(folder, 'dataset.json');
  if (!existsSync(file)) return;
  const present = new Set(sections.flatMap(({ passages }) => passages.map(({ id }) => id)));
  if (readJson<DataSet>(file).questions.every(({ passageId }) => present.has(passageId))) return;
  removeRun(folder);
}

/** Phase one, or what it left behind. */
export async function dataSetOf(
  deps: RunDeps,
): Promise<{ readonly data: DataSet; readonly summary: RunResult['dataset'] }> {
  const file = join(deps.folder, 'dataset.json');
  if (!existsSync(file)) {
    const data = await buildDataSet(
      deps.sections,
      { writer: deps.writer, reader: deps.champion.contestant.reader, search: deps.search },
      {
        sides: deps.sides,
        seed: deps.seed,
        budgetMs: deps.minutes * 60_000 * writingShare,
        signal: deps.signal,
        onProgress: (done, total) =>
          deps.onProgress({
            phase: 'writing',
            share: (done / total) * writingShare,
            line: `writing questions about ${total} passages: ${done} done`,
          }),
      },
    );
    writeJson(file, { ...data, questions: [...data.questions, ...deps.asked] });
  }
  const data = readJson<DataSet>(file);
  return { data, summary: describe(data) };
}

function writeExamples(
  deps: RunDeps,
  data: DataSet,
): { readonly lines: number; readonly tokens: number; readonly dev: boolean } {
  const passages = new Map<string, TeachingPassage>();
  const passageSide = new Map<string, Side>();
  for (const section of deps.sections)
    for (const passage of section.passages) {
      passages.set(passage.id, passage);
      passageSide.set(passage.id, deps.sides.get(section.id) ?? 'train');
    }
  // A passage may have gone since the questions were written.
  const questions = data.questions.filter(({ passageId }) => passages.has(passageId));
  const own = exampleLines(questions, passages, 'train', passageSide);
  const dev = exampleLines(questions, passages, 'dev', passageSide);
  const general = replayLines().slice(0, Math.ceil((own.length * replayShare) / (1 - replayShare)));
  const lines = createRandom(deps.seed).shuffled([...own.map((line) => JSON.stringify(line)), ...general]);
  writeFileSync(join(deps.folder, 'train.jsonl'), lines.join('\n'));
  writeFileSync(join(deps.folder, 'dev.jsonl'), dev.map((line) => JSON.stringify(line)).join('\n'));
  const tokens = lines.reduce((sum, line) => {
    const { pieces, questions: asked } = JSON.parse(line) as (typeof own)[number];
    const each = asked.reduce((total, { question }) => total + deps.countTokens(question) + questionOverhead, 0);
    return sum + deps.countTokens(passageText(pieces)) + passageOverhead + each;
  }, 0);
  return { lines: lines.length, tokens, dev: dev.length > 0 };
}

/** As the adapter that is continued has them. */
function ranksOf(folder: string): { readonly rank: number; readonly alpha: number } {
  const { r, lora_alpha } = readJson<{ r: number; lora_alpha: number }>(join(folder, 'adapter_config.json'));
  return { rank: r, alpha: lora_alpha };
}

interface Trained {
  readonly adapter: string;
  readonly progress: TrainingProgress;
}

/** Phase two. The training process keeps its own state and goes on from it. */
async function train(deps: RunDeps, data: DataSet, speed: number): Promise<Trained> {
  const file = join(deps.folder, 'trained.json');
  if (existsSync(file)) return readJson<Trained>(file);
  const settingsFile = join(deps.folder, 'settings.json');
  const settings = existsSync(settingsFile)
    ? readJson<Record<string, unknown>>(settingsFile)
    : (() => {
        const { lines, tokens, dev } = writeExamples(deps, data);
        const { rate, epochs, source } = shortRun(lines);
        const affordable = Math.floor(deps.minutes * 60 * trainingShare * speed);
        return {
          base: deps.base,
          start: deps.shipped.folder,
          method: { kind: 'lora', ...ranksOf(deps.shipped.folder), firstLayer: 0 },
          examples: join(deps.folder, 'train.jsonl'),
          dev: dev ? join(deps.folder, 'dev.jsonl') : null,
          output: join(deps.folder, 'training'),
          frozen: 'int8',
          schedule: { kind: 'cosine', rate, warmup: 0.05, floor: 0.05 },
          interpolate: dev,
          tokens: Math.max(1_000, Math.min(epochs * tokens, affordable)),
          rowsPerStep: 8,
          seed: deps.seed,
          threads: deps.threads,
          saveEvery: 5,
          evaluateEvery: Math.max(5, Math.ceil(lines / 16)),
          sources: { rate: source, tokens: epochs * tokens <= affordable ? source : 'as many as the time allows' },
        };
      })();
  mkdirSync(join(deps.folder, 'training'), { recursive: true });
  const run = startTraining(settings, deps.folder, (event) => {
    if (event.type !== 'step') return;
    const minutes = Math.ceil(event.secondsLeft / 60);
    deps.onProgress({
      phase: 'training',
      share: writingShare + event.share * trainingShare,
      line: `learning from ${data.documents.length} documents, ${minutes} min left`,
    });
  });
  const ended = deps.onTraining?.(run);
  const cancel = () => run.cancel();
  deps.signal.addEventListener('abort', cancel, { once: true });
  if (deps.signal.aborted) cancel();
  try {
    const { adapter, progress } = await run.done;
    const trained = { adapter, progress };
    writeJson(file, trained);
    return trained;
  } finally {
    deps.signal.removeEventListener('abort', cancel);
    ended?.();
  }
}

/** Of a result before anything was trained. */
export const untrained = {
  train: null,
  candidate: null,
  champion: null,
  shares: null,
  probes: null,
  replay: null,
} as const;

/** What the candidate is called before it is known to be any good. */
const candidateId = (runId: string): string => `reader-${runId.replaceAll('-', '').slice(-12)}`;

/** @throws DocentError CANCELLED, TRAINING_FAILED, or of the engine; the champion serves on. */
export async function executeRun(runId: string, deps: RunDeps, speed: number | null): Promise<RunOutcome> {
  discardStale(deps);
  mkdirSync(deps.folder, { recursive: true });
  const { data, summary } = await dataSetOf(deps);
  const nothing = { dataset: summary, ...untrained };
  const kept = (decision: GateDecision): RunOutcome => ({
    result: { ...nothing, gate: decision.suites, decision: 'kept', reason: decision.reason },
    candidate: null,
  });
  const gateQuestions = data.questions.filter(({ side }) => side === 'gate');
  if (gateQuestions.length < leastQuestions) {
    const workspace = gateQuestions.map(({ sectionId }) => ({ section: sectionId, champion: 0, candidate: 0 }));
    const decision = decide({ workspace, general: [], abstention: [] });
    if (data.complete) return kept(decision);
    const reason = `Only ${workspace.length} questions to judge by were written in the time, ${leastQuestions} are needed: give it more minutes (DOCENT_LEARN_MINUTES).`;
    return kept({ ...decision, reason });
  }
  if (summary.sides.train < leastLearned)
    return {
      result: {
        ...nothing,
        gate: [],
        decision: 'kept',
        reason: `Only ${summary.sides.train} questions could be learned from, ${leastLearned} are needed: upload more running text.`,
      },
      candidate: null,
    };

  const { adapter, progress } = await train(deps, data, speed ?? assumedSpeed * deps.threads);
  const { shipped } = deps;
  const manifest: Manifest = {
    ...shipped.manifest,
    id: candidateId(runId),
    parent: shipped.manifest.id,
    documents: [...data.documents],
    metrics: {},
  };
  const say = (share: number, line: string) =>
    deps.onProgress({ phase: 'judging', share: 1 - judgingShare + share * judgingShare, line });
  // Loading a candidate wants its manifest beside it.
  writeJson(join(adapter, 'manifest.json'), manifest);
  const reader = await deps.readerOf(adapter);
  const { calibration: documents, givenPassage = documents } = shipped.manifest;
  const verdict = await compare(
    deps,
    data.questions,
    deps.champion,
    { id: manifest.id, contestant: { reader, calibration: documents, givenPassage } },
    deps.minutes * 60_000 * judgingShare,
    say,
  );
  const { decision, calibration, ...scores } = verdict;
  const result: RunOutcome['result'] = {
    dataset: summary,
    train: {
      steps: progress.steps,
      tokens: progress.tokens,
      seconds: progress.seconds,
      tokens_per_second: progress.tokens / progress.seconds,
      loss_first: progress.firstLoss,
      loss_last: progress.lastLoss,
      loss_dev: progress.bestDev,
    },
    ...scores,
    gate: decision.suites,
    decision: decision.decision,
    reason: decision.reason,
  };
  writeJson(join(adapter, 'manifest.json'), { ...manifest, calibration, metrics: { ...result, seed: deps.seed } });
  return { result, candidate: adapter };
}

/** What a run leaves behind goes once it is decided: its data set quotes documents. */
export const removeRun = (folder: string): void => rmSync(folder, { recursive: true, force: true });
