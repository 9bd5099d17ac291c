/** A run's report as files that stay with the adapter. Quotes no document and no question. */
import type { RunResult } from './contract.ts';
import { gainChart } from './gain-chart.ts';
import { signedPoints as points } from './texts.ts';

export function reportOf(result: RunResult): Readonly<Record<'report.json' | 'report.md' | 'report.svg', string>> {
  const { dataset, train, champion, candidate, gate, shares, probes, replay } = result;
  const title = `${candidate?.id ?? result.run}: ${result.decision}`;
  const lines = [
    `# ${title}`,
    '',
    result.reason,
    '',
    `Learned from ${dataset.documents} documents: ${dataset.sides.train} questions, ${dataset.sides.dev} for settings, ${dataset.sides.gate} to judge.`,
    ...(train
      ? [
          `${train.tokens.toLocaleString('en')} tokens in ${Math.round(train.seconds)} s; loss ${train.loss_first?.toFixed(3)} → ${train.loss_last?.toFixed(3)}.`,
        ]
      : []),
    '',
    '![Gain in each suite, with its interval](report.svg)',
    '',
    '| suite | questions | gain in points | 95 % interval |',
    '|---|---:|---:|---|',
    ...gate.map(
      ({ suite, n, gain, low, high }) => `| ${suite} | ${n} | ${points(gain)} | ${points(low)} … ${points(high)} |`,
    ),
    '',
    ...(champion && candidate
      ? [
          '| | F1 | refusals right | unanswerable refused |',
          '|---|---:|---:|---:|',
          ...[champion, candidate].map(
            ({ id, f1, abstain_precision, abstain_recall }) =>
              `| ${id} | ${f1} | ${abstain_precision} | ${abstain_recall} |`,
          ),
          '',
        ]
      : []),
    ...(shares
      ? [
          `Of the gain on all gate questions the weights have ${points(shares.adapter)} points, the calibration ${points(shares.calibration)}.`,
          '',
        ]
      : []),
    ...(probes ? [`Probes: ${probes.passed} of ${probes.asked} pass, ${probes.lost.length} lost.`, ''] : []),
    ...(replay
      ? [
          `Of the last ${replay.asked} questions ${replay.changed.length} are answered otherwise (\`docent runs show ${result.run}\`).`,
          '',
        ]
      : []),
  ];
  return {
    'report.json': `${JSON.stringify(result, null, 2)}\n`,
    'report.md': lines.join('\n'),
    'report.svg': gainChart(gate, title),
  };
}
