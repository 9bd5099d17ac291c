/** Messages between the engine and its child process. Structured clones: typed arrays cross as they are. */
import type { ErrorCode } from '../errors.ts';
import type { GenerateRequest, RowResult } from './contract.ts';
import type { Prepared } from './graph/prepared.ts';
import type { RuntimeConfig } from './runtime/open.ts';
import type { Device } from './runtime/portable.ts';

export type ToWorker =
  | {
      readonly type: 'start';
      readonly runtime: RuntimeConfig;
      readonly kvBytesLimit: number;
      readonly cacheFolder: string;
    }
  | { readonly type: 'load'; readonly call: number; readonly model: string; readonly prepared: Prepared }
  | { readonly type: 'unload'; readonly model: string }
  | {
      readonly type: 'generate';
      readonly call: number;
      readonly model: string;
      readonly request: GenerateRequest;
      /** Every token as it comes; a message each, which takes time from the model. */
      readonly stream: boolean;
    }
  | { readonly type: 'cancel'; readonly call: number }
  | { readonly type: 'forget' }
  | { readonly type: 'stats'; readonly call: number };

export interface WorkerStats {
  readonly kvBytes: number;
  readonly cachedPrefixes: number;
  readonly prefillTokens: number;
  readonly decodedTokens: number;
  readonly passes: number;
  readonly rssBytes: number;
}

export interface WorkerChoice {
  readonly runtime: 'native' | 'portable';
  readonly device: Device;
  readonly threads: number;
  readonly reason: string;
}

export type FromWorker =
  | { readonly type: 'started'; readonly choice: WorkerChoice }
  | { readonly type: 'loaded'; readonly call: number }
  | { readonly type: 'token'; readonly call: number; readonly row: number; readonly token: number }
  | { readonly type: 'result'; readonly call: number; readonly results: readonly RowResult[] }
  | { readonly type: 'stats'; readonly call: number; readonly stats: WorkerStats }
  | {
      readonly type: 'failed';
      /** Absent when the process as a whole cannot work. */
      readonly call?: number;
      readonly code: ErrorCode;
      readonly details: Readonly<Record<string, unknown>>;
    };
