/**
 * Docent's engine against llama.cpp and transformers.js in one run: same weights, same threads. Prints a Markdown table
 * of medians and of ratios. The sides take turns within a round, so that a machine that is busy for a while is busy for all.
 *
 *   npm run build
 *   npx tsx bench/serving/compare.ts --gguf BASE.gguf --llama FOLDER_OF_BINARIES --models FOLDER \
 *     [--transformers FOLDER_OF_NODE_MODULES --onnx FOLDER] [--rounds 5] [--threads 2] [--sides 'docent int8,llama.cpp Q8_0']
 *
 * FOLDER of --models holds Q8_0.gguf and Q4_0.gguf, made by `llama-quantize --allow-requantize`; bench/README.md says
 * how the binaries and the ONNX model are made.
 */
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { llamaCpp } from './sides/llama-cpp.ts';
import { decoded, depth, lineSide, promptTokens, type Side } from './sides/side.ts';

const { values } = parseArgs({
  options: {
    gguf: { type: 'string' },
    llama: { type: 'string' },
    models: { type: 'string', default: '.' },
    transformers: { type: 'string' },
    onnx: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    sides: { type: 'string' },
    cache: { type: 'string', default: join(tmpdir(), 'docent-bench-cache') },
  },
});
const threads = Number(values.threads);
const here = import.meta.dirname;

const docent = (weights: string): Side => {
  const worker = join(here, 'sides', 'docent-worker.ts');
  const args = ['--import', 'tsx', worker, resolve(values.gguf!), weights, values.threads, values.cache];
  return lineSide(`docent ${weights}`, true, process.execPath, args);
};
const transformers = (dtype: string): Side => {
  const worker = join(here, 'sides', 'transformers-worker.mjs');
  const args = [worker, resolve(values.transformers!), resolve(values.onnx!), 'smollm2', dtype, values.threads];
  return lineSide(`transformers.js ${dtype}`, true, process.execPath, args);
};
const llama = (type: string): Side =>
  llamaCpp(`llama.cpp ${type}`, resolve(values.llama!), join(resolve(values.models), `${type}.gguf`), threads);

const all: readonly Side[] = [
  docent('int8'),
  ...(values.llama ? [llama('Q8_0')] : []),
  docent('int4'),
  ...(values.llama ? [llama('Q4_0')] : []),
  ...(values.transformers ? [transformers('q4')] : []),
];
const wanted = values.sides?.split(',');
const sides = all.filter(({ name }) => !wanted || wanted.includes(name));

interface Measure {
  readonly name: string;
  /** Larger is better for speeds, smaller for times and memory. */
  readonly better: 'more' | 'less';
  readonly take: (side: Side) => Promise<number | null>;
}
const measures: readonly Measure[] = [
  { name: `prefill of ${promptTokens}, tokens/s`, better: 'more', take: (side) => side.prefill() },
  ...[1, 4, 8, 16].map(
    (batch): Measure => ({
      name: `decode of ${decoded} behind ${depth}, batch ${batch}, tokens/s`,
      better: 'more',
      take: (side) => side.decode(batch),
    }),
  ),
  { name: `first token behind ${depth} new ones, ms`, better: 'less', take: (side) => side.firstToken() },
  { name: 'memory after batches, MB', better: 'less', take: (side) => side.memory() },
  { name: 'start to first token, s', better: 'less', take: (side) => side.start() },
];

const median = (list: readonly number[]): number => {
  const sorted = list.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};
const taken = new Map<string, number[]>();
const add = (side: Side, measure: Measure, value: number | null) => {
  if (value === null) return;
  const key = `${side.name} ${measure.name}`;
  taken.set(key, [...(taken.get(key) ?? []), value]);
  console.error(`${side.name}: ${measure.name} ${value.toPrecision(4)}`);
};

// Graphs are prepared and files read before anything counts.
for (const side of sides) await side.start();
const load: number[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  load.push(loadavg()[0]!);
  // In turn from the front and from the back, so that nobody always runs behind the same neighbour.
  const order = round % 2 === 0 ? sides : sides.toReversed();
  for (const measure of measures) for (const side of order) add(side, measure, await measure.take(side));
}
for (const side of sides) await side.stop();

const medianOf = (side: Side, { name }: Measure): number | null => {
  const list = taken.get(`${side.name} ${name}`);
  return list ? median(list) : null;
};
const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
/** How many times better the first is than the second. */
const ratio = (first: Side | undefined, second: Side | undefined, measure: Measure): string => {
  const [a, b] = [first && medianOf(first, measure), second && medianOf(second, measure)];
  if (!a || !b) return '–';
  return (measure.better === 'more' ? a / b : b / a).toFixed(2);
};
const named = (name: string) => sides.find((side) => side.name === name);
const pairs = [
  ['docent int8', 'llama.cpp Q8_0'],
  ['docent int4', 'llama.cpp Q4_0'],
  ['docent int4', 'transformers.js q4'],
].filter(([a, b]) => named(a!) && named(b!)) as [string, string][];
const row = (cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`);
row(['', ...sides.map(({ name }) => name), ...pairs.map(([a, b]) => `${a} ÷ ${b}`)]);
row(['---', ...sides.map(() => '---:'), ...pairs.map(() => '---:')]);
for (const measure of measures)
  row([
    measure.name,
    ...sides.map((side) => {
      const value = medianOf(side, measure);
      return value === null ? '–' : round(value);
    }),
    ...pairs.map(([a, b]) => ratio(named(a), named(b), measure)),
  ]);
console.log(
  `\n${values.rounds} rounds, medians, ${threads} threads; ratios above 1 are in Docent's favour. ` +
    `Load average at the start of the rounds: ${load.map((value) => value.toFixed(1)).join(', ')}.`,
);
