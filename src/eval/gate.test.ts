import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../random.ts';
import { compareSuite, decide, type PairedScore } from './gate.ts';

/** `sections` of `each` questions; the candidate turns `better` of the champion's failures right and breaks `worse`. */
function scores(sections: number, each: number, better: number, worse: number, seed = 9): PairedScore[] {
  const next = randomNumbers(seed);
  return Array.from({ length: sections * each }, (_, i) => {
    const champion = Number(next() < 0.5);
    const flips = next() < (champion === 1 ? worse : better);
    return { section: `s${Math.floor(i / each)}`, champion, candidate: flips ? 1 - champion : champion };
  });
}
const general = scores(800, 1, 0.05, 0.05);
const abstention = scores(200, 1, 0.1, 0.1, 4);

describe('the gate', () => {
  it('promotes a clear gain and says how large it is', () => {
    const { decision, reason, suites } = decide({ workspace: scores(100, 6, 0.3, 0.05), general, abstention });
    expect(decision).toBe('promoted');
    expect(reason).toMatch(/^Better by \d+\.\d points on 600 questions\.$/);
    const [{ gain, low, high }] = suites as [(typeof suites)[0]];
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(gain);
    expect(high).toBeGreaterThan(gain);
  });

  it('keeps the champion where the two are alike', () => {
    for (const seed of [1, 2, 3])
      expect(decide({ workspace: scores(100, 6, 0, 0, seed), general, abstention }).decision).toBe('kept');
  });

  it('rarely promotes luck: 1 in 20 is what the certainty allows', () => {
    const promoted = Array.from({ length: 200 }, (_, seed) =>
      compareSuite('workspace', scores(50, 4, 0.2, 0.2, seed * 7_919 + 101)),
    ).filter(({ passed }) => passed);
    expect(promoted.length).toBeLessThan(24);
  });

  it('draws sections, not questions: copies of a question in its section add no certainty', () => {
    const alone = scores(60, 1, 0.3, 0.1);
    const copied = alone.flatMap((score) => Array<PairedScore>(10).fill(score));
    const [one, ten] = [compareSuite('workspace', alone), compareSuite('workspace', copied)];
    expect(ten.n).toBe(600);
    expect(ten.gain).toBeCloseTo(one.gain, 9);
    expect(ten.low).toBeCloseTo(one.low, 9);
    expect(ten.certainty).toBeCloseTo(one.certainty, 9);
  });

  it('keeps it when something else was lost, and names it', () => {
    const workspace = scores(100, 6, 0.3, 0.05);
    const forgetful = decide({ workspace, general: scores(800, 1, 0, 0.1), abstention });
    expect(forgetful).toMatchObject({ decision: 'kept', reason: expect.stringContaining('General reading') });
    const rash = decide({ workspace, general, abstention: scores(200, 1, 0, 0.3) });
    expect(rash).toMatchObject({ decision: 'kept', reason: expect.stringContaining('refuse fewer') });
    expect(decide({ workspace, general: [], abstention }).reason).toBe('No questions were asked for general.');
  });

  it('says how much text is missing when there are too few questions', () => {
    const { decision, reason } = decide({ workspace: scores(10, 4, 1, 0), general, abstention });
    expect(decision).toBe('kept');
    expect(reason).toBe(
      'Only 40 questions of the workspace can be compared, 100 are needed: about 15 more sections of text like these would give the other 60.',
    );
    expect(decide({ workspace: [], general, abstention }).reason).toContain('upload documents');
  });

  it('gives the same figures for the same scores', () => {
    const workspace = scores(40, 3, 0.2, 0.1);
    expect(compareSuite('workspace', workspace)).toEqual(compareSuite('workspace', workspace));
  });
});
