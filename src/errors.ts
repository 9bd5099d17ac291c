/**
 * Every error that a person can meet, in one table: its code, what happened, and what to do next.
 * `docs/errors.md` is generated from it. This module must not know who raises or shows them.
 */

interface ErrorSpec {
  /** What happened; `{name}` is filled from the error's details. */
  readonly message: string;
  /** What the operator or user does next. */
  readonly fix: string;
}

const spec = <T extends Record<string, ErrorSpec>>(table: T): T => table;

export const errorTable = spec({
  // start and settings
  SETTING_INVALID: {
    message: '{name} is invalid: {reason}',
    fix: 'Correct it in .env or the environment; docs/settings.md lists what it takes.',
  },
  ENV_UNREADABLE: {
    message: 'The settings file {path} cannot be read: {reason}',
    fix: 'Give your account read access to it, or move it away.',
  },
  PORT_TAKEN: {
    message: 'Port {port} on {host} is already in use',
    fix: 'Stop the other program, or set DOCENT_PORT to a free port.',
  },
  HOST_NEEDS_TOKEN: {
    message: 'DOCENT_HOST is {host}, which other machines can reach, but DOCENT_TOKEN is not set',
    fix: 'Set DOCENT_TOKEN to a long random text, or use DOCENT_HOST=127.0.0.1.',
  },
  HOME_UNWRITABLE: {
    message: '{path} cannot be written: {reason}',
    fix: 'Give your account write access, or set DOCENT_HOME to another folder.',
  },
  DISK_FULL: {
    message: 'The disk that holds {path} is full',
    fix: 'Free some space; nothing that was acknowledged is lost.',
  },
  SERVER_RUNNING: {
    message: 'Docent already runs for {home} (process {pid})',
    fix: 'Use that one, stop it, or set another DOCENT_HOME.',
  },
  // database
  DATABASE_UNREACHABLE: {
    message: 'The database does not answer: {reason}',
    fix: 'Check DATABASE_URL, or the log beside the embedded data.',
  },
  DATABASE_START_FAILED: {
    message: 'The embedded PostgreSQL did not start: {reason}',
    fix: 'Read {log}; or set DATABASE_URL to a PostgreSQL of your own.',
  },
  DATABASE_VERSION: {
    message: 'The data in {path} was written by PostgreSQL {found}, this Docent carries {expected}',
    fix: 'Run: {command}',
  },
  DATABASE_NEWER: {
    message: 'The database was migrated by a newer Docent ({names})',
    fix: 'Start that newer version, or point DOCENT_HOME or DATABASE_URL to other data.',
  },
  MIGRATION_FAILED: {
    message: 'Migration {name} failed: {reason}',
    fix: 'Nothing of it was kept. Report it with this line; the older version still runs on this data.',
  },
  // models
  MODEL_UNAVAILABLE: {
    message: 'No source has {model}: {tried}',
    fix: 'Put the file {file} (sha256 {sha256}) into {folder}, or set DOCENT_MODELS_DIR to the folder that holds it.',
  },
  MODEL_CORRUPT: {
    message: '{file} is damaged: {reason}',
    fix: 'Delete it and run `docent models pull`; it is fetched again.',
  },
  MODEL_UNSUPPORTED: {
    message: '{file}: {reason}',
    fix: 'Use a Llama, Qwen2, Qwen3 or SmolLM checkpoint as safetensors or GGUF; docs/models.md lists the kinds.',
  },
  ADAPTER_INVALID: {
    message: 'The adapter in {folder} cannot be used: {reason}',
    fix: 'Use an adapter in PEFT format that was trained for this base and this prompt version.',
  },
  TARGET_TAKEN: {
    message: '{path} exists and is not an empty folder',
    fix: 'Name another place, or empty this one.',
  },
  TARGET_UNWRITABLE: {
    message: '{path} cannot be written: {reason}',
    fix: 'Name a folder that your account may write to.',
  },
  ADAPTER_UNKNOWN: { message: 'There is no adapter {id}', fix: 'List them with `docent models list`.' },
  ENGINE_FAILED: {
    message: 'The model stopped working: {reason}',
    fix: 'It is started again by itself; if this repeats, run `docent doctor`.',
  },
  REMOTE_ENGINE_FAILED: {
    message: 'The remote engine at {url} does not work: {reason}',
    fix: 'It must serve the base of DOCENT_BASE with this adapter, take token ids and give log-probabilities by id (llama.cpp, vLLM): docs/models.md. Check DOCENT_REMOTE_ENGINE and DOCENT_REMOTE_MODEL, or take them out.',
  },
  ENGINE_BUSY: { message: 'Too many questions are waiting', fix: 'Ask again in a minute.' },
  CONTEXT_TOO_LONG: { message: 'The text has {tokens} tokens, the model reads {limit}', fix: 'Make it shorter.' },
  CANCELLED: { message: 'Cancelled', fix: 'Ask again if that was not meant.' },
  // documents
  FILE_EMPTY: { message: '{name} is empty', fix: 'Upload it again once it holds text.' },
  FILE_TOO_LARGE: {
    message: '{name} has {megabytes} MB, the limit is {limit} MB',
    fix: 'Split it, or ask an admin to raise DOCENT_MAX_UPLOAD_MB.',
  },
  FILE_UNSUPPORTED: {
    message: '{name} is a kind of file that Docent does not read ({type})',
    fix: 'Upload it as PDF, DOCX, PPTX, XLSX, CSV, HTML, Markdown or plain text.',
  },
  FILE_WRONG_EXTENSION: {
    message: '{name} is not what its name says: it is {type}',
    fix: 'Rename it to its real kind and upload it again.',
  },
  FILE_ENCRYPTED: {
    message: '{name} is protected by a password',
    fix: 'Save a copy without the password and upload that.',
  },
  FILE_DAMAGED: {
    message: '{name} cannot be read: {reason}',
    fix: 'Open and save it again in the program that made it, then upload it.',
  },
  FILE_NO_TEXT: {
    message: '{name} holds pictures of text but no text',
    fix: 'Run text recognition (OCR) on it and upload the result.',
  },
  FILE_LOGIN_PAGE: {
    message: '{name} is a sign-in page, not a document',
    fix: 'Download the document while signed in, then upload that file.',
  },
  FILE_BOMB: {
    message: '{name} unpacks to far more than it should',
    fix: 'Save it again without embedded archives, or upload it as text.',
  },
  FILE_NOT_TEXT: {
    message: '{name} is not readable text (unknown encoding)',
    fix: 'Save it as UTF-8 and upload it again.',
  },
  FILE_TIMEOUT: { message: '{name} took longer than {seconds} s to read', fix: 'Split it into smaller files.' },
  FILE_EXTERNAL: { message: '{name} is stored outside {platform}', fix: 'Upload the file itself here.' },
  FILE_FETCH_FAILED: {
    message: '{name} could not be downloaded: {reason}',
    fix: 'Upload it again; if that fails too, check the permissions of the app.',
  },
  PATH_NOT_FOUND: { message: '{path} does not exist', fix: 'Check the path.' },
  DOCUMENT_UNKNOWN: { message: 'There is no document {id}', fix: 'List them with `docent documents list`.' },
  NOT_ALLOWED: { message: 'You may not {action}', fix: 'Ask {who}.' },
  // channels and questions
  CHANNEL_UNKNOWN: { message: 'There is no channel {name}', fix: 'Use one of: {candidates}' },
  CHANNEL_AMBIGUOUS: { message: 'Several channels are called {name}', fix: 'Use one of: {candidates}' },
  THREAD_FOREIGN: { message: 'Thread {thread} belongs to another audience', fix: 'Start a new thread.' },
  QUESTION_EMPTY: { message: 'The question is empty', fix: 'Write what you want to know.' },
  QUESTION_TOO_LONG: {
    message: 'The question has {length} characters, the limit is {limit}',
    fix: 'Ask it in a few sentences; put long texts into a document.',
  },
  BATCH_LINE_INVALID: { message: 'Line {line}: {reason}', fix: 'Each line is a JSON object with id and question.' },
  EVAL_FILE_INVALID: {
    message: '{path}, line {line}: {reason}',
    fix: 'Each line is a JSON object with id, question, answers and impossible.',
  },
  // training
  EXAMPLES_INVALID: {
    message: 'The examples in {file} cannot be trained on: {reason}',
    fix: 'Each line is a JSON object with pieces and questions; training/README.md shows one.',
  },
  FEEDBACK_UNKNOWN: { message: 'There is no correction {id}', fix: 'List them with `docent feedback list`.' },
  WORKSPACE_UNKNOWN: {
    message: 'There is no one workspace called {name} with an adapter of its own',
    fix: 'They are: {names}. Without --workspace the adapter of the whole install is meant.',
  },
  RUN_UNKNOWN: { message: 'There is no training run {id}', fix: 'List them with `docent runs`.' },
  PROBE_UNKNOWN: { message: 'There is no probe {id}', fix: 'List them with `docent probes`.' },
  CORRECTION_NOT_FOUND: {
    message: 'No document that everybody may read says “{words}”',
    fix: 'Upload a document that says it; the answer is learned from there. Or reject the correction.',
  },
  TRAINING_FAILED: {
    message: 'The training run ended: {reason}',
    fix: 'The adapter that served before still does. Start it again: it goes on from its last saved state.',
  },
  // platforms
  TOKEN_INVALID: {
    message: '{platform} refuses {name}: {reason}',
    fix: 'Copy it again from the app settings; docs/install-{guide}.md shows where.',
  },
  SCOPE_MISSING: {
    message: '{platform} app lacks the permission {scope}',
    fix: 'Add it in the app settings and install the app again.',
  },
  PLATFORM_UNREACHABLE: {
    message: '{platform} does not answer: {reason}',
    fix: 'Check the network; Docent keeps trying.',
  },
  UNAUTHORIZED: {
    message: 'The token is missing or wrong',
    fix: 'Send Authorization: Bearer with the value of DOCENT_TOKEN.',
  },
  BAD_REQUEST: { message: '{reason}', fix: 'Correct the request.' },
  // HTTP
  HOST_REFUSED: {
    message: 'This address ({host}) is not served',
    fix: 'Open http://127.0.0.1 or http://localhost with the port that start-up printed.',
  },
  ORIGIN_REFUSED: {
    message: 'A page of another site may not do this',
    fix: 'Use the page of this server, or send requests without an Origin header.',
  },
  RATE_LIMITED: {
    message: 'Too many requests from this address',
    fix: 'Wait {seconds} s and try again.',
  },
  ROUTE_UNKNOWN: { message: 'There is no {method} {path}', fix: 'GET /api/openapi.json lists what there is.' },
  BODY_TOO_LARGE: {
    message: 'The request is larger than {limit}',
    fix: 'Send less at once; documents go to POST /api/documents.',
  },
  USAGE: { message: '{reason}', fix: 'Run `docent help`.' },
  INTERNAL: {
    message: 'Something went wrong on my side ({reference})',
    fix: 'Try again; an operator finds the cause in the log under this reference.',
  },
});

export type ErrorCode = keyof typeof errorTable;

const fill = (template: string, details: Readonly<Record<string, unknown>>): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    details[name] === undefined ? whole : String(details[name]),
  );

/** An error with a code of the table; `message` and `fix` are ready to be shown to a person. */
export class DocentError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(fill(errorTable[code].message, details), options);
    this.name = 'DocentError';
    this.code = code;
    this.fix = fill(errorTable[code].fix, details);
    this.details = details;
  }

  /** One line for a terminal or chat: what happened and what to do. */
  get line(): string {
    return `${this.message}. ${this.fix}`;
  }
}

export const isDocentError = (error: unknown, code?: ErrorCode): error is DocentError =>
  error instanceof DocentError && (code === undefined || error.code === code);

/** The reason inside any thrown value, on one line, for the `reason` of a DocentError. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
