/**
 * What the person at the keyboard can do. Commands are written once against this; it is carried out in this process, or
 * by the running server of the same home (remote.ts). Arguments and results are JSON.
 */
import type { Answer } from '../answers/contract.ts';
import type { DocumentDetail, DocumentSummary } from '../documents/lifecycle.ts';
import type { EvalReport } from '../eval/report.ts';
import type { DryRun, RunResult } from '../learn/contract.ts';
import type { ReviewedFeedback } from '../learn/feedback.ts';
import type { Gap } from '../learn/gaps.ts';
import type { Probe } from '../learn/probes.ts';
import type { BenchReport } from './bench.ts';

export interface IngestArguments {
  /** Absolute paths. */
  readonly paths: readonly string[];
  readonly channel?: string;
  readonly private?: boolean;
}

export interface IngestedDocument {
  readonly id: string | null;
  readonly title: string;
  readonly path: string;
  readonly status: 'ready' | 'failed' | 'duplicate' | 'replaced';
  readonly error?: string;
  readonly sections: number;
  readonly passages: number;
  readonly bytes: number;
  readonly warnings?: readonly string[];
}

export interface IngestResult {
  readonly documents: readonly IngestedDocument[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Where they went: `everyone`, or the channel. */
  readonly channel: string;
}

export interface AskArguments {
  readonly question: string;
  readonly channel?: string;
  readonly user?: string;
  readonly thread?: string;
}

export interface EvalArguments {
  /** Absolute path of the JSONL file. */
  readonly file: string;
  readonly channel?: string;
  /** `oracle`: the evidence passage comes first. */
  readonly read?: 'retrieved' | 'oracle';
  readonly limit?: number;
  /** Writes one line per question there, for reading errors one by one. */
  readonly details?: string;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do when it is not ok. */
  readonly fix: string | null;
}

export interface AdapterSummary {
  readonly id: string;
  readonly alias: readonly string[];
  readonly created: string;
  readonly documents: number;
  readonly metrics: unknown;
  readonly folder: string;
}

export interface ModelsSummary {
  readonly base: { readonly name: string; readonly path: string; readonly sha256: string | null } | null;
  readonly adapters: readonly AdapterSummary[];
}

export interface ExportArguments {
  /** Of an adapter; null = the bare base. */
  readonly id: string | null;
  /** Absolute: an empty or new folder; for GGUF also the name of a new .gguf file. */
  readonly target: string;
  /** Fold the adapter into the base; the bare base is a standalone checkpoint anyway. */
  readonly merge?: boolean;
  readonly format?: string;
  readonly quantisation?: string;
}

export interface ExportResult {
  readonly base: string;
  readonly adapter: string | null;
  readonly format: 'peft' | 'safetensors' | 'gguf';
  /** What the weights are kept as; null = as the adapter keeps them. */
  readonly quantisation: string | null;
  readonly path: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

export interface TrainArguments {
  /** Name of the workspace whose own adapter learns; needed only where several have documents. */
  readonly workspace?: string;
  /** Even if nothing changed since the last run. */
  readonly now?: boolean;
  readonly minutes?: number;
}

export interface RunSummary {
  readonly id: string;
  readonly by: string;
  readonly state: string;
  readonly decision: string | null;
  readonly reason: string | null;
  /** ISO times. */
  readonly started: string;
  readonly ended: string | null;
}

export interface RunDetail extends RunSummary {
  readonly result: RunResult | null;
  /** The last questions that this run's candidate answers otherwise, as far as they are still kept. */
  readonly changed: readonly { readonly question: string; readonly before: string; readonly after: string }[];
}

/** Things on the way that are worth showing: files read, passages found, questions done. */
export type OperatorEvent =
  | { readonly type: 'stage'; readonly stage: 'searching' | 'reading' | 'waiting'; readonly detail: number }
  | { readonly type: 'file'; readonly path: string; readonly status: string }
  | { readonly type: 'download'; readonly name: string; readonly done: number; readonly total: number | null }
  | { readonly type: 'count'; readonly done: number; readonly total: number }
  | { readonly type: 'progress'; readonly share: number; readonly line: string }
  | { readonly type: 'note'; readonly text: string };

export interface OperatorOptions {
  readonly onEvent?: (event: OperatorEvent) => void;
  readonly signal?: AbortSignal;
}

type Operation<A, R> = (args: A, options?: OperatorOptions) => Promise<R>;

export interface Operator {
  readonly ingest: Operation<IngestArguments, IngestResult>;
  readonly ask: Operation<AskArguments, Answer>;
  readonly evaluate: Operation<EvalArguments, EvalReport>;
  readonly listDocuments: Operation<{ readonly channel?: string }, { readonly documents: readonly DocumentSummary[] }>;
  readonly showDocument: Operation<{ readonly id: string }, DocumentDetail>;
  readonly deleteDocument: Operation<{ readonly id: string }, { readonly deleted: string }>;
  readonly listModels: Operation<Record<string, never>, ModelsSummary>;
  readonly pullModels: Operation<{ readonly base?: string }, ModelsSummary>;
  readonly importModel: Operation<{ readonly path: string }, ModelsSummary>;
  readonly exportModel: Operation<ExportArguments, ExportResult>;
  /** @throws DocentError WORKSPACE_UNKNOWN, ADAPTER_UNKNOWN, ADAPTER_INVALID */
  readonly promoteAdapter: Operation<{ readonly id: string; readonly workspace?: string }, ModelsSummary>;
  readonly rollbackAdapter: Operation<{ readonly workspace?: string }, ModelsSummary>;
  readonly train: Operation<TrainArguments, RunResult>;
  /** Ends the run that waits or is under way, if there is one. */
  readonly cancelTraining: Operation<Record<string, never>, { readonly cancelled: string | null }>;
  /** What a run would learn from; trains nothing. */
  readonly dryRun: Operation<TrainArguments, DryRun>;
  readonly listFeedback: Operation<Record<string, never>, { readonly feedback: readonly ReviewedFeedback[] }>;
  /** @throws DocentError FEEDBACK_UNKNOWN, CORRECTION_NOT_FOUND */
  readonly reviewFeedback: Operation<
    { readonly id: string; readonly review: 'approved' | 'rejected' },
    { readonly feedback: readonly ReviewedFeedback[] }
  >;
  readonly listProbes: Operation<Record<string, never>, { readonly probes: readonly Probe[] }>;
  /** @param answer null: the documents don't answer it. */
  readonly addProbe: Operation<
    { readonly question: string; readonly answer: string | null },
    { readonly probes: readonly Probe[] }
  >;
  /** @throws DocentError PROBE_UNKNOWN */
  readonly removeProbe: Operation<{ readonly id: string }, { readonly probes: readonly Probe[] }>;
  /** Newest first. */
  readonly listRuns: Operation<Record<string, never>, { readonly runs: readonly RunSummary[] }>;
  /** @throws DocentError RUN_UNKNOWN */
  readonly showRun: Operation<{ readonly id: string }, RunDetail>;
  /** Questions that nothing answered. */
  readonly listGaps: Operation<Record<string, never>, { readonly gaps: readonly Gap[] }>;
  readonly bench: Operation<Record<string, never>, BenchReport>;
  readonly doctor: Operation<Record<string, never>, { readonly checks: readonly Check[] }>;
}

export const operations = [
  'ingest',
  'ask',
  'evaluate',
  'listDocuments',
  'showDocument',
  'deleteDocument',
  'listModels',
  'pullModels',
  'importModel',
  'exportModel',
  'promoteAdapter',
  'rollbackAdapter',
  'train',
  'cancelTraining',
  'dryRun',
  'listFeedback',
  'reviewFeedback',
  'listProbes',
  'addProbe',
  'removeProbe',
  'listRuns',
  'showRun',
  'listGaps',
  'bench',
  'doctor',
] as const satisfies readonly (keyof Operator)[];
