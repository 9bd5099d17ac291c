/** Memory of a process and everything below it: proportional set sizes, so shared pages count once. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Megabytes that the processes under `root` hold now, itself included. */
export function megabytes(root: number): number {
  const parents = new Map<number, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, parent] = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      parents.set(Number(pid), Number(parent));
    } catch {} // gone meanwhile
  }
  const below = (pid: number): boolean => pid === root || (parents.has(pid) && below(parents.get(pid)!));
  let kilobytes = 0;
  for (const pid of parents.keys())
    if (below(pid))
      try {
        kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
      } catch {}
  return Math.round(kilobytes / 1024);
}
