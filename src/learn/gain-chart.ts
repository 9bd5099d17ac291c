/** What a run gained in each suite of the gate, with the 95 % interval and what may be lost at most, as SVG. */
import { requirements, type SuiteResult } from '../eval/gate.ts';
import { signedPoints as points } from './texts.ts';

const [left, width, top, rowHeight] = [110, 320, 40, 44];
/** A chart of small changes is not blown up to look like large ones. */
const leastReach = 0.05;
const passed = { true: '#15803d', false: '#c2410c' } as const;

/** @param title one line; quotes no document. */
export function gainChart(suites: readonly SuiteResult[], title: string): string {
  const asked = suites.filter(({ n }) => n > 0);
  const reach = Math.max(
    leastReach,
    ...asked.flatMap(({ low, high, suite }) => [-low, high, requirements[suite].margin].map((value) => value * 1.1)),
  );
  const x = (share: number) => (left + ((share + reach) / (2 * reach)) * width).toFixed(1);
  const bottom = top + asked.length * rowHeight;
  const rows = asked.map(({ suite, n, gain, low, high, passed: good }, i) => {
    const y = top + (i + 0.5) * rowHeight;
    const colour = passed[`${good}`];
    const limit = x(-requirements[suite].margin);
    return `<g stroke="${colour}" fill="${colour}">
    <title>${suite}: ${points(gain)} points (${points(low)} to ${points(high)}), ${good ? 'passed' : 'not passed'}</title>
    <line x1="${limit}" y1="${y - 14}" x2="${limit}" y2="${y + 14}" stroke="#c50" stroke-dasharray="4 3"/>
    <line x1="${x(low)}" y1="${y}" x2="${x(high)}" y2="${y}" stroke-width="2"/>
    <circle cx="${x(gain)}" cy="${y}" r="5" stroke="none"/>
  </g>
  <text x="${left - 10}" y="${y}" text-anchor="end">${suite}</text>
  <text x="${left - 10}" y="${y + 13}" text-anchor="end" fill="#777">${n} questions</text>`;
  });
  const marks = [-reach, 0, reach].map(
    (share) => `<text x="${x(share)}" y="${bottom + 16}" text-anchor="middle">${points(share)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 30} ${bottom + 44}" font-family="sans-serif" font-size="11" fill="#333">
  <title>${title}: gain in points</title>
  <rect width="100%" height="100%" fill="#fff"/>
  <text x="10" y="18" font-size="12">${title}</text>
  <line x1="${x(0)}" y1="${top}" x2="${x(0)}" y2="${bottom}" stroke="#bbb"/>
  ${[...rows, ...marks].join('\n  ')}
  <text x="${left + width / 2}" y="${bottom + 34}" text-anchor="middle">gain in points, 95 % interval; dashed: what may be lost at most</text>
</svg>
`;
}
