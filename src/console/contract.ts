/**
 * What the HTTP side asks of the rest of Docent. `main.ts` implements these; the server knows nothing of databases,
 * models or files of the home.
 *
 * Every call that reads or removes something carries the audience. The server only ever passes `webAudience`: open
 * channels and the collection `everyone`, never a closed channel, whatever the token.
 */
import type { Answerer, Audience } from '../answers/contract.ts';

/** The one audience of the web chat and /v1. */
export const webAudience: Audience = Object.freeze({ channelId: null });

export type DocumentStatus = 'received' | 'ready' | 'failed' | 'duplicate' | 'replaced';

export interface DocumentRecord {
  readonly id: string;
  readonly title: string;
  /** Relative path as uploaded, `/` between folders. */
  readonly path: string;
  /** Name of the channel it is placed in, `everyone` for the shared collection. */
  readonly channel: string;
  /** received: acknowledged, being read. The other four are final. */
  readonly status: DocumentStatus;
  /** One line for a person: what is wrong and what to do. Set when failed. */
  readonly error?: string | null;
  /** One line each, for instance "3 of 12 pages hold only pictures". */
  readonly warnings?: readonly string[];
  readonly sections: number;
  readonly passages: number;
  readonly bytes: number;
  readonly pages?: number | null;
  /** ISO 8601. */
  readonly updatedAt?: string;
}

export interface SectionRecord {
  readonly heading: string | null;
  readonly path: readonly string[];
  /** [start, end) in the extracted text, UTF-16 units; the offsets of `Source` point into the same text. */
  readonly start: number;
  readonly end: number;
  readonly page: number | null;
}

export interface DocumentDetail {
  readonly document: DocumentRecord;
  /** The extracted text; empty until the document is ready. */
  readonly text: string;
  readonly sections: readonly SectionRecord[];
}

export interface Actor {
  readonly id: string;
  readonly isAdmin: boolean;
}

export interface Upload {
  /** Relative path as uploaded, cleaned: no leading `/`, no `..`, no control characters. */
  readonly path: string;
  /** The bytes on disk. The file is deleted once `receive` settles, so take it or copy it before. */
  readonly file: string;
  readonly bytes: number;
  /** Local channel to place it in; absent = `everyone`. */
  readonly channel?: string;
  readonly actor: Actor;
}

export interface ConsoleDocuments {
  list(audience: Audience): Promise<readonly DocumentRecord[]>;
  /** @throws DocentError DOCUMENT_UNKNOWN, also for documents that the audience may not see. */
  show(id: string, audience: Audience): Promise<DocumentDetail>;
  /** @throws DocentError DOCUMENT_UNKNOWN (as `show`), NOT_ALLOWED */
  remove(id: string, actor: Actor, audience: Audience): Promise<void>;
  /**
   * Resolves once the upload is durable (status `received`, or `duplicate`/`failed` when that is already known).
   * @throws DocentError FILE_…, CHANNEL_UNKNOWN, DISK_FULL
   */
  receive(upload: Upload): Promise<DocumentRecord>;
  /** The record now and after each change; ends after a final status. `pollChanges` builds it from a read function. */
  changes(id: string, audience: Audience, signal: AbortSignal): AsyncIterable<DocumentRecord>;
  /** Places the sample handbook in `everyone` (a duplicate when it is there already). */
  sample(): Promise<DocumentRecord>;
}

export interface ConsoleModels {
  list(): Promise<{
    readonly base: { readonly id: string; readonly created?: Date | null };
    /** `alias` as in the registry: the one called `champion` is in service. */
    readonly adapters: readonly {
      readonly id: string;
      readonly alias: readonly string[];
      readonly created?: Date | null;
    }[];
  }>;
  /** Tokens of the base, for `usage` of /v1. Absent: estimated at four characters a token. */
  countTokens?(text: string): number;
}

export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Shown to whoever reaches the port: no secrets, no addresses with passwords. */
  readonly detail: string;
}

export interface ConsoleHealth {
  /** Database and model, answered within a second or two. */
  checks(): Promise<readonly HealthCheck[]>;
}

export interface Vote {
  readonly answerId: string;
  readonly userId: string;
  readonly vote: 1 | -1;
  readonly reason?: string;
  readonly correction?: string;
}

/** What becomes of a correction: an admin decides over it, or no document says it and it would have to become one. */
export type CorrectionFate = 'waits' | 'unsaid';

export interface ConsoleFeedback {
  /**
   * @returns null for a vote without a correction.
   * @throws DocentError BAD_REQUEST when this audience was given no such answer.
   */
  record(vote: Vote, audience: Audience): Promise<CorrectionFate | null>;
}

export interface ConsoleLearning {
  /** What is learned now, or came of the last run: one line. */
  line(): Promise<string>;
}

/** The part of pino that is used. Objects hold ids, codes and counts only. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Collaborators {
  readonly answerer: Answerer;
  readonly documents: ConsoleDocuments;
  readonly models: ConsoleModels;
  readonly health: ConsoleHealth;
  readonly feedback: ConsoleFeedback;
  readonly learning: ConsoleLearning;
  /** Questions of every surface. */
  readonly queue: { waiting(): number; running(): number };
  readonly log: Log;
}
