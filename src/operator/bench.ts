/** `docent bench`: what this machine does per second, answering and training, with the models that are in service. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, Row, Tokenizer } from '../inference/contract.ts';
import { startTraining } from '../learn/training-process.ts';
import type { Base } from '../registry/bases.ts';

export interface BenchReport {
  readonly base: string;
  readonly runtime: string;
  readonly device: string;
  readonly threads: number;
  readonly weights: string;
  readonly prefill_tokens_per_second: number;
  readonly decode_tokens_per_second: number;
  /** Eight rows at once, together. */
  readonly batch8_decode_tokens_per_second: number;
  /** Of a question behind a passage that was read before, and of one that was not. */
  readonly first_token_cached_ms: number;
  readonly first_token_cold_ms: number;
  readonly training: {
    readonly device: string;
    readonly frozen: string;
    readonly tokens_per_second: number;
    readonly tokens: number;
    readonly steps: number;
    readonly seconds: number;
  };
  readonly memory_mb: number;
}

const passageTokens = 256;
const questionTokens = 24;
const decodedTokens = 48;
const rounds = 3;
/** Three steps of eight rows; the first one also builds the graphs, and does not count. */
const trainingTokens = 9_000;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const rounded = (value: number): number => Math.round(value * 10) / 10;

const text =
  'Employees who work at least twenty hours a week accrue two days of paid leave for every month of service, up to ' +
  'twenty-five days in a calendar year. Unused days lapse on 31 March of the following year unless the manager agrees. ';

async function measureInference(engine: Engine, tokenizer: Tokenizer) {
  const words = [...tokenizer.encode(text.repeat(20))];
  let salt = 0;
  /** Never seen before: nothing of it is cached. */
  const prefix = () => {
    salt += 1;
    return Int32Array.from([...tokenizer.encode(`Passage ${salt}: `), ...words.slice(0, passageTokens)]);
  };
  const suffix = Int32Array.from(words.slice(passageTokens, passageTokens + questionTokens));
  const time = async (rows: readonly Row[], maxTokens: number) => {
    let first = 0;
    const began = performance.now();
    const onToken = () => {
      first ||= performance.now() - began;
    };
    const results = await engine.generate({ rows, maxTokens, stop: [] }, { onToken });
    const ms = performance.now() - began;
    return { ms, first: first || ms, tokens: results.reduce((sum, { tokens }) => sum + tokens.length, 0) };
  };
  await time([{ prefix: prefix(), suffix }], 4);
  const [cold, warm, decode, batch] = [[], [], [], []] as [number[], number[], number[], number[]];
  for (let round = 0; round < rounds; round += 1) {
    const row = { prefix: prefix(), suffix };
    cold.push((await time([row], 1)).first);
    const short = await time([row], 1);
    warm.push(short.first);
    const long = await time([row], decodedTokens);
    decode.push(((long.tokens - 1) * 1000) / (long.ms - short.ms));
    const rows = Array.from({ length: 8 }, () => row);
    const [shortBatch, longBatch] = [await time(rows, 1), await time(rows, decodedTokens)];
    batch.push(((longBatch.tokens - 8) * 1000) / (longBatch.ms - shortBatch.ms));
  }
  return {
    prefill_tokens_per_second: rounded(((passageTokens + questionTokens) * 1000) / median(cold)),
    decode_tokens_per_second: rounded(median(decode)),
    batch8_decode_tokens_per_second: rounded(median(batch)),
    first_token_cached_ms: rounded(median(warm)),
    first_token_cold_ms: rounded(median(cold)),
  };
}

async function measureTraining(base: Base, threads: number): Promise<BenchReport['training']> {
  const folder = mkdtempSync(join(tmpdir(), 'docent-bench-'));
  try {
    const passage = text.repeat(4);
    const at = passage.indexOf('twenty-five days');
    const question = (words: string) => ({
      question: words,
      form: 'span',
      spans: [[at, at + 'twenty-five days'.length]],
    });
    const questions = Array.from({ length: 7 }, (_, i) =>
      question(`How many days of leave are there at most in year ${i}?`),
    );
    const example = { pieces: [{ text: passage, start: 0, end: passage.length }], questions };
    const examples = join(folder, 'examples.jsonl');
    writeFileSync(examples, JSON.stringify(example));
    const settings = {
      base: { path: base.path, name: base.name, sha256: base.sha256 },
      examples,
      output: join(folder, 'run'),
      frozen: 'int8',
      tokens: trainingTokens,
      threads,
    };
    let started = { device: '', frozen: '' };
    const steps: { readonly tokens: number; readonly at: number }[] = [];
    const { done } = startTraining(settings, folder, (event) => {
      if (event.type === 'start') started = event;
      if (event.type === 'step') steps.push({ tokens: event.tokens, at: performance.now() });
    });
    await done;
    const [first, last] = [steps[0]!, steps.at(-1)!];
    const [tokens, seconds] = [last.tokens - first.tokens, (last.at - first.at) / 1000];
    return {
      device: started.device,
      frozen: started.frozen,
      tokens_per_second: rounded(tokens / seconds),
      tokens,
      steps: steps.length - 1,
      seconds: rounded(seconds),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function bench(deps: {
  readonly base: () => Promise<Base>;
  readonly engine: () => Promise<Engine>;
  readonly tokenizer: () => Promise<Tokenizer>;
  readonly threads: number;
}): Promise<BenchReport> {
  const [base, engine, tokenizer] = await Promise.all([deps.base(), deps.engine(), deps.tokenizer()]);
  const inference = await measureInference(engine, tokenizer);
  const { runtime, device, threads, weights, rssBytes } = await engine.stats();
  const training = await measureTraining(base, deps.threads);
  return {
    base: base.name,
    runtime,
    device,
    threads,
    weights,
    ...inference,
    training,
    memory_mb: Math.round(rssBytes / 1024 / 1024),
  };
}
