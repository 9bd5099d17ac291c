import { describe, expect, test } from 'vitest';
import type { Scores } from './contract.ts';
import type { KnownRun } from './run-rows.ts';
import { describeRun } from './texts.ts';

const scores = (f1: number): Scores => ({ f1 }) as Scores;
const done: KnownRun = {
  id: 'run',
  by: 'U1',
  scope: null,
  state: 'done',
  progress: null,
  decision: 'promoted',
  reason: 'Better by 3.1 points.',
  startedAt: new Date('2026-11-26T09:00:00Z'),
  endedAt: new Date('2026-11-26T10:00:00Z'),
  result: { candidate: scores(0.715), champion: scores(0.684) } as KnownRun['result'],
};

describe('a run in one line', () => {
  test('says what serves now and how well it does', () => {
    expect(describeRun(done)).toBe(
      'last run 2026-11-26, live. Better by 3.1 points. F1 on questions that it had not learned: 0.71.'.replace(
        '0.71',
        (0.715).toFixed(2),
      ),
    );
    expect(describeRun({ ...done, decision: 'kept', reason: 'No gain shown.' })).toBe(
      'last run 2026-11-26, what served before stays. No gain shown. F1 on questions that it had not learned: 0.68.',
    );
  });

  test('says no score where nothing was judged, nor what is not known yet', () => {
    expect(describeRun({ ...done, decision: 'skipped', reason: null, result: null })).toBe(
      'last run 2026-11-26, what served before stays.',
    );
    expect(describeRun({ ...done, state: 'failed', reason: 'the disk is full' })).toBe(
      'the last run ended without a result (the disk is full).',
    );
    expect(
      describeRun({ ...done, state: 'running', progress: { line: 'Training', share: 0.4 } as KnownRun['progress'] }),
    ).toBe('Training (40 %).');
    expect(describeRun(null)).toBe('not begun yet.');
  });
});
