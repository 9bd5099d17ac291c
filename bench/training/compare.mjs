// Docent against PyTorch + PEFT in one run: same rows, order, optimizer, rate and threads. Prints a Markdown table.
//
//   npx tsx bench/training/prepared-rows.ts EXAMPLES.jsonl BASE.gguf ROWS.jsonl
//   node bench/training/compare.mjs ROWS.jsonl --gguf BASE.gguf --base BASE_FOLDER --python PYTHON [--steps 6] [--rounds 2]
//
//   … --dev DEV_ROWS.jsonl [--save-every 5]: also the loss on held-out rows by seconds of training, in floats for all sides
//
// Sides take turns, so that a machine that is busy for a while is busy for all; the fastest steps are compared.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    recompute: { type: 'string', default: 'cheap' },
    dev: { type: 'string' },
    'save-every': { type: 'string', default: '5' },
    sides: { type: 'string', default: 'docent f32,docent int8,peft fp32,peft bf16' },
  },
});
const rows = positionals[0];
const common = [rows, '--init', values.init, '--steps', values.steps, '--lr', values.lr, '--threads', '2'];
const docent = (frozen) => [
  process.execPath,
  [
    '--import',
    'tsx',
    'bench/training/docent_worker.ts',
    ...common,
    '--base',
    values.gguf,
    '--frozen',
    frozen,
    '--recompute',
    values.recompute,
  ],
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

const scratch = mkdtempSync(join(tmpdir(), 'docent-compare-'));
const folderOf = (name, round) => join(scratch, `${name.replace(' ', '-')}-${round}`);
const lines = (stdout) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
const spawned = (name, file, args) => {
  const { stdout, stderr, status } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name}: ${stderr.slice(-2000)}`);
  return lines(stdout);
};

const sides = values.sides
  .split(',')
  .map((name) => ({ name, command: commands[name], runs: [], steps: [], losses: [], peak: 0 }));
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const side of sides) {
    const [file, args] = side.command;
    const saving = values.dev ? ['--save-every', values['save-every'], '--out', folderOf(side.name, round)] : [];
    const steps = spawned(side.name, file, [...args, ...saving]);
    // The first step builds graphs, or compiles.
    side.runs.push(steps);
    side.steps.push(...steps.slice(1).map(({ tokens, seconds }) => tokens / seconds));
    side.losses = steps.map(({ loss }) => loss);
    side.peak = Math.max(side.peak, ...steps.map(({ peak_mb }) => peak_mb));
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

if (values.dev) {
  const every = Number(values['save-every']);
  const at = Array.from({ length: Math.floor(Number(values.steps) / every) }, (_, i) => (i + 1) * every);
  console.log(`\n| side | ${at.map((step) => `after ${step} steps: seconds, loss`).join(' | ')} |`);
  console.log(`|---|${at.map(() => '---:|').join('')}`);
  for (const side of sides) {
    const folders = at.map((step) => join(folderOf(side.name, 0), `step-${step}`));
    const scorer = ['--import', 'tsx', 'bench/training/score_adapters.ts', values.dev, '--base', values.gguf];
    const scores = spawned(side.name, process.execPath, [...scorer, ...folders]);
    // The first step builds graphs: a step of the mean length stands for it.
    const [, ...timed] = side.runs[0];
    const mean = timed.reduce((sum, { seconds }) => sum + seconds, 0) / timed.length;
    const cells = at.map((step, i) => {
      const seconds = mean + timed.slice(0, step - 1).reduce((sum, each) => sum + each.seconds, 0);
      return `${seconds.toFixed(0)} s, ${scores[i].loss.toFixed(4)}`;
    });
    console.log(`| ${side.name} | ${cells.join(' | ')} |`);
  }
}
rmSync(scratch, { recursive: true, force: true });
