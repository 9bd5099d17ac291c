/**
 * The C interface of the onnxruntime library that onnxruntime-node ships, called through koffi: what its JavaScript
 * interface lacks is input and output bound to fixed memory, runs on another thread, and ending a run.
 * Header: https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h
 * Knows calls and memory, not models.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type OnnxType, onnxTypes } from '../graph/onnx.ts';

type Pointer = unknown;
type Call = ((...args: unknown[]) => Pointer) & {
  async(...args: [...unknown[], (error: Error | null, result: Pointer) => void]): void;
};

/** The version of the function table that is asked for; all functions used here are older. */
const apiVersion = 22;

/** Place in the function table `OrtApi`, result and arguments. The table only ever grows at its end. */
const functions = {
  getErrorMessage: [2, 'const char *', 'void *'],
  createEnv: [3, 'void *', 'int, const char *, _Out_ void **'],
  createSession: [7, 'void *', 'void *, const char *, void *, _Out_ void **'],
  createSessionOptions: [10, 'void *', '_Out_ void **'],
  setIntraOpThreads: [24, 'void *', 'void *, int'],
  setInterOpThreads: [25, 'void *', 'void *, int'],
  createRunOptions: [39, 'void *', '_Out_ void **'],
  setTerminate: [46, 'void *', 'void *'],
  unsetTerminate: [47, 'void *', 'void *'],
  createTensor: [49, 'void *', 'void *, void *, size_t, const int64_t *, size_t, int, _Out_ void **'],
  createCpuMemoryInfo: [69, 'void *', 'int, int, _Out_ void **'],
  releaseStatus: [93, 'void', 'void *'],
  releaseSession: [95, 'void', 'void *'],
  releaseValue: [96, 'void', 'void *'],
  releaseRunOptions: [97, 'void', 'void *'],
  releaseSessionOptions: [100, 'void', 'void *'],
  runWithBinding: [133, 'void *', 'void *, void *, void *'],
  createBinding: [134, 'void *', 'void *, _Out_ void **'],
  releaseBinding: [135, 'void', 'void *'],
  bindInput: [136, 'void *', 'void *, const char *, void *'],
  bindOutput: [137, 'void *', 'void *, const char *, void *'],
} as const;

const warningsAndWorse = 2;
const deviceAllocator = 0;
const defaultMemory = 0;

export interface OrtTensor {
  readonly value: Pointer;
  /** The tensor is this memory: it must live, and not move, as long as the tensor. */
  readonly data: ArrayBufferView;
}

export interface OrtBinding {
  input(name: string, tensor: OrtTensor): void;
  output(name: string, tensor: OrtTensor): void;
  /** Runs on another thread. Only one run of a session at a time. */
  run(): Promise<void>;
  release(): void;
}

export interface OrtSession {
  bind(): OrtBinding;
  /** Ends the run under way, which then rejects. */
  terminate(): void;
  release(): void;
}

export interface OrtApi {
  readonly version: string;
  /** Opens a model on another thread. */
  openSession(path: string, options: { readonly threads: number }): Promise<OrtSession>;
  /** A tensor over existing memory; `data` must not be a small on-heap array: create it from an ArrayBuffer. */
  tensor(type: OnnxType, data: ArrayBufferView, dims: readonly number[]): OrtTensor;
  releaseTensor(tensor: OrtTensor): void;
}

function libraryFolder(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin', 'napi-v6', process.platform, process.arch);
}

/** Did the operator install what onnxruntime needs for CUDA beside its library? */
export const hasCudaLibraries = (): boolean =>
  existsSync(libraryFolder()) && readdirSync(libraryFolder()).some((name) => name.includes('providers_cuda'));

function libraryPath(): string {
  const folder = libraryFolder();
  const library = readdirSync(folder).find((name) => /^(lib)?onnxruntime\.(so\.\d+|dll|[\d.]*dylib)$/.test(name));
  if (!library) throw new Error(`no onnxruntime library in ${folder}`);
  return join(folder, library);
}

/** @throws Error when koffi or the library cannot be loaded here, or their versions do not fit. */
export function openOrtApi(): OrtApi {
  const require = createRequire(import.meta.url);
  const koffi = require('koffi') as typeof import('koffi');
  const library = koffi.load(libraryPath());
  const pointerBytes = koffi.sizeof('void *');
  const functionAt = (table: Pointer, index: number, result: string, args: string): Call => {
    // koffi wants a name for each prototype, and keeps all names of a process for good.
    const prototype = koffi.proto(`${result} ort_${randomUUID().replaceAll('-', '')}(${args})`);
    return koffi.decode(koffi.decode(table, index * pointerBytes, 'void *'), prototype) as Call;
  };
  const apiBase = library.func('void *OrtGetApiBase()')() as Pointer;
  const table = functionAt(apiBase, 0, 'void *', 'uint32_t')(apiVersion);
  const version = String(functionAt(apiBase, 1, 'const char *', '')());
  const expected = (require('onnxruntime-node/package.json') as { version: string }).version;
  if (!table || version.split('.')[1] !== expected.split('.')[1])
    throw new Error(`the onnxruntime library is ${version}, onnxruntime-node ${expected}`);
  const call = Object.fromEntries(
    Object.entries(functions).map(([name, [index, result, args]]) => [name, functionAt(table, index, result, args)]),
  ) as Record<keyof typeof functions, Call>;

  const check = (status: Pointer): void => {
    if (!status) return;
    const message = String(call.getErrorMessage(status));
    call.releaseStatus(status);
    throw new Error(message);
  };
  /** Calls a function whose last argument receives a pointer. */
  const make = (f: Call, ...args: readonly unknown[]): Pointer => {
    const out: Pointer[] = [null];
    check(f(...args, out));
    return out[0];
  };
  const later = (f: Call, ...args: readonly unknown[]): Promise<void> =>
    new Promise((resolve, reject) => {
      f.async(...args, (error, status) => {
        try {
          if (error) throw error;
          check(status);
          resolve();
        } catch (failure) {
          reject(failure);
        }
      });
    });

  const environment = make(call.createEnv, warningsAndWorse, 'docent');
  const cpu = make(call.createCpuMemoryInfo, deviceAllocator, defaultMemory);
  return {
    version,
    tensor(type, data, dims) {
      const shape = BigInt64Array.from(dims, BigInt);
      const value = make(call.createTensor, cpu, data, data.byteLength, shape, dims.length, onnxTypes[type]);
      return { value, data };
    },
    releaseTensor: ({ value }) => void call.releaseValue(value),
    async openSession(path, { threads }) {
      const options = make(call.createSessionOptions);
      check(call.setIntraOpThreads(options, threads));
      check(call.setInterOpThreads(options, 1));
      const out: Pointer[] = [null];
      try {
        await later(call.createSession, environment, path, options, out);
      } finally {
        call.releaseSessionOptions(options);
      }
      const session = out[0];
      const runOptions = make(call.createRunOptions);
      return {
        terminate: () => check(call.setTerminate(runOptions)),
        release() {
          call.releaseRunOptions(runOptions);
          call.releaseSession(session);
        },
        bind() {
          const binding = make(call.createBinding, session);
          /** Bound memory must not be collected while the binding lives. */
          const kept: OrtTensor[] = [];
          return {
            input(name, tensor) {
              check(call.bindInput(binding, name, tensor.value));
              kept.push(tensor);
            },
            output(name, tensor) {
              check(call.bindOutput(binding, name, tensor.value));
              kept.push(tensor);
            },
            async run() {
              check(call.unsetTerminate(runOptions));
              await later(call.runWithBinding, session, runOptions, binding);
            },
            release() {
              call.releaseBinding(binding);
              kept.length = 0;
            },
          };
        },
      };
    },
  };
}
