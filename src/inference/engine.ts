/**
 * The engine as the rest of Docent sees it: a child process that runs the model, started again when it dies or hangs,
 * with the requests that were under way asked again. Knows messages and processes, not how models are computed.
 */
import { dirname } from 'node:path';
import { DocentError, isDocentError, reasonOf } from '../errors.ts';
import type { Engine, EngineStats, GenerateOptions, GenerateRequest, RowResult } from './contract.ts';
import type { Prepared } from './graph/prepared.ts';
import type { WeightsType } from './graph/stored-weights.ts';
import { prepareGraph } from './prepare.ts';
import type { WorkerStats } from './protocol.ts';
import type { RuntimeConfig } from './runtime/open.ts';
import { createWorkerProcess, type WorkerProcess } from './worker-process.ts';

export interface EngineOptions {
  readonly base: { readonly path: string; readonly name: string; readonly sha256?: string | null };
  /** The adapter that goes into service; null = the bare base. */
  readonly adapterFolder: string | null;
  /** Prepared graphs are kept here. */
  readonly cacheFolder: string;
  readonly config: RuntimeConfig & {
    readonly weights: WeightsType;
    /** Running rows and cached prefixes together, in MB. */
    readonly kvPoolMb: number;
  };
  readonly log?: (line: string) => void;
  /** How long `stop` waits for requests under way. */
  readonly drainMs?: number;
  /** Requests wait, the child answers nothing and computes nothing for this long: it is killed and started again. */
  readonly hangMs?: number;
}

/** A model that the child has loaded, or is loading. */
interface Model {
  readonly id: string;
  readonly adapterFolder: string | null;
  readonly prepared: Prepared;
}

interface Call {
  readonly model: Model;
  readonly request: GenerateRequest;
  readonly onToken: GenerateOptions['onToken'];
  readonly resolve: (results: readonly RowResult[]) => void;
  readonly reject: (error: unknown) => void;
  /** Tokens handed on for each row, and how many of a repetition must still be left out. */
  readonly streamed: number[];
  readonly repeated: number[];
  /** How often a child died while this was under way. */
  deaths: number;
}

/** A request that kills three children in a row is given up. */
const mostDeaths = 3;
/** Adapters besides the one in service that stay loaded (the writer, a candidate under evaluation). */
const keptExtras = 1;
const defaultDrainMs = 10_000;
/** The longest chunk of a large model on a slow machine stays well below. */
const defaultHangMs = 60_000;
/** Loading a large base from a slow disk. */
const longestBootMs = 120_000;
const firstRestartMs = 100;
const longestRestartMs = 10_000;
const megabyte = 1024 * 1024;

export function createEngine(options: EngineOptions): Engine {
  const { base, cacheFolder, config, log = () => undefined } = options;
  const hangMs = options.hangMs ?? defaultHangMs;
  const kvBytesLimit = config.kvPoolMb * megabyte;
  const aborting = new AbortController();

  /** In order of use, the most recent last. */
  const models = new Map<string, Model>();
  /** Loads under way or done in the present child. */
  const loads = new Map<string, Promise<void>>();
  const calls = new Map<number, Call>();
  const statsCalls = new Map<number, (stats: WorkerStats) => void>();
  let nextCall = 1;
  let serving: Model | null = null;
  let worker: WorkerProcess | null = null;
  let starting: Promise<void> | null = null;
  let stopping = false;
  let restarts = 0;
  let restartMs = firstRestartMs;
  let booted = false;
  let served = false;
  let lastProgress = Date.now();
  let lastPasses = -1;
  let watchdog: NodeJS.Timeout | undefined;

  const failed = (reason: string, cause?: unknown) => new DocentError('ENGINE_FAILED', { reason }, { cause });
  const stopped = () => failed('it was stopped');
  const progressed = () => {
    lastProgress = Date.now();
  };

  const prepared = async (adapterFolder: string | null): Promise<Model> => {
    const source = { base: base.path, baseSha256: base.sha256, adapterFolder, weights: config.weights, cacheFolder };
    const graph = await prepareGraph(source, aborting.signal);
    // The folder's name is a digest of everything that the graph was made of.
    return { id: dirname(graph.inPlace), adapterFolder, prepared: graph };
  };

  const load = (model: Model): Promise<void> => {
    let loading = loads.get(model.id);
    if (!loading) {
      models.set(model.id, model);
      loading = worker!.load(nextCall++, model.id, model.prepared).then(progressed);
      loads.set(model.id, loading);
      loading.catch(() => {
        if (loads.get(model.id) === loading) loads.delete(model.id);
      });
    }
    return loading;
  };

  /** Frees models that nobody needs: neither in service, nor used lately, nor by a request under way. */
  const retire = (keep = keptExtras) => {
    const used = new Set([...calls.values()].map((call) => call.model.id));
    const extras = [...models.keys()].filter((id) => id !== serving?.id && !used.has(id));
    for (const id of extras.slice(0, Math.max(0, extras.length - keep))) {
      models.delete(id);
      loads.delete(id);
      worker?.send({ type: 'unload', model: id });
    }
  };

  const submit = (id: number, call: Call) => {
    for (const [row, count] of call.streamed.entries()) call.repeated[row] = count;
    progressed();
    const { model, request, onToken } = call;
    worker?.send({ type: 'generate', call: id, model: model.id, request, stream: onToken !== undefined });
  };

  const settle = (id: number): Call | undefined => {
    const call = calls.get(id);
    calls.delete(id);
    return call;
  };

  /** Forks a child, loads what the last one had loaded and asks again what it had not answered. */
  const boot = async (): Promise<void> => {
    const created = createWorkerProcess({
      onToken(id, row, token) {
        progressed();
        const call = calls.get(id);
        if (!call) return;
        if (call.repeated[row]! > 0) {
          call.repeated[row]! -= 1;
          return;
        }
        call.streamed[row]! += 1;
        call.onToken?.(row, token);
      },
      onResult(id, results) {
        progressed();
        restartMs = firstRestartMs;
        settle(id)?.resolve(results);
        retire();
      },
      onFailed(id, error) {
        settle(id)?.reject(error);
      },
      onStats(id, stats) {
        if (stats.passes !== lastPasses) progressed();
        lastPasses = stats.passes;
        statsCalls.get(id)?.(stats);
        statsCalls.delete(id);
      },
      onExit(reason) {
        if (worker !== created || stopping) return;
        worker = null;
        // A first start that fails is the caller's to know; from then on the engine keeps itself alive.
        if (served) died(reason);
      },
    });
    worker = created;
    booted = false;
    loads.clear();
    lastPasses = -1;
    const choice = await created.start({
      runtime: { threads: config.threads, device: config.device, runtime: config.runtime },
      kvBytesLimit,
      cacheFolder,
    });
    log(`model runs ${choice.runtime} on ${choice.device}, ${choice.threads} threads (${choice.reason})`);
    await Promise.all([...models.values()].map(load));
    booted = true;
    served = true;
    progressed();
    for (const [id, call] of calls) submit(id, call);
  };

  const died = (reason: string) => {
    restarts += 1;
    loads.clear();
    for (const resolve of statsCalls.values()) resolve(emptyStats);
    statsCalls.clear();
    for (const [id, call] of [...calls]) {
      call.deaths += 1;
      if (call.deaths >= mostDeaths) settle(id)?.reject(failed(reason));
    }
    const wait = restartMs;
    restartMs = Math.min(restartMs * 2, longestRestartMs);
    log(`the model's process ended (${reason}), starting it again in ${wait} ms`);
    starting = new Promise<void>((resolve) => setTimeout(resolve, wait)).then(async () => {
      if (stopping) throw stopped();
      await boot();
    });
    starting.catch((error) => {
      if (stopping || worker === null) return;
      // The child lives but cannot work: end it and try again later.
      log(`the model could not be started again (${reasonOf(error)})`);
      worker.kill();
    });
  };

  const ready = async (): Promise<void> => {
    for (;;) {
      if (stopping) throw stopped();
      const attempt = starting;
      if (!attempt) throw failed('it was not started');
      try {
        await attempt;
      } catch (error) {
        if (starting === attempt) throw isDocentError(error) ? error : failed(reasonOf(error), error);
      }
      if (starting === attempt && worker) return;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };

  /** The model of an adapter, loaded; it counts as the one used last. */
  const modelOf = async (adapterFolder: string | null): Promise<Model> => {
    const model = await prepared(adapterFolder);
    for (let attempt = 0; ; attempt += 1) {
      await ready();
      try {
        await load(model);
        break;
      } catch (error) {
        // The child may have died meanwhile; a model that cannot be loaded fails again at once.
        if (attempt >= mostDeaths || (isDocentError(error) && error.code !== 'ENGINE_FAILED')) throw error;
      }
    }
    models.delete(model.id);
    models.set(model.id, model);
    return model;
  };

  const watch = () => {
    if (calls.size === 0) progressed();
    else worker?.send({ type: 'stats', call: nextCall++ });
    const patience = booted ? hangMs : Math.max(hangMs, longestBootMs);
    if (calls.size > 0 && Date.now() - lastProgress > patience && worker) {
      log(`the model has computed nothing for ${Math.round(patience / 1000)} s, its process is ended`);
      progressed();
      worker.kill();
    }
  };

  const run = (model: Model, request: GenerateRequest, { signal, onToken }: GenerateOptions) =>
    new Promise<readonly RowResult[]>((resolve, reject) => {
      const id = nextCall++;
      const cancelled = () => reject(new DocentError('CANCELLED'));
      const abort = () => {
        if (!settle(id)) return;
        worker?.send({ type: 'cancel', call: id });
        cancelled();
      };
      if (signal?.aborted) {
        cancelled();
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      const done = () => signal?.removeEventListener('abort', abort);
      const { adapter: _, ...rest } = request;
      const call: Call = {
        model,
        request: rest,
        onToken,
        resolve(results) {
          done();
          resolve(results);
        },
        reject(error) {
          done();
          reject(error);
        },
        streamed: request.rows.map(() => 0),
        repeated: request.rows.map(() => 0),
        deaths: 0,
      };
      calls.set(id, call);
      // Without a child the restart submits it.
      if (loads.has(model.id)) submit(id, call);
    });

  const stop = async () => {
    if (stopping) return;
    stopping = true;
    clearInterval(watchdog);
    aborting.abort();
    const deadline = Date.now() + (options.drainMs ?? defaultDrainMs);
    while (calls.size > 0 && worker && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const id of [...calls.keys()]) settle(id)?.reject(stopped());
    await worker?.stop();
    worker = null;
  };

  const start = async () => {
    try {
      serving = await prepared(options.adapterFolder);
      models.set(serving.id, serving);
      watchdog = setInterval(watch, Math.max(20, hangMs / 4));
      watchdog.unref();
      await boot();
    } catch (error) {
      await stop();
      throw error;
    }
  };

  return {
    start() {
      starting ??= start();
      return starting;
    },
    stop,

    async generate(request, generateOptions = {}) {
      await ready();
      const model = request.adapter === undefined ? serving! : await modelOf(request.adapter);
      return run(model, request, generateOptions);
    },

    async swap(adapterFolder) {
      await ready();
      serving = await modelOf(adapterFolder);
      retire(0);
    },

    async forget() {
      worker?.send({ type: 'forget' });
    },

    async stats(): Promise<EngineStats> {
      await ready();
      const stats = await new Promise<WorkerStats>((resolve) => {
        const id = nextCall++;
        statsCalls.set(id, resolve);
        if (!worker?.send({ type: 'stats', call: id })) resolve(emptyStats);
      });
      const { passes: _, ...counted } = stats;
      const { runtime, device, threads, reason } = worker?.choice() ?? emptyChoice;
      return {
        ...counted,
        runtime,
        device,
        threads,
        choice: reason,
        weights: config.weights,
        base: base.name,
        adapter: serving?.adapterFolder ?? null,
        kvBytesLimit,
        restarts,
      };
    },
  };
}

const emptyStats: WorkerStats = {
  kvBytes: 0,
  cachedPrefixes: 0,
  prefillTokens: 0,
  decodedTokens: 0,
  passes: 0,
  rssBytes: 0,
};
const emptyChoice = { runtime: 'portable', device: 'cpu', threads: 0, reason: 'starting' } as const;
