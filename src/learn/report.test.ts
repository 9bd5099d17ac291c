import { load } from 'cheerio';
import { describe, expect, it } from 'vitest';
import { compareSuite } from '../eval/gate.ts';
import type { RunResult } from './contract.ts';
import { reportOf } from './report.ts';

const scores = (gain: number) =>
  Array.from({ length: 120 }, (_, i) => ({
    section: `s${i % 20}`,
    champion: 0.5,
    candidate: 0.5 + gain + (i % 3) / 50,
  }));
const result: RunResult = {
  run: '00000000-0000-7000-8000-000000000001',
  dataset: {
    documents: 3,
    examples: 300,
    unanswerable: 80,
    sides: { train: 200, dev: 40, gate: 60 },
    dropped: { notRead: 1, notFound: 2, repeated: 3, noQuestion: 4 },
  },
  train: {
    steps: 10,
    tokens: 12_000,
    seconds: 60,
    tokens_per_second: 200,
    loss_first: 0.5,
    loss_last: 0.25,
    loss_dev: 0.3,
  },
  candidate: { id: 'reader-1', f1: 0.6, abstain_precision: 0.7, abstain_recall: 0.8 },
  champion: { id: 'reader-0', f1: 0.5, abstain_precision: 0.7, abstain_recall: 0.8 },
  shares: null,
  probes: null,
  replay: null,
  gate: [compareSuite('workspace', scores(0.1)), compareSuite('general', scores(-0.2)), compareSuite('abstention', [])],
  decision: 'kept',
  reason: 'General reading may have become worse: −18.0 points.',
};

describe('the report of a run', () => {
  const report = reportOf(result);
  it('is the same as JSON and in words', () => {
    expect(JSON.parse(report['report.json'])).toEqual(JSON.parse(JSON.stringify(result)));
    expect(report['report.md']).toContain(result.reason);
    expect(report['report.md']).toContain('| reader-1 | 0.6 | 0.7 | 0.8 |');
  });
  it('draws each suite that was asked, at its gain, within the picture', () => {
    const $ = load(report['report.svg'], { xml: true });
    const [, , width] = $('svg').attr('viewBox')!.split(' ').map(Number);
    const zero = Number($('svg > line').attr('x1'));
    const gains = $('circle')
      .map((_, circle) => Number($(circle).attr('cx')))
      .get();
    expect(gains).toHaveLength(2);
    expect(gains[0]).toBeGreaterThan(zero);
    expect(gains[1]).toBeLessThan(zero);
    for (const line of $('line').get())
      for (const x of ['x1', 'x2']) {
        expect(Number($(line).attr(x))).toBeGreaterThan(0);
        expect(Number($(line).attr(x))).toBeLessThan(width!);
      }
    expect(
      $('g title')
        .map((_, title) => $(title).text())
        .get(),
    ).toEqual([
      expect.stringMatching(/^workspace: \+12\.0 points .* passed$/),
      expect.stringMatching(/^general: −18\.0 points .* not passed$/),
    ]);
  });
});
