/**
 * Joins example files into one: so many lines of each, taken at random.
 *
 *   npx tsx training/recipes/mix.ts OUT.jsonl FILE:LINES [FILE:LINES …] [--seed 1]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from './business/random.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' } },
});
const [output, ...parts] = positionals;
if (!output || parts.length === 0) throw new Error('usage: mix.ts OUT.jsonl FILE:LINES …');
const random = createRandom(Number(values.seed));
const lines = parts.flatMap((part) => {
  const [, file, count] = /^(.+):(\d+)$/.exec(part) ?? [];
  if (!file) throw new Error(`${part} is not FILE:LINES`);
  const all = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  if (all.length < Number(count)) throw new Error(`${file} has ${all.length} lines, not ${count}`);
  return random.shuffled(all).slice(0, Number(count));
});
writeFileSync(output, `${random.shuffled(lines).join('\n')}\n`);
console.error(`${lines.length} lines`);
