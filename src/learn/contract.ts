/** What a run is asked and what it says, for every surface that starts one. */
import type { SuiteResult } from '../eval/gate.ts';
import type { DataSet, LearnedQuestion } from './dataset.ts';
import type { Side } from './split.ts';
import type { Scope } from './teaching.ts';

export interface RunRequest {
  /** Who or what asked: a user's id, `operator`, `upload`, `night`. */
  readonly by: string;
  /** Even if nothing changed since the last run. */
  readonly now?: boolean;
  readonly minutes?: number;
  /** Whose adapter learns; absent: the install's. */
  readonly scope?: Scope;
}

export type RunPhase = 'waiting' | 'writing' | 'training' | 'judging';

export interface RunProgress {
  readonly phase: RunPhase;
  /** Of the whole run, 0…1. */
  readonly share: number;
  /** One line for people. */
  readonly line: string;
}

/** As `docent eval` names them. */
export interface Scores {
  readonly id: string;
  readonly f1: number;
  readonly abstain_precision: number;
  readonly abstain_recall: number;
}

/** What each part of a candidate gains on all gate questions, as shares; search and passages stay as they are. */
export interface BundleShares {
  /** The weights, with the confidence read as the shipped reader's. */
  readonly adapter: number;
  /** Reading its confidence its own way. */
  readonly calibration: number;
}

/** The operator's own questions; ids are those of `docent probes`. */
export interface ProbeResult {
  readonly asked: number;
  readonly passed: number;
  /** That pass with the champion and fail with the candidate. */
  readonly lost: readonly string[];
}

/** The last questions, as both would answer them. */
export interface ReplayResult {
  readonly asked: number;
  /** `question` is an id; also counted where other words are given. */
  readonly changed: readonly {
    readonly question: string;
    readonly before: 'answered' | 'refused';
    readonly after: 'answered' | 'refused';
  }[];
}

export interface RunResult {
  readonly run: string;
  readonly dataset: {
    readonly documents: number;
    readonly examples: number;
    readonly unanswerable: number;
    readonly sides: Readonly<Record<Side, number>>;
    readonly dropped: DataSet['dropped'];
  };
  readonly train: {
    readonly steps: number;
    readonly tokens: number;
    readonly seconds: number;
    readonly tokens_per_second: number;
    readonly loss_first: number | null;
    readonly loss_last: number | null;
    readonly loss_dev: number | null;
  } | null;
  readonly candidate: Scores | null;
  readonly champion: Scores | null;
  readonly gate: readonly SuiteResult[];
  /** Null where nothing was trained. */
  readonly shares: BundleShares | null;
  /** Null where there are none, or nothing was trained. */
  readonly probes: ProbeResult | null;
  /** Null where the candidate does not go live. */
  readonly replay: ReplayResult | null;
  readonly decision: 'promoted' | 'kept' | 'skipped';
  readonly reason: string;
}

export interface DryRun {
  readonly dataset: RunResult['dataset'];
  /** Up to twenty of each kind. */
  readonly examples: Readonly<
    Record<string, readonly Pick<LearnedQuestion, 'question' | 'words' | 'document' | 'side'>[]>
  >;
}
