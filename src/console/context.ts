/** What every route module is given, and what a route may say about itself. */
import type { Config } from '../config.ts';
import type { Collaborators } from './contract.ts';
import type { Metrics } from './metrics.ts';
import type { RouteDescription } from './openapi.ts';

export interface Context extends Collaborators {
  readonly config: Pick<Config, 'home' | 'DOCENT_MAX_UPLOAD_MB'>;
  readonly metrics: Metrics;
  /** Only this machine can reach the server. */
  readonly isPrivate: boolean;
  /** Aborts when the server begins to stop: streams that would go on for long end now. */
  readonly stopping: AbortSignal;
  /** Aborts when the time for draining is over: questions under way are given up. */
  readonly givingUp: AbortSignal;
  /** A stable, anonymous id of a caller's address: enough for fairness, nothing to look anybody up by. */
  callerId(address: string): string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which checks come first: `full` (default), `host` (health), `session` (all but the token), `none` (signed callers). */
    guard?: 'full' | 'host' | 'session' | 'none';
    /** The bucket that a request takes from, besides the general one. */
    limit?: 'questions' | 'uploads';
    /** How /api/openapi.json describes it. */
    describe?: RouteDescription;
  }
}
