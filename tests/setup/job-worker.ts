/** A process that works on the queue `work` and writes what it does into a file, until it is killed. */
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { createJobs } from '../../src/jobs/index.ts';
import { openStore } from '../../src/store/index.ts';

const log = pino({ level: 'fatal' });
const note = (line: string): void => appendFileSync(process.env.JOB_FILE!, `${line} ${process.pid}\n`);

const store = await openStore({ config: loadConfig(process.env, tmpdir()), log });
const jobs = createJobs({ store, log });
jobs.define<{ n: number }>(
  'work',
  async ({ n }) => {
    note(`begin ${n}`);
    await sleep(700);
    note(`end ${n}`);
  },
  { concurrency: 2 },
);
await jobs.start();
process.send?.('ready');
