/**
 * The child process in which models run. It owns sessions, attention caches and the scheduler, and does what its
 * parent's messages say. It ends when the parent is gone. Knows no prompts, documents or adapters' files.
 */
import { isDocentError, reasonOf } from '../errors.ts';
import { createKvPool, type KvPool } from './kv-pool.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { chooseRuntime, type RuntimeChoice } from './runtime/open.ts';
import { createScheduler, type Scheduler, type Ticket } from './scheduler.ts';

type Start = Extract<ToWorker, { type: 'start' }>;

const send = (message: FromWorker): void => {
  // The parent may end while this is written: then nobody waits for it any more.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};
const sendFailure = (error: unknown, call?: number): void =>
  send({
    type: 'failed',
    ...(call === undefined ? {} : { call }),
    ...(isDocentError(error)
      ? { code: error.code, details: error.details }
      : { code: 'ENGINE_FAILED', details: { reason: reasonOf(error) } }),
  });

interface Loaded {
  readonly pool: KvPool;
  readonly scheduler: Scheduler;
  readonly vocab: number;
}

/** Handles messages one kind at a time; loading and choosing wait for each other, generating does not. */
function createWorker() {
  const tickets = new Map<number, Ticket>();
  let start: Start | null = null;
  let choice: Promise<RuntimeChoice> | null = null;
  /** Made with the first model, whose shape the caches have; every later model is the same base. */
  let loaded: Loaded | null = null;

  const load = async ({ call, model, prepared }: Extract<ToWorker, { type: 'load' }>) => {
    try {
      const runtime = await (await choice!).open(prepared);
      if (!loaded) {
        const pool = createKvPool(prepared.shape, start!.kvBytesLimit);
        loaded = { pool, scheduler: createScheduler(pool), vocab: prepared.shape.vocab };
      }
      loaded.scheduler.addModel(model, runtime);
      send({ type: 'loaded', call });
    } catch (error) {
      sendFailure(error, call);
    }
  };

  const generate = ({ call, model, request, stream }: Extract<ToWorker, { type: 'generate' }>) => {
    if (!loaded?.scheduler.hasModel(model)) return sendFailure(new Error(`model ${model} is not loaded`), call);
    const { vocab } = loaded;
    const outside = request.rows.some((row) =>
      [row.prefix, row.suffix].some((ids) => ids.some((id) => !(id >= 0 && id < vocab))),
    );
    if (outside) return sendFailure(new Error(`token ids are 0 to ${vocab - 1}`), call);
    const limit = loaded.pool.longestRow;
    const longest = request.rows.reduce((most, row) => Math.max(most, row.prefix.length + row.suffix.length), 0);
    const tokens = longest + Math.max(request.maxTokens, 1);
    if (tokens > limit)
      return send({ type: 'failed', call, code: 'CONTEXT_TOO_LONG', details: { tokens: longest, limit } });
    const ended = () => tickets.delete(call);
    tickets.set(
      call,
      loaded.scheduler.submit({
        request,
        model,
        ...(stream ? { onToken: (row: number, token: number) => send({ type: 'token', call, row, token }) } : {}),
        onDone(results) {
          ended();
          send({ type: 'result', call, results });
        },
        onError(error) {
          ended();
          sendFailure(error, call);
        },
      }),
    );
  };

  return (message: ToWorker): void => {
    switch (message.type) {
      case 'start':
        start = message;
        choice = chooseRuntime(message.runtime, message.cacheFolder);
        choice.then(
          ({ kind, device, threads, reason }) =>
            send({ type: 'started', choice: { runtime: kind, device, threads, reason } }),
          (error) => sendFailure(error),
        );
        break;
      case 'load':
        void load(message);
        break;
      case 'unload':
        void loaded?.scheduler.removeModel(message.model);
        break;
      case 'generate':
        generate(message);
        break;
      case 'cancel':
        tickets.get(message.call)?.cancel();
        break;
      case 'forget':
        loaded?.pool.forget();
        break;
      case 'stats': {
        const counters = loaded?.scheduler.counters() ?? { prefillTokens: 0, decodedTokens: 0, passes: 0 };
        const stats = {
          ...counters,
          kvBytes: loaded?.pool.bytes() ?? 0,
          cachedPrefixes: loaded?.pool.prefixes() ?? 0,
          rssBytes: process.memoryUsage.rss(),
        };
        send({ type: 'stats', call: message.call, stats });
        break;
      }
    }
  };
}

process.on('message', createWorker());
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent decides when this process has finished its work.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
