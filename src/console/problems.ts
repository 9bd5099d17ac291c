/** Errors as HTTP: status, JSON body, and what of an error may be logged. Knows the errors table and nothing of routes. */
import { randomBytes } from 'node:crypto';
import { DocentError, type ErrorCode, isDocentError } from '../errors.ts';

/** Codes that are not the caller's fault or have a status of their own; all others are 400. */
const statusOf: Partial<Record<ErrorCode, number>> = {
  UNAUTHORIZED: 401,
  HOST_REFUSED: 403,
  ORIGIN_REFUSED: 403,
  NOT_ALLOWED: 403,
  THREAD_FOREIGN: 403,
  DOCUMENT_UNKNOWN: 404,
  ADAPTER_UNKNOWN: 404,
  CHANNEL_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  CHANNEL_AMBIGUOUS: 409,
  FILE_TOO_LARGE: 413,
  BODY_TOO_LARGE: 413,
  FILE_UNSUPPORTED: 415,
  RATE_LIMITED: 429,
  // The OpenAI clients retry 429 and 503 by themselves.
  ENGINE_BUSY: 503,
  ENGINE_FAILED: 503,
  DATABASE_UNREACHABLE: 503,
  DISK_FULL: 507,
  INTERNAL: 500,
};

export const httpStatus = (code: ErrorCode): number => statusOf[code] ?? 400;

export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
}

export const problemOf = (error: DocentError): Problem => ({
  code: error.code,
  message: error.message,
  fix: error.fix,
});

/** As `problemOf`, with the fields that OpenAI's clients read. https://platform.openai.com/docs/guides/error-codes */
export const openaiProblemOf = (error: DocentError) => ({
  ...problemOf(error),
  type: httpStatus(error.code) < 500 ? 'invalid_request_error' : 'server_error',
  param: null,
});

/** Fastify's own errors that a person can cause. */
const fromFramework = (
  error: Error & { readonly code?: unknown; readonly statusCode?: unknown },
): DocentError | undefined => {
  switch (error.code) {
    case 'ENOSPC':
      return new DocentError('DISK_FULL', { path: 'DOCENT_HOME' });
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new DocentError('BODY_TOO_LARGE', { limit: '1 MB' });
    case 'FST_PARTS_LIMIT':
    case 'FST_FILES_LIMIT':
    case 'FST_FIELDS_LIMIT':
      return new DocentError('BAD_REQUEST', { reason: 'Too many files in one request' });
    default:
  }
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500
    ? new DocentError('BAD_REQUEST', { reason: 'The request cannot be understood' })
    : undefined;
};

/**
 * Any thrown value as a DocentError. What nobody foresaw becomes INTERNAL with a fresh reference: `unforeseen` is told
 * the reference and fields for the log (the kind of error and where, never its message, which may hold text).
 */
export function toDocentError(thrown: unknown, unforeseen: (fields: object) => void): DocentError {
  if (isDocentError(thrown)) return thrown;
  const known = thrown instanceof Error ? fromFramework(thrown) : undefined;
  if (known) return known;
  const reference = randomBytes(4).toString('hex');
  const frames = thrown instanceof Error ? (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  unforeseen({
    reference,
    kind: thrown instanceof Error ? thrown.name : typeof thrown,
    code: (thrown as { code?: unknown } | null)?.code,
    at: frames.slice(0, 8).map((line) => line.trim()),
  });
  return new DocentError('INTERNAL', { reference }, { cause: thrown });
}
