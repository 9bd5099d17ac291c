/** A question and its answer, as every surface (terminal, web, Slack, Discord, /v1) sees them. */

import type { Audience } from '../retrieval/visibility.ts';

export type { Audience };

export interface Question {
  readonly text: string;
  readonly audience: Audience;
  /** Key of the conversation, unique within the channel; null = no follow-ups. */
  readonly thread: string | null;
  readonly userId: string;
  /** Exactly-once key: the same key is answered once. Absent = a fresh one. */
  readonly messageKey?: string;
}

export interface Source {
  readonly document: string;
  readonly documentId: string;
  readonly section: string | null;
  readonly page: number | null;
  /** Verbatim slice [start, end) of the document's extracted text. */
  readonly quote: string;
  readonly start: number;
  readonly end: number;
  /** Where the upload can be opened (message permalink, web page). */
  readonly url: string | null;
}

export type AnswerKind = 'span' | 'yes' | 'no' | 'list' | 'help' | 'greeting';

export interface Answer {
  readonly id: string;
  readonly found: boolean;
  readonly kind: AnswerKind;
  /** The exact words, `Yes` or `No`; null when not found. */
  readonly answer: string | null;
  /** What a person reads: the answer and the sentence around it, or a polite “not in the documents”. */
  readonly text: string;
  readonly confidence: number;
  readonly sources: readonly Source[];
  readonly model: { readonly base: string; readonly adapter: string | null };
  readonly timing: { readonly retrieve_ms: number; readonly read_ms: number; readonly total_ms: number };
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** Told once each, before the model reads: how many passages are looked at, or the place in the queue, from 1. */
  readonly onProgress?: (stage: 'searching' | 'reading' | 'waiting', detail: number) => void;
}

export interface Answerer {
  ask(question: Question, options?: AskOptions): Promise<Answer>;
  /** Three questions that the documents visible to this audience answer. */
  examples(audience: Audience): Promise<readonly string[]>;
}
