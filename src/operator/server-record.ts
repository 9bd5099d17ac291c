/** `$DOCENT_HOME/server.json` (0600): how commands find the running server of a home. */
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({ pid: z.number().int(), url: z.string(), secret: z.string() });

export type ServerRecord = z.infer<typeof schema>;

const pathIn = (home: string): string => join(home, 'server.json');

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

export async function writeServerRecord(home: string, record: ServerRecord): Promise<void> {
  const scratch = `${pathIn(home)}.${record.pid}`;
  await writeFile(scratch, JSON.stringify(record), { mode: 0o600 });
  await rename(scratch, pathIn(home));
}

/** Removes the record if it is still ours. */
export async function removeServerRecord(home: string): Promise<void> {
  const text = await readFile(pathIn(home), 'utf8').catch(() => '{}');
  if ((JSON.parse(text) as Partial<ServerRecord>).pid === process.pid) await rm(pathIn(home), { force: true });
}

/** The running server, or null. A record of a process that is gone, or that does not answer to it, counts as none. */
export async function findServer(home: string): Promise<ServerRecord | null> {
  let record: ServerRecord;
  try {
    record = schema.parse(JSON.parse(readFileSync(pathIn(home), 'utf8')));
  } catch {
    return null;
  }
  if (!isAlive(record.pid)) return null;
  try {
    const response = await fetch(`${record.url}/operator/ping`, {
      method: 'POST',
      headers: { authorization: `Bearer ${record.secret}`, 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(2_000),
    });
    return response.ok ? record : null;
  } catch {
    return null;
  }
}
