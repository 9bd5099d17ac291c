/** BM25 among a few passages, without a database: which would a search put beside the right one? */

import { contentWords } from '../../../src/learn/rules/words.ts';
import { bm25 } from '../../../src/retrieval/lexical.ts';

const { k1, b } = bm25;

export interface Similarity {
  /** Indices of the passages that share a word with the text, best first. */
  ranked(text: string): readonly number[];
}

export function createSimilarity(passages: readonly string[]): Similarity {
  const bags = passages.map((passage) => {
    const bag = new Map<string, number>();
    for (const word of contentWords(passage)) bag.set(word, (bag.get(word) ?? 0) + 1);
    return bag;
  });
  const lengths = bags.map((bag) => [...bag.values()].reduce((sum, count) => sum + count, 0));
  const mean = Math.max(1, lengths.reduce((sum, length) => sum + length, 0) / passages.length);
  return {
    ranked(text) {
      const words = [...new Set(contentWords(text))];
      const weights = words.map((word) => {
        const df = bags.filter((bag) => bag.has(word)).length;
        return Math.log(1 + (passages.length - df + 0.5) / (df + 0.5));
      });
      return bags
        .map((bag, index) => {
          const room = k1 * (1 - b + (b * lengths[index]!) / mean);
          const score = words.reduce((sum, word, i) => {
            const frequency = bag.get(word) ?? 0;
            return sum + (weights[i]! * frequency * (k1 + 1)) / (frequency + room);
          }, 0);
          return { index, score };
        })
        .filter(({ score }) => score > 0)
        .sort((x, y) => y.score - x.score)
        .map(({ index }) => index);
    },
  };
}
