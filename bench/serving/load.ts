/**
 * Open-loop load on the whole answer service (search, reading, rows in the database), in one process as it serves:
 * questions come at random (Poisson) whether or not earlier ones are answered. One line for each rate; then fifty
 * questions at once; with --soak, many minutes at one rate and the memory after each.
 *
 *   npx tsx bench/serving/load.ts [--set company] [--rates 0.5,1,2,3] [--seconds 45] [--soak MINUTES] [--learn]
 *
 * --learn: the same with a training run under way.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Answer } from '../../src/answers/contract.ts';
import { seededNumbers } from '../../src/random.ts';
import { openWorkspace, questionsOf } from '../quality/workspace.ts';
import { megabytes } from './memory.ts';

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'company' },
    rates: { type: 'string', default: '0.5,1,2,3' },
    seconds: { type: 'string', default: '45' },
    soak: { type: 'string' },
    learn: { type: 'boolean', default: false },
  },
});
/** Who asks; each has a turn. */
const people = 12;

const { docent, operator, close } = await openWorkspace(values.set);
const answerer = await docent.answerer();
const questions = (await questionsOf(values.set, 'look')).filter(({ thread }) => !thread);
const random = seededNumbers(1);
const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

interface Asked {
  /** Milliseconds. */
  readonly took: number;
  readonly failed: boolean;
}
const ask = async (): Promise<Asked> => {
  const began = performance.now();
  const question = {
    text: pick(questions).question,
    audience: { channelId: null },
    thread: null,
    userId: `u${Math.floor(random() * people)}`,
  };
  const failed = await answerer.ask(question).then(
    (_: Answer) => false,
    () => true,
  );
  return { took: performance.now() - began, failed };
};

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const report = (name: string, asked: readonly Asked[], seconds: number) => {
  const took = asked.map((one) => one.took).sort((a, b) => a - b);
  const failed = asked.filter((one) => one.failed).length;
  const cells = [
    asked.length,
    (asked.length / seconds).toFixed(2),
    ...[0.5, 0.95, 1].map((share) => (at(took, share) / 1000).toFixed(2)),
    failed,
    `${Math.round(delay.percentile(99.9) / 1e6)} / ${Math.round(delay.max / 1e6)}`,
    megabytes(process.pid),
  ];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
  delay.reset();
};

/** Asks at `rate` a second for so long. @returns when all are answered */
const load = async (rate: number, seconds: number): Promise<readonly Asked[]> => {
  const asking: Promise<Asked>[] = [];
  const end = performance.now() + seconds * 1000;
  for (;;) {
    await sleep((-Math.log(1 - random()) / rate) * 1000);
    if (performance.now() >= end) return Promise.all(asking);
    asking.push(ask());
  }
};

console.log(
  '| load | asked | answers/s | p50, s | p95, s | worst, s | failed | event loop p99.9 / worst, ms | memory, MB |',
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');

let learning: Promise<unknown> = Promise.resolve();
if (values.learn) {
  learning = operator.train({ now: true, minutes: 20 }).catch(() => undefined);
  const learner = await docent.learning();
  // It writes its questions first.
  let isOver = false;
  void learning.then(() => (isOver = true));
  while ((await learner.latest())?.progress?.phase !== 'training') {
    if (isOver) throw new Error(`the run ended: ${(await learner.latest())?.result?.reason}`);
    await sleep(2_000);
  }
}
await ask();
for (let i = 0; i < 20; i += 1) await ask();
delay.reset();
const began = performance.now();
const one: Asked[] = [];
for (let i = 0; i < 30; i += 1) one.push(await ask());
report('one after the other', one, (performance.now() - began) / 1000);

for (const rate of values.rates.split(',').filter(Boolean).map(Number)) {
  const since = performance.now();
  const asked = await load(rate, Number(values.seconds));
  report(`${rate} a second`, asked, (performance.now() - since) / 1000);
}
const since = performance.now();
const together = await Promise.all(Array.from({ length: 50 }, ask));
report('50 at once', together, (performance.now() - since) / 1000);

for (let minute = 1; minute <= Number(values.soak ?? 0); minute += 1)
  report(`minute ${minute} of 1 a second`, await load(1, 60), 60);

if (values.learn) {
  const learner = await docent.learning();
  for (const { id } of await learner.underWay()) await learner.cancel(id);
  await learning;
}
await close();
