/**
 * What the rest of Docent asks of a model: token ids in, token ids and probabilities out.
 * Nothing here knows prompts, passages, questions or documents.
 */

/**
 * What may be generated, as data, because it is applied in the engine's process, next to the logits.
 * An output is `lead`, then one or more verbatim spans of `tokens` joined by `separator`, then `end`.
 */
export interface SpanConstraint {
  /** The tokens that spans are copied from (a passage, as it stands in the prompt). */
  readonly tokens: Int32Array;
  /** 1 where a span may begin with this token. */
  readonly starts: Uint8Array;
  /** 1 where a span may end after this token. */
  readonly ends: Uint8Array;
  /** Alternatives before the first span, for instance the tokens of `[1]`, `[1] yes:`, `[1] no:`. At least one. */
  readonly leads: readonly (readonly number[])[];
  /** Tokens between two spans; absent = a single span. */
  readonly separator?: readonly number[];
  /** The token that ends the output. */
  readonly end: number;
}

/** One row of a batch. Its prompt is `prefix` followed by `suffix`. */
export interface Row {
  /** Kept as KV under its own content (and adapter), so asking again behind it costs only the suffix. */
  readonly prefix: Int32Array;
  readonly suffix: Int32Array;
  /** Token ids whose log-probability at the first generated position (before any constraint) is reported. */
  readonly watch?: readonly number[];
  readonly constraint?: SpanConstraint;
}

/**
 * Rows that compete: only the one whose evidence is largest is generated, the others end as `outdone` when they are read.
 * A row's evidence is the log-odds of its first watched token against its second, plus its prior.
 */
export interface Contest {
  /** [rows.length] */
  readonly priors: readonly number[];
  /** Rows with less evidence end too, even if none is left. */
  readonly least: number;
}

export interface GenerateRequest {
  readonly rows: readonly Row[];
  readonly contest?: Contest;
  /** Limit of generated tokens a row. */
  readonly maxTokens: number;
  /** Tokens that end a row without a constraint; they are not part of its output. */
  readonly stop: readonly number[];
  /** Folder of the adapter that reads, loaded when it is not; absent = the one in service, null = the bare base. */
  readonly adapter?: string | null;
}

export interface RowResult {
  /** Generated tokens without `stop`/`end`. */
  readonly tokens: Int32Array;
  /** Natural log-probability of each generated token, after the constraint's mask is NOT applied (the model's own). */
  readonly logprobs: Float32Array;
  /** Log-probabilities of `watch`, in its order; empty without it. */
  readonly watched: Float32Array;
  /** With a constraint: which lead was taken, and the spans as [first, last] indices into `constraint.tokens`. */
  readonly lead?: number;
  readonly spans?: readonly (readonly [number, number])[];
  /** Rows that are outdone or cancelled may have streamed tokens before. */
  readonly finish: 'stop' | 'length' | 'cancelled' | 'outdone';
  /** How many prompt tokens came from the cache. */
  readonly cached: number;
}

export interface GenerateOptions {
  readonly signal?: AbortSignal;
  /** Called for every token as it is generated, in order within a row. */
  readonly onToken?: (row: number, token: number) => void;
}

export interface EngineStats {
  readonly runtime: 'native' | 'portable' | 'remote';
  readonly device: 'cpu' | 'webgpu' | 'cuda' | 'remote';
  readonly threads: number;
  readonly weights: 'f32' | 'int8' | 'int4' | 'remote';
  readonly base: string;
  readonly adapter: string | null;
  readonly kvBytes: number;
  readonly kvBytesLimit: number;
  readonly cachedPrefixes: number;
  readonly prefillTokens: number;
  readonly decodedTokens: number;
  readonly restarts: number;
  readonly rssBytes: number;
  /** One line: why this runtime and device were chosen. */
  readonly choice: string;
}

/**
 * A model in a child process. It may crash without taking the caller along: it is started again and requests that were
 * under way are asked again. All methods reject with DocentError (ENGINE_FAILED, CONTEXT_TOO_LONG, ADAPTER_INVALID,
 * CANCELLED).
 */
export interface Engine {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Rows run as one batch; results in the order of the rows. Greedy. */
  generate(request: GenerateRequest, options?: GenerateOptions): Promise<readonly RowResult[]>;
  /** Puts an adapter folder (PEFT format) into service without dropping a request; null = the bare base. */
  swap(adapterFolder: string | null): Promise<void>;
  /** Drops the cached prefixes, so that nothing of a deleted document stays in memory. */
  forget(): Promise<void>;
  stats(): Promise<EngineStats>;
}

/** Sentence embeddings; unit length, so a dot product is the cosine. */
export interface Embedder {
  /** Changes whenever the same text would get another vector. */
  readonly version: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** [texts.length] vectors of `dimensions` floats. Texts over 256 word pieces are cut. */
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>;
  readonly dimensions: number;
}

/** Text to token ids and back. Special tokens such as `<|im_end|>` exist only through `special`. */
export interface Tokenizer {
  /** Ids of plain text: `<|im_end|>` inside it is just text. */
  encode(text: string): Int32Array;
  /** As encode, with the [start, end) character offsets (UTF-16) of every token in `text`. */
  encodeWithOffsets(text: string): { readonly ids: Int32Array; readonly starts: Int32Array; readonly ends: Int32Array };
  decode(ids: ArrayLike<number>): string;
  /** The id of a special token. @throws Error when the vocabulary lacks it. */
  special(token: string): number;
  readonly size: number;
}
