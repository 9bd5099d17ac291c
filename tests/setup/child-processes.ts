/** The processes that a product under test has started, found by the module that they run. */
import { execFileSync } from 'node:child_process';

/** @param module e.g. `inference/worker` @throws when there is not exactly one, in whatever generation below `parent`. */
export function descendantRunning(parent: number, module: string): number {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!)
    .map(([, pid, ppid, args]) => ({ pid: Number(pid), ppid: Number(ppid), args: args! }));
  const below = (pid: number): typeof rows =>
    rows.filter((row) => row.ppid === pid).flatMap((row) => [row, ...below(row.pid)]);
  const found = below(parent).filter(({ args }) => args.includes(`${module}.`));
  if (found.length !== 1) throw new Error(`${found.length} processes run ${module}`);
  return found[0]!.pid;
}
