// Docent against PyTorch + PEFT in one run: same rows, order, optimizer, rate and threads. Prints a Markdown table.
//
//   npx tsx bench/training/prepared-rows.ts EXAMPLES.jsonl BASE.gguf ROWS.jsonl
//   node bench/training/compare.mjs ROWS.jsonl --gguf BASE.gguf --base BASE_FOLDER --python PYTHON [--steps 6] [--rounds 2]
//
// Sides take turns, so that a machine that is busy for a while is busy for all; the fastest steps are compared.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gguf: { type: 'string' },
    base: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    init: { type: 'string', default: 'models/reader' },
    steps: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '2' },
    lr: { type: 'string', default: '3e-4' },
    sides: { type: 'string', default: 'docent f32,docent int8,peft fp32,peft bf16' },
  },
});
const rows = positionals[0];
const common = [rows, '--init', values.init, '--steps', values.steps, '--lr', values.lr, '--threads', '2'];
const allocator = { MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '8589934592' };
const docent = (frozen) => [
  process.execPath,
  ['--import', 'tsx', 'bench/training/docent_worker.ts', ...common, '--base', values.gguf, '--frozen', frozen],
];
const peft = (dtype) => [
  values.python,
  ['bench/training/peft_worker.py', ...common, '--base', values.base, '--dtype', dtype],
];
const commands = {
  'docent f32': docent('f32'),
  'docent int8': docent('int8'),
  'peft fp32': peft('fp32'),
  'peft bf16': peft('bf16'),
};

const sides = values.sides
  .split(',')
  .map((name) => ({ name, command: commands[name], steps: [], losses: [], peak: 0 }));
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const side of sides) {
    const [file, args] = side.command;
    const { stdout, stderr, status } = spawnSync(file, args, {
      encoding: 'utf8',
      env: { ...process.env, ...allocator },
    });
    if (status !== 0) throw new Error(`${side.name}: ${stderr.slice(-2000)}`);
    const lines = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    // The first step builds graphs, or compiles.
    side.steps.push(...lines.slice(1).map(({ tokens, seconds }) => tokens / seconds));
    side.losses = lines.map(({ loss }) => loss);
    side.peak = Math.max(side.peak, ...lines.map(({ peak_mb }) => peak_mb));
    console.error(round, side.name, side.steps.at(-1).toFixed(0), 'tokens/s');
  }
const speed = (side) => side.steps.toSorted((a, b) => b - a)[Math.floor(side.steps.length / 4)];
const reference = sides.find(({ name }) => name === 'peft fp32') ?? sides[0];
console.log(
  '| side | tokens/s (upper quartile) | against PEFT fp32 | peak memory, MB | loss of the last step |\n|---|---:|---:|---:|---:|',
);
for (const side of sides)
  console.log(
    `| ${side.name} | ${speed(side).toFixed(0)} | ${(speed(side) / speed(reference)).toFixed(2)} | ${side.peak} | ${side.losses.at(-1).toFixed(4)} |`,
  );
