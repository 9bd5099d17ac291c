/**
 * The memory of all attention caches: one arena for running rows, and blocks of prefixes that were read before, both
 * within one limit. The least recently used prefixes go first. Knows token ids, not their text.
 */
import { createHash } from 'node:crypto';
import type { DecoderShape } from './graph/decoder.ts';
import { type Arena, bytesPerToken, createArena, type KvBlock } from './runtime/arena.ts';

export interface KvPool {
  /** Longest row that fits, in tokens. */
  readonly longestRow: number;
  /** The arena as it is laid out now; null before the first row. */
  arena(): Arena | null;
  /** Lays the arena out anew for rows of up to `length` tokens, as many as fit, at most `wanted`. Drops what was in it. */
  layOut(length: number, wanted: number): Arena;
  /** The block with the longest beginning in common with `prefix`, and how many tokens of it can be used. */
  find(model: string, prefix: Int32Array): { readonly block: KvBlock; readonly length: number } | null;
  /** Does the pool hold exactly this prefix? */
  has(model: string, prefix: Int32Array): boolean;
  store(model: string, prefix: Int32Array, block: KvBlock): void;
  /** Drops the prefixes of one model, or all. */
  forget(model?: string): void;
  bytes(): number;
  prefixes(): number;
}

interface Entry {
  readonly model: string;
  readonly prefix: Int32Array;
  readonly block: KvBlock;
  readonly bytes: number;
}

/** Row lengths are rounded up to this, so that similar requests share a layout. */
const rowGranularity = 64;
/** Running rows may take this part of the pool when several are to run; a single long row may take it all. */
const arenaShare = 0.5;
/** Copying less than this out of another prefix is not worth it. */
const leastShared = 16;

const keyOf = (model: string, prefix: Int32Array): string =>
  createHash('sha256')
    .update(model)
    .update('\n')
    .update(new Uint8Array(prefix.buffer, prefix.byteOffset, prefix.byteLength))
    .digest('base64');

const sharedLength = (a: Int32Array, b: Int32Array): number => {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length += 1;
  return length;
};

export function createKvPool(shape: DecoderShape, limitBytes: number): KvPool {
  const tokenBytes = bytesPerToken(shape);
  /** In order of use, the most recent last. */
  const entries = new Map<string, Entry>();
  let blockBytes = 0;
  let arena: Arena | null = null;

  const drop = (key: string, entry: Entry) => {
    entries.delete(key);
    blockBytes -= entry.bytes;
  };
  const makeRoom = (bytes: number) => {
    for (const [key, entry] of entries) {
      if (blockBytes + (arena?.bytes ?? 0) + bytes <= limitBytes) return;
      drop(key, entry);
    }
  };
  const touch = (key: string, entry: Entry) => {
    entries.delete(key);
    entries.set(key, entry);
  };

  return {
    longestRow: Math.min(shape.positions, Math.floor(limitBytes / tokenBytes)),
    arena: () => arena,
    layOut(length, wanted) {
      const rounded = Math.ceil(length / rowGranularity) * rowGranularity;
      const capacity = Math.min(rounded, Math.max(length, Math.floor(limitBytes / tokenBytes)));
      const fitting = Math.floor((limitBytes * arenaShare) / (capacity * tokenBytes));
      const slots = Math.max(1, Math.min(wanted, fitting));
      if (arena?.slots === slots && arena.capacity === capacity) return arena;
      arena = null;
      makeRoom(slots * capacity * tokenBytes);
      arena = createArena(shape, slots, capacity);
      return arena;
    },
    find(model, prefix) {
      const key = keyOf(model, prefix);
      const exact = entries.get(key);
      if (exact) {
        touch(key, exact);
        return { block: exact.block, length: prefix.length };
      }
      let best: { key: string; entry: Entry; length: number } | null = null;
      for (const [otherKey, entry] of entries) {
        if (entry.model !== model) continue;
        const length = sharedLength(entry.prefix, prefix);
        if (length >= leastShared && length > (best?.length ?? 0)) best = { key: otherKey, entry, length };
      }
      if (!best) return null;
      touch(best.key, best.entry);
      return { block: best.entry.block, length: best.length };
    },
    has: (model, prefix) => entries.has(keyOf(model, prefix)),
    store(model, prefix, block) {
      const bytes = block.data.byteLength;
      if (bytes + (arena?.bytes ?? 0) > limitBytes) return;
      const key = keyOf(model, prefix);
      const old = entries.get(key);
      if (old) drop(key, old);
      makeRoom(bytes);
      entries.set(key, { model, prefix: prefix.slice(), block, bytes });
      blockBytes += bytes;
    },
    forget(model) {
      for (const [key, entry] of entries) if (model === undefined || entry.model === model) drop(key, entry);
    },
    bytes: () => blockBytes + (arena?.bytes ?? 0),
    prefixes: () => entries.size,
  };
}
