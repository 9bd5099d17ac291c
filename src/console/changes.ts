/** Turns "read the record" into a stream of its changes. Knows time and equality, not where records lie. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentRecord } from './contract.ts';

const same = (a: DocumentRecord | undefined, b: DocumentRecord): boolean =>
  a !== undefined && a.status === b.status && a.sections === b.sections && a.passages === b.passages;

/**
 * Yields what `read` returns, now and whenever it differs, until it is final or `signal` aborts.
 * @param everyMs Pause between reads. 250 ms is below what a person notices and four small queries a second.
 */
export async function* pollChanges(
  read: () => Promise<DocumentRecord>,
  signal: AbortSignal,
  everyMs = 250,
): AsyncGenerator<DocumentRecord> {
  let last: DocumentRecord | undefined;
  while (!signal.aborted) {
    const record = await read();
    if (!same(last, record)) yield (last = record);
    if (record.status !== 'received') return;
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}
