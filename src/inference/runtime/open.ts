/** Chooses how graphs are run here: the fast way where it proves itself, else the portable one, and says why. */
import { availableParallelism } from 'node:os';
import { reasonOf } from '../../errors.ts';
import type { Prepared } from '../graph/prepared.ts';
import { openNative } from './native.ts';
import { hasCudaLibraries, type OrtApi, openOrtApi } from './ort-api.ts';
import { type Device, openPortable } from './portable.ts';
import type { Runtime } from './runtime.ts';
import { prepareTiny, selfTest } from './self-test.ts';

export interface RuntimeConfig {
  /** 0 = one for each core. */
  readonly threads: number;
  readonly device: 'auto' | Device;
  readonly runtime: 'auto' | 'native' | 'portable';
}

export interface RuntimeChoice {
  readonly kind: Runtime['kind'];
  readonly device: Device;
  readonly threads: number;
  /** One line: why these. */
  readonly reason: string;
  /** Opens a prepared graph in the chosen way. */
  open(prepared: Prepared): Promise<Runtime>;
}

/** onnxruntime's reasons begin with the cause and go on with its source files. */
const reasonCharacters = 120;

/**
 * @param cacheFolder where the tiny model of the self-test may be kept.
 * @throws Error when a runtime that was asked for by name does not work here.
 */
export async function chooseRuntime(config: RuntimeConfig, cacheFolder: string): Promise<RuntimeChoice> {
  const threads = config.threads || availableParallelism();
  const tiny = prepareTiny(cacheFolder);
  const portable = (prepared: Prepared, device: Device) =>
    openPortable({ graph: prepared.appended, shape: prepared.shape, threads, device });
  const reference = () => portable(tiny, 'cpu');
  const notes: string[] = [];

  // A GPU is used through onnxruntime-node only; the C interface would need its memory on the device. The cache crosses
  // to main memory at every step, so only a GPU that somebody installed libraries for is tried unasked.
  const unasked: readonly Device[] = hasCudaLibraries() ? ['cuda'] : [];
  const gpus = config.device === 'auto' ? unasked : config.device === 'cpu' ? [] : [config.device];
  for (const device of config.runtime === 'native' ? [] : gpus) {
    try {
      const exact = { ...tiny, appended: tiny.exact };
      await selfTest(await portable(exact, device), await portable(exact, 'cpu'), device);
      await selfTest(await portable(tiny, device), await reference(), 'rough');
      const reason = [`${device}: self-test equals the CPU`, ...notes].join('; ');
      return { kind: 'portable', device, threads, reason, open: (prepared) => portable(prepared, device) };
    } catch (error) {
      notes.push(`${device} does not work here (${reasonOf(error).slice(0, reasonCharacters)})`);
    }
  }

  if (config.runtime !== 'portable') {
    try {
      const api: OrtApi = openOrtApi();
      const native = (prepared: Prepared) =>
        openNative(api, { graph: prepared.inPlace, shape: prepared.shape, threads });
      await selfTest(await native(tiny), await reference());
      const reason = [`native: self-test equals session.run, onnxruntime ${api.version}`, ...notes].join('; ');
      return { kind: 'native', device: 'cpu', threads, reason, open: native };
    } catch (error) {
      if (config.runtime === 'native') throw error;
      notes.unshift(`native does not work here (${reasonOf(error)})`);
    }
  } else notes.unshift('portable as set');
  return {
    kind: 'portable',
    device: 'cpu',
    threads,
    reason: notes.join('; '),
    open: (prepared) => portable(prepared, 'cpu'),
  };
}
