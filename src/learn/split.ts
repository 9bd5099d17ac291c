/**
 * Which sections are learned from, which choose settings, and which judge: split once, near-duplicates together, so that
 * no candidate is judged on words that it has learned. Knows texts and sides, not questions or models.
 */
import { createHash } from 'node:crypto';

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
/** A shingle in more sections than this is a letterhead or a footer and says nothing about sameness. */
const boilerplateFrom = 64;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const wordsOf = (text: string): readonly string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

function shinglesOf(words: readonly string[]): ReadonlySet<string> {
  if (words.length <= shingleWords) return new Set([words.join(' ')]);
  const shingles = new Set<string>();
  for (let i = 0; i + shingleWords <= words.length; i += 1) shingles.add(words.slice(i, i + shingleWords).join(' '));
  return shingles;
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

/** Indices of texts that are near-duplicates, directly or through others; every text is in one cluster. */
function clusters(texts: readonly string[]): readonly (readonly number[])[] {
  const words = texts.map(wordsOf);
  // Copies word for word are one text: ten thousand of them must not be compared with one another.
  const firstOf = new Map<string, number>();
  const groups = createGroups(texts.length);
  const distinct: number[] = [];
  for (const [i, list] of words.entries()) {
    const key = digest(list.join(' '));
    const first = firstOf.get(key);
    if (first === undefined) {
      firstOf.set(key, i);
      distinct.push(i);
    } else groups.join(i, first);
  }
  const shingles = new Map(distinct.map((i) => [i, shinglesOf(words[i]!)]));
  const holders = new Map<string, number[]>();
  for (const [i, set] of shingles)
    for (const shingle of set) {
      const list = holders.get(shingle);
      if (list) list.push(i);
      else holders.set(shingle, [i]);
    }
  for (const [i, set] of shingles) {
    const shared = new Map<number, number>();
    for (const shingle of set) {
      const list = holders.get(shingle)!;
      if (list.length > boilerplateFrom) continue;
      for (const other of list) if (other < i) shared.set(other, (shared.get(other) ?? 0) + 1);
    }
    for (const [other, count] of shared) {
      const [own, its] = [set.size, shingles.get(other)!.size];
      if (count / (own + its - count) >= sameFrom || count / Math.min(own, its) >= containedFrom) groups.join(i, other);
    }
  }
  const byRoot = new Map<number, number[]>();
  for (const i of texts.keys()) {
    const root = groups.find(i);
    const list = byRoot.get(root);
    if (list) list.push(i);
    else byRoot.set(root, [i]);
  }
  return [...byRoot.values()];
}

function sideOf(key: string): Side {
  let rest = Number.parseInt(digest(key).slice(0, 8), 16) % 1000;
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
  for (const cluster of clusters(sections.map(({ text }) => text))) {
    const members = cluster.map((i) => sections[i]!);
    const before = new Set(members.flatMap(({ id }) => known.get(id) ?? []));
    const [only] = before;
    const first = members.map(({ text }) => digest(wordsOf(text).join(' '))).sort()[0]!;
    const side = before.size > 1 ? 'train' : (only ?? sideOf(first));
    for (const { id } of members) sides.set(id, side);
  }
  return sides;
}
