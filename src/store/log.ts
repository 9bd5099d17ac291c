import type { Logger } from 'pino';

/** The part of pino that the store and the jobs write to. Lines hold ids and numbers, never text, titles or names. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
