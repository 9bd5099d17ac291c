/**
 * The child process that reads uploads, one at a time. It may be killed at any moment, holds nothing that anybody else
 * needs, and has no database, network or secrets.
 */
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { DocentError, reasonOf } from '../../errors.ts';
import type { ExtractReply, ExtractRequest } from './protocol.ts';
import { readFormat } from './read.ts';

const send = (reply: ExtractReply): void => {
  process.send?.(reply, undefined, undefined, () => undefined);
};

/**
 * A parser in an endless loop never hears that its parent is gone, nor that buffers outside the JavaScript heap grow:
 * a second thread watches both.
 */
const watch = `
const { workerData } = require('node:worker_threads');
const gone = () => { try { process.kill(workerData.parent, 0); return process.ppid !== workerData.parent; } catch { return true; } };
setInterval(() => {
  if (gone() || process.memoryUsage.rss() > workerData.maxRssBytes) process.kill(process.pid, 'SIGKILL');
}, 250);
`;
const maxRssBytes = Number(process.env.DOCENT_EXTRACT_MAX_RSS ?? 0) || Number.POSITIVE_INFINITY;
new Worker(watch, { eval: true, workerData: { parent: process.ppid, maxRssBytes } }).unref();

process.on('message', (request: ExtractRequest) => {
  void (async () => {
    try {
      const bytes = request.bytes ?? (await readFile(request.filePath));
      send({ id: request.id, result: await readFormat({ bytes, name: request.name }) });
    } catch (error) {
      const known =
        error instanceof DocentError
          ? error
          : new DocentError('FILE_DAMAGED', { name: request.name, reason: reasonOf(error) });
      send({ id: request.id, error: { code: known.code, details: known.details } });
    }
  })();
});
process.on('disconnect', () => process.exit(0));
send({ ready: true });
