/** The reliability diagram of an adapter as SVG: how often answers of each confidence are right. */
import type { ReliabilityBin } from './calibrate.ts';

const [size, margin] = [320, 44];

/** @param threshold from which on questions are answered; a dashed line. */
export function reliabilityDiagram(bins: readonly ReliabilityBin[], threshold: number, title: string): string {
  const x = (value: number) => margin + value * size;
  const y = (value: number) => 24 + (1 - value) * size;
  const all = bins.reduce((sum, { n }) => sum + n, 0);
  const points = bins
    .map(({ confidence, right, n }) => {
      const radius = (3 + 14 * Math.sqrt(n / all)).toFixed(1);
      return `<circle cx="${x(confidence).toFixed(1)}" cy="${y(right).toFixed(1)}" r="${radius}"><title>${n} answers: confidence ${confidence.toFixed(2)}, right ${right.toFixed(2)}</title></circle>`;
    })
    .join('\n    ');
  const marks = [0, 0.25, 0.5, 0.75, 1]
    .map(
      (value) =>
        `<text x="${x(value)}" y="${y(0) + 18}" text-anchor="middle">${value}</text><text x="${margin - 8}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
    )
    .join('\n    ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size + margin + 20} ${size + 72}" font-family="sans-serif" font-size="11" fill="#333">
  <title>${title}: share of right answers by confidence</title>
  <rect width="100%" height="100%" fill="#fff"/>
  <text x="${margin}" y="15" font-size="12">${title}</text>
  <rect x="${x(0)}" y="${y(1)}" width="${size}" height="${size}" fill="none" stroke="#bbb"/>
  <line x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}" stroke="#bbb"/>
  <line x1="${x(threshold)}" y1="${y(0)}" x2="${x(threshold)}" y2="${y(1)}" stroke="#c50" stroke-dasharray="4 3"/>
  <g fill="#2563eb" fill-opacity="0.75">
    ${points}
  </g>
  <g>
    ${marks}
  </g>
  <text x="${x(0.5)}" y="${y(0) + 36}" text-anchor="middle">confidence; answers are given right of the dashed line</text>
  <text transform="translate(12 ${y(0.5)}) rotate(-90)" text-anchor="middle">share of right answers</text>
</svg>
`;
}
