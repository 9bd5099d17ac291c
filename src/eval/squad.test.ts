import { describe, expect, it } from 'vitest';
import { summarise } from './report.ts';
import { f1Of, score } from './squad.ts';

describe('SQuAD 2.0 scoring', () => {
  it('ignores articles, case and punctuation', () => {
    expect(f1Of('The 25 days.', '25 days')).toBe(1);
    expect(score('the Fox', ['fox'], false)).toEqual({ f1: 1, em: 1 });
  });
  it('counts every shared token once', () => {
    expect(f1Of('25 25 days', '25 days')).toBeCloseTo(0.8);
    expect(f1Of('blue', 'red')).toBe(0);
  });
  it('takes the best of several golds', () => {
    expect(score('John Smith', ['Smith', 'John Smith'], false).em).toBe(1);
  });
  it('gives an unanswerable question its point exactly for refusing', () => {
    expect(score(null, [], true).f1).toBe(1);
    expect(score('anything', [], true).f1).toBe(0);
    expect(score(null, ['x'], false).f1).toBe(0);
  });
});

describe('summarise', () => {
  const base = { em: 0, kind: null, sourceRight: null, evidenceRank: null, seconds: 1 };
  it('separates answering from refusing', () => {
    const report = summarise([
      { ...base, id: 'a', f1: 0.5, impossible: false, refused: false, evidenceRank: 1 },
      { ...base, id: 'b', f1: 0, impossible: false, refused: true, evidenceRank: 3 },
      { ...base, id: 'c', f1: 1, impossible: true, refused: true },
      { ...base, id: 'd', f1: 0, impossible: true, refused: false },
    ]);
    expect(report).toMatchObject({
      f1: 0.375,
      answered_f1: 0.5,
      answerable_f1: 0.25,
      abstain_precision: 0.5,
      abstain_recall: 0.5,
    });
    expect(report).toMatchObject({ hit_at_1: 0.5, hit_at_4: 1 });
  });
});
