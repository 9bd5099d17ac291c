// `npm test`: runs vitest and ends with one line that counts. Needs no account, no GPU, no network beyond the registries.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'docent-report-'));
const report = join(folder, 'report.json');
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const run = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
let line = '0 passed, 1 failed';
let failed = 1;
try {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  // A file that does not load has no tests to count, but failed all the same.
  const broken = result.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  failed = result.numFailedTests + broken;
  if (run.status !== 0 && failed === 0) failed = 1;
  const skipped = result.numPendingTests + result.numTodoTests;
  line = `${result.numPassedTests} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
} catch {
  console.error('vitest left no report');
}
rmSync(folder, { recursive: true, force: true });
console.log(line);
process.exitCode = failed === 0 ? 0 : 1;
