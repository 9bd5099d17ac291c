/**
 * Joins example files into one shuffled file.
 *
 *   npx tsx training/recipes/mix.ts OUT.jsonl --part GENERAL.jsonl:0.6 --part BUSINESS.jsonl:0.4 [--limit N] [--seed 1]
 *
 * A share is that of contexts in the result. Without `--limit` the result is as long as the parts allow: the one that is
 * shortest for its share is used whole. No context is written twice.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { epochOrder } from '../data/random.ts';
import { shareCounts } from './shares.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    part: { type: 'string', multiple: true, default: [] },
    limit: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
  },
});
const [output] = positionals;
const parts = values.part.map((part) => {
  const at = part.lastIndexOf(':');
  const share = Number(part.slice(at + 1));
  if (at < 1 || !(share > 0)) throw new Error(`--part ${part}: FILE:share, with a share above 0`);
  return { file: part.slice(0, at), share };
});
if (!output || parts.length === 0) throw new Error('usage: mix.ts OUT.jsonl --part FILE:share …');
const seed = Number(values.seed);
const files = parts.map(({ file }) => readFileSync(file, 'utf8').split('\n').filter(Boolean));
const counts = shareCounts(
  files.map((lines, i) => ({ available: lines.length, share: parts[i]!.share })),
  Number(values.limit),
);
const chosen = files.flatMap((lines, i) =>
  epochOrder(lines.length, seed, i + 1)
    .slice(0, counts[i])
    .map((index) => lines[index]!),
);
writeFileSync(
  output,
  epochOrder(chosen.length, seed, 0)
    .map((index) => `${chosen[index]}\n`)
    .join(''),
);
parts.forEach(({ file }, i) => {
  console.error(`${counts[i]} of ${files[i]!.length} contexts of ${file}`);
});
