/** Scoring by the rules of SQuAD 2.0: Rajpurkar et al. 2018, evaluate-v2.0.py. */

const normalise = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, '')
    .replace(/\b(a|an|the)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

const tokensOf = (text: string): string[] => (normalise(text) === '' ? [] : normalise(text).split(' '));

/** Token overlap of one prediction with one gold answer, 0…1. Both empty = 1. */
export function f1Of(prediction: string, gold: string): number {
  const [got, want] = [tokensOf(prediction), tokensOf(gold)];
  if (got.length === 0 || want.length === 0) return got.length === want.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const token of want) left.set(token, (left.get(token) ?? 0) + 1);
  let common = 0;
  for (const token of got) {
    const count = left.get(token) ?? 0;
    if (count === 0) continue;
    left.set(token, count - 1);
    common += 1;
  }
  if (common === 0) return 0;
  const precision = common / got.length;
  const recall = common / want.length;
  return (2 * precision * recall) / (precision + recall);
}

export interface Scored {
  readonly f1: number;
  readonly em: number;
}

/** @param prediction null = refused. An impossible question scores 1 exactly when it was refused. */
export function score(prediction: string | null, golds: readonly string[], impossible: boolean): Scored {
  if (impossible) return prediction === null ? { f1: 1, em: 1 } : { f1: 0, em: 0 };
  if (prediction === null) return { f1: 0, em: 0 };
  return {
    f1: Math.max(0, ...golds.map((gold) => f1Of(prediction, gold))),
    em: Math.max(0, ...golds.map((gold) => Number(normalise(prediction) === normalise(gold)))),
  };
}

/** From this F1 on a reading says what was asked for: `25 days` for `25 days a year`. */
export const sameAnswer = 0.6;
