/**
 * Which sections are learned from, which choose settings, and which judge: split once, near-duplicates together, so that
 * no candidate is judged on words that it has learned. Knows texts and sides, not questions or models.
 */
import { createHash } from 'node:crypto';
import { wordsOnly } from '../eval/evidence.ts';

export type Side = 'train' | 'dev' | 'gate';

export interface SplitSection {
  readonly id: string;
  readonly text: string;
}

/** Shares of the sections, in per mille, in the order in which a hash falls into them. */
const shares: readonly (readonly [Side, number])[] = [
  ['train', 650],
  ['dev', 100],
  ['gate', 250],
];

/** Words a shingle: long enough that two sections about one topic share few, short enough to survive edits. */
const shingleWords = 4;
/** From this Jaccard similarity of shingles on, or with this much of the shorter one inside the longer, it is the same. */
const [sameFrom, containedFrom] = [0.5, 0.8];
/** So many of the texts that hold a shingle are compared: a footer or a thousand variants of one form cost no more. */
const comparedHolders = 64;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

function shinglesOf(text: string): ReadonlySet<string> {
  const words = text.split(' ');
  const runs = Math.max(1, words.length - shingleWords + 1);
  return new Set(Array.from({ length: runs }, (_, i) => words.slice(i, i + shingleWords).join(' ')));
}

/** Union-find with path halving. */
function createGroups(count: number) {
  const parents = Array.from({ length: count }, (_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  };
  return { find, join: (a: number, b: number) => void (parents[find(a)] = find(b)) };
}

/** Appends to the list of a key. */
function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** Texts, each there once, with those that are nearly the same, directly or through others. */
function clusters(texts: readonly string[]): readonly (readonly string[])[] {
  const groups = createGroups(texts.length);
  const sizes: number[] = [];
  const holders = new Map<string, number[]>();
  for (const [i, text] of texts.entries()) {
    const shingles = shinglesOf(text);
    sizes.push(shingles.size);
    const shared = new Map<number, number>();
    for (const shingle of shingles) {
      const earlier = holders.get(shingle) ?? [];
      for (const other of earlier) shared.set(other, (shared.get(other) ?? 0) + 1);
      if (earlier.length < comparedHolders) push(holders, shingle, i);
    }
    for (const [other, count] of shared) {
      const its = sizes[other]!;
      const jaccard = count / (shingles.size + its - count);
      if (jaccard >= sameFrom || count / Math.min(shingles.size, its) >= containedFrom) groups.join(i, other);
    }
  }
  const byRoot = new Map<number, string[]>();
  for (const [i, text] of texts.entries()) push(byRoot, groups.find(i), text);
  return [...byRoot.values()];
}

/** @param hash hexadecimal. */
function sideOf(hash: string): Side {
  let rest = Number.parseInt(hash.slice(0, 8), 16) % 1000;
  for (const [side, share] of shares) {
    if (rest < share) return side;
    rest -= share;
  }
  return 'train';
}

/**
 * Sides of all sections. One that was on a side stays there, and takes its near-duplicates with it; where an upload joins
 * sections of several sides, all of them are learned from: text that was learned can never judge again.
 *
 * @param known sides given before, by section id, also of sections that have since been replaced by others of the same id.
 * @returns a side for each id, in the order of `sections`; the same for the same texts on every machine.
 */
export function splitSections(
  sections: readonly SplitSection[],
  known: ReadonlyMap<string, Side> = new Map(),
): ReadonlyMap<string, Side> {
  const sides = new Map<string, Side>(sections.map(({ id }) => [id, 'train']));
  // Copies word for word are one text: ten thousand of them are compared with nothing.
  const idsOf = new Map<string, string[]>();
  for (const { id, text } of sections) push(idsOf, wordsOnly(text.normalize('NFKC')), id);
  for (const cluster of clusters([...idsOf.keys()])) {
    const ids = cluster.flatMap((text) => idsOf.get(text)!);
    const before = new Set(ids.flatMap((id) => known.get(id) ?? []));
    const [only] = before;
    const side = before.size > 1 ? 'train' : (only ?? sideOf(cluster.map(digest).sort()[0]!));
    for (const id of ids) sides.set(id, side);
  }
  return sides;
}
