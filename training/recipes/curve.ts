/**
 * The loss curve of a run as SVG, from its events: each step, their running mean, and the scorings of dev.
 *
 *   npx tsx training/recipes/curve.ts EVENTS.jsonl [MORE.jsonl …] > curve.svg
 *
 * Several files are stages of one training, drawn one behind the other.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { TrainingEvent } from '../engine/events.ts';

interface Point {
  readonly tokens: number;
  readonly loss: number;
}

export interface Curve {
  readonly steps: readonly Point[];
  readonly dev: readonly Point[];
}

const [width, height, margin] = [720, 320, 48];
const smoothing = 0.9;

/** @param stages events of each stage; a stage that was resumed tells some steps twice, the later ones count. */
export function curveOf(stages: readonly (readonly TrainingEvent[])[]): Curve {
  const steps: Point[] = [];
  const dev: Point[] = [];
  let offset = 0;
  for (const events of stages) {
    const tokensAt = new Map<number, number>([[0, 0]]);
    const losses = new Map<number, number>();
    const scores = new Map<number, number>();
    for (const event of events) {
      if (event.type === 'step') {
        tokensAt.set(event.step, event.tokens);
        losses.set(event.step, event.loss);
      }
      if (event.type === 'dev') scores.set(event.step, event.loss);
    }
    const at = (step: number) => offset + (tokensAt.get(step) ?? 0);
    for (const [step, loss] of [...losses].sort(([a], [b]) => a - b)) steps.push({ tokens: at(step), loss });
    for (const [step, loss] of [...scores].sort(([a], [b]) => a - b)) dev.push({ tokens: at(step), loss });
    offset += Math.max(...tokensAt.values());
  }
  return { steps, dev };
}

export function curveSvg({ steps, dev }: Curve): string {
  const all = [...steps, ...dev];
  const lastTokens = Math.max(...all.map(({ tokens }) => tokens));
  const top = Math.max(...all.map(({ loss }) => loss));
  const x = (tokens: number) => (margin + (tokens / lastTokens) * (width - 2 * margin)).toFixed(1);
  const y = (loss: number) => (height - margin - (loss / top) * (height - 2 * margin)).toFixed(1);
  let mean = 0;
  const smooth = steps.map(({ tokens, loss }, i) => {
    mean = smoothing * mean + (1 - smoothing) * loss;
    return { tokens, loss: mean / (1 - smoothing ** (i + 1)) };
  });
  const line = (points: readonly Point[]) => points.map(({ tokens, loss }) => `${x(tokens)},${y(loss)}`).join(' ');
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>Loss of the training run by tokens</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...ticks.map((share) => {
      const [tokens, loss] = [lastTokens * share, top * share];
      return (
        `<line x1="${margin}" x2="${width - margin}" y1="${y(loss)}" y2="${y(loss)}" stroke="#ddd"/>` +
        `<text x="${margin - 6}" y="${y(loss)}" text-anchor="end" dominant-baseline="middle">${loss.toFixed(2)}</text>` +
        `<text x="${x(tokens)}" y="${height - margin + 18}" text-anchor="middle">${Math.round(tokens / 1000)}k</text>`
      );
    }),
    `<polyline fill="none" stroke="#bcd" points="${line(steps)}"/>`,
    `<polyline fill="none" stroke="#246" stroke-width="2" points="${line(smooth)}"/>`,
    ...dev.map(({ tokens, loss }) => `<circle cx="${x(tokens)}" cy="${y(loss)}" r="4" fill="#c40"/>`),
    `<text x="${width / 2}" y="${height - 8}" text-anchor="middle">tokens</text>`,
    `<text x="${width - margin}" y="20" text-anchor="end">loss per answer: steps, their mean, <tspan fill="#c40">dev</tspan></text>`,
    '</svg>',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const stages = process.argv.slice(2).map((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as TrainingEvent),
  );
  console.log(curveSvg(curveOf(stages)));
}
