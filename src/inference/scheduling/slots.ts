/**
 * Which row has which slot of the arena, and who gets one next: requests take turns. Knows lengths and prefixes, not
 * what is computed.
 */
import type { KvPool } from '../kv-pool.ts';
import type { Arena } from '../runtime/arena.ts';
import { type ActiveRow, type Job, rowLength } from './job.ts';

/** More rows than this gain nothing on CPUs: the multiplications are no longer bound by reading weights. */
const mostSlots = 8;

export interface Slots {
  /** The row in a slot. */
  at(slot: number): ActiveRow | undefined;
  rows(): readonly ActiveRow[];
  free(row: ActiveRow): void;
  /** Gives free slots to waiting rows; what is cached of a row's prefix is copied into its slot. */
  admit(jobs: readonly Job[]): void;
}

export function createSlots(pool: KvPool): Slots {
  const active: (ActiveRow | undefined)[] = [];
  let turn = 0;
  const rows = () => active.filter((row): row is ActiveRow => row !== undefined);

  /** A row whose prefix another row is computing right now waits for it instead of computing it twice. */
  const isComputedElsewhere = (row: ActiveRow): boolean =>
    rows().some(
      (other) =>
        other.job.scheduled.model === row.job.scheduled.model &&
        other.row.prefix.length === row.row.prefix.length &&
        other.position < other.row.prefix.length &&
        other.row.prefix.every((token, i) => token === row.row.prefix[i]),
    );

  const place = (row: ActiveRow, slot: number, arena: Arena) => {
    active[slot] = row;
    row.slot = slot;
    row.position = 0;
    const { prefix } = row.row;
    const found = prefix.length > 0 ? pool.find(row.job.scheduled.model, prefix) : null;
    if (!found) return;
    // At least one token must be fed to get logits.
    const length = Math.min(found.length, row.fedLength - 1);
    arena.restore(slot, found.block, length);
    row.position = length;
    row.cached = length;
  };

  /** The arena for what waits, laid out anew only when nothing runs and the present layout does not do. */
  const arenaFor = (candidates: readonly Job[]): Arena | null => {
    const arena = pool.arena();
    if (rows().length > 0) return arena;
    const waiting = candidates.flatMap((job) => job.waiting.map(rowLength));
    const longest = Math.max(...waiting);
    const cramped = arena !== null && arena.slots < Math.min(mostSlots, waiting.length) && arena.capacity > longest * 2;
    if (arena && arena.capacity >= longest && !cramped) return arena;
    active.length = 0;
    return pool.layOut(longest, mostSlots);
  };

  /** @returns whether a row got a slot */
  const admitOne = (jobs: readonly Job[]): boolean => {
    const candidates = jobs.filter((job) => job.waiting.length > 0);
    if (candidates.length === 0) return false;
    const arena = arenaFor(candidates);
    if (!arena) return false;
    const slot = Array.from({ length: arena.slots }, (_, i) => i).find((i) => active[i] === undefined);
    if (slot === undefined) return false;
    const start = turn % candidates.length;
    const inTurn = [...candidates.slice(start), ...candidates.slice(0, start)];
    // A row that is too long for this layout waits until the others are through; nobody overtakes it for ever.
    if (rowLength(inTurn[0]!.waiting[0]!) > arena.capacity) return false;
    const ready = (row: ActiveRow) => rowLength(row) <= arena.capacity && !isComputedElsewhere(row);
    const job = inTurn.find((candidate) => candidate.waiting.some(ready));
    if (!job) return false;
    const [row] = job.waiting.splice(job.waiting.findIndex(ready), 1) as [ActiveRow];
    place(row, slot, arena);
    turn += 1;
    return true;
  };

  return {
    at: (slot) => active[slot],
    rows,
    free(row) {
      if (row.slot >= 0) active[row.slot] = undefined;
    },
    admit(jobs) {
      while (admitOne(jobs));
    },
  };
}
