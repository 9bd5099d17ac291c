/**
 * A newcomer's first minutes, measured: start in an empty home, three files of different types through the page in a real
 * browser, the questions of those files, a follow-up, a question that nothing answers; then a second start. The model is
 * taken from DOCENT_MODELS_DIR where it is set, else fetched, which then counts.
 *
 *   npx tsx bench/serving/newcomer.ts [--folder CLONE] [--screenshots FOLDER]
 *
 * Prints one JSON line. Memory is the sum of the processes' proportional set sizes (shared pages once), Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answers, ask, launch, notFound, openPage } from '../../tests/web-scenarios.ts';
import { megabytes } from './memory.ts';

const { values } = parseArgs({
  options: { folder: { type: 'string', default: '.' }, screenshots: { type: 'string' } },
});
const folder = resolve(values.folder);
const fixtures = resolve(import.meta.dirname, '../../tests/fixtures/eval/handbooks');
const files = ['health-benefits.md', 'employment-south-africa.pdf', 'parental-leave.docx'];
const home = mkdtempSync(join(tmpdir(), 'docent-newcomer-'));
const port = '8791';

interface Line {
  readonly question: string;
  readonly impossible: boolean;
  readonly doc?: string;
}
const questions = readFileSync(join(fixtures, 'look.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);
const answerable = questions.filter(({ doc }) => doc && files.includes(doc));
const asked = files.flatMap((file) => answerable.filter(({ doc }) => doc === file).slice(0, 4));
const unanswerable = questions.find(({ impossible }) => impossible)!;

async function start(): Promise<{ readonly server: ChildProcess; readonly seconds: number }> {
  const began = performance.now();
  const server = spawn(process.execPath, ['dist/src/cli.js', 'start'], {
    cwd: folder,
    env: { ...process.env, DOCENT_HOME: home, DOCENT_PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Read to the end: a closed pipe would end the server.
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stdout!.on('data', (chunk: Buffer) => {
      said += chunk;
      if (/Docent is ready/.test(said)) resolve();
    });
    server.once('exit', () => reject(new Error(`it did not start: ${said}`)));
  });
  return { server, seconds: Math.round((performance.now() - began) / 100) / 10 };
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1]!;

const first = await start();
let most = 0;
const watch = setInterval(() => {
  most = Math.max(most, megabytes(first.server.pid!));
}, 500);
const browser = await launch();
const { page, complaints } = await openPage(await browser.newContext(), `http://127.0.0.1:${port}`);
const screenshot = async (name: string) => {
  if (values.screenshots) await page.screenshot({ path: join(values.screenshots, `${name}.png`), fullPage: true });
};
await screenshot('empty');
const uploading = performance.now();
await page
  .locator('input[type=file]')
  .first()
  .setInputFiles(files.map((file) => join(fixtures, 'documents', file)));
const learned = page.getByLabel('Uploads').getByText(/^Learned \d+ section/);
while ((await learned.count()) < files.length) await sleep(50);
const learnedSeconds = (performance.now() - uploading) / 1000;
const milliseconds: number[] = [];
const outcomes: string[] = [];
const put = async (question: string) => {
  const before = (await answers(page).count()) + (await notFound(page).count());
  const began = performance.now();
  await ask(page, question);
  while ((await answers(page).count()) + (await notFound(page).count()) === before) await sleep(10);
  milliseconds.push(performance.now() - began);
};
for (const { question } of asked) {
  await put(question);
  outcomes.push(`${question} → ${(await answers(page).last().innerText()).split('\n')[0]}`);
}
await put('And for adopting a child?');
await put(unanswerable.question);
const refused = (await notFound(page).count()) > 0;
await screenshot('asked');
await browser.close();
clearInterval(watch);
first.server.kill('SIGTERM');
await once(first.server, 'exit');
const second = await start();
second.server.kill('SIGTERM');
await once(second.server, 'exit');
rmSync(home, { recursive: true, force: true });
for (const outcome of outcomes) console.error(outcome);
console.log(
  JSON.stringify({
    first_start_s: first.seconds,
    second_start_s: second.seconds,
    learned_three_files_s: Math.round(learnedSeconds * 10) / 10,
    answer_p50_ms: Math.round(median(milliseconds)),
    answer_worst_ms: Math.round(Math.max(...milliseconds)),
    questions: milliseconds.length,
    unanswerable_refused: refused,
    memory_peak_mb: most,
    browser_complaints: complaints,
  }),
);
