/** Prometheus metrics under the names that vLLM and llama.cpp made usual. Labels are codes and routes, never text or names. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Answer } from '../answers/contract.ts';
import type { Collaborators } from './contract.ts';

export type Surface = 'web' | 'v1';

export interface Metrics {
  readonly registry: Registry;
  /** Call when a question comes in; call the result once it ends. */
  question(surface: Surface): (outcome: Answer | { readonly code: string }) => void;
  upload(outcome: string, bytes: number): void;
  request(method: string, route: string, status: number, seconds: number): void;
}

const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];

export function createMetrics(queue: Collaborators['queue'], registry = new Registry()): Metrics {
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const questions = new Counter({
    name: 'docent_questions_total',
    help: 'Questions by surface and outcome: found, not_found, or the code of the error',
    labelNames: ['surface', 'outcome'],
    registers,
  });
  for (const [state, help] of [
    ['running', 'Questions being answered now'],
    ['waiting', 'Questions that wait for their turn'],
  ] as const)
    new Gauge({
      name: `docent_num_requests_${state}`,
      help,
      registers,
      collect() {
        this.set(queue[state]());
      },
    });
  const firstToken = new Histogram({
    name: 'docent_time_to_first_token_seconds',
    help: 'From the question to the first words of its answer',
    labelNames: ['surface'],
    buckets: seconds,
    registers,
  });
  const endToEnd = new Histogram({
    name: 'docent_e2e_request_latency_seconds',
    help: 'From the question to the end of its answer',
    labelNames: ['surface'],
    buckets: seconds,
    registers,
  });
  const retrieval = new Histogram({
    name: 'docent_retrieval_seconds',
    help: 'Searching for passages',
    buckets: seconds,
    registers,
  });
  const reading = new Histogram({
    name: 'docent_reading_seconds',
    help: 'Reading the passages with the model',
    buckets: seconds,
    registers,
  });
  const uploads = new Counter({
    name: 'docent_uploads_total',
    help: 'Uploaded files by outcome: a status or the code of the error',
    labelNames: ['outcome'],
    registers,
  });
  const uploadBytes = new Counter({ name: 'docent_upload_bytes_total', help: 'Bytes of uploaded files', registers });
  const requests = new Histogram({
    name: 'docent_http_request_duration_seconds',
    help: 'HTTP requests by route pattern',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers,
  });

  return {
    registry,
    question(surface) {
      const since = performance.now();
      return (outcome) => {
        const failed = 'code' in outcome;
        questions.inc({ surface, outcome: failed ? outcome.code : outcome.found ? 'found' : 'not_found' });
        if (failed) return;
        const took = (performance.now() - since) / 1000;
        // Answers are shown whole, once they are checked, so their first word comes with their last.
        firstToken.observe({ surface }, took);
        endToEnd.observe({ surface }, took);
        retrieval.observe(outcome.timing.retrieve_ms / 1000);
        reading.observe(outcome.timing.read_ms / 1000);
      };
    },
    upload(outcome, bytes) {
      uploads.inc({ outcome });
      uploadBytes.inc(bytes);
    },
    request: (method, route, status, took) => requests.observe({ method, route, status }, took),
  };
}
