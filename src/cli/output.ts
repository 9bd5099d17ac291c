/** What commands print: JSON to stdout, everything else to stderr, errors on one line with their code. */
import { Presets, SingleBar } from 'cli-progress';
import type { Answer } from '../answers/contract.ts';
import { DocentError, type ErrorCode, isDocentError } from '../errors.ts';
import type { RunResult } from '../learn/contract.ts';
import { signedPoints as points } from '../learn/texts.ts';
import type { OperatorEvent } from '../operator/contract.ts';

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** Asking for something that isn't there by that name is wrong usage, not a failure of Docent. */
const usageCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['USAGE', 'CHANNEL_AMBIGUOUS']);

export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

export const note = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Prints the error and returns the exit code for it. */
export function reportError(error: unknown): number {
  if (isDocentError(error)) {
    note(`docent: ${error.code}: ${error.line.replace(/\s*\n\s*/g, ' ')}`);
    return usageCodes.has(error.code) ? exitCodes.usage : exitCodes.failed;
  }
  const internal = new DocentError('INTERNAL', { reference: error instanceof Error ? error.message : String(error) });
  note(`docent: ${internal.code}: ${internal.line}`);
  if (process.env.DOCENT_LOG_LEVEL === 'debug' && error instanceof Error) note(error.stack ?? '');
  return exitCodes.failed;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** Smaller files are there before one could be read. */
const worthABar = 1e6;

/** A bar on a terminal; four lines in a log. */
export function createDownloadBar(): {
  readonly update: (name: string, done: number, total: number | null) => void;
  readonly stop: () => void;
} {
  let bar: SingleBar | null = null;
  let shown = '';
  let quarter = -1;
  return {
    update(name, done, total) {
      if (name !== shown) {
        bar?.stop();
        bar = null;
        shown = name;
        quarter = -1;
        if (!process.stderr.isTTY) note(`fetching ${name} …`);
      }
      if (total === null || total < worthABar) return;
      if (process.stderr.isTTY) {
        if (!bar) {
          bar = new SingleBar(
            { format: `${name} [{bar}] {percentage}% {done}/{size} MB`, stream: process.stderr, hideCursor: true },
            Presets.shades_classic,
          );
          bar.start(total, 0, { done: '0', size: megabytes(total) });
        }
        bar.update(done, { done: megabytes(done), size: megabytes(total) });
      } else if (Math.floor((4 * done) / total) > quarter) {
        quarter = Math.floor((4 * done) / total);
        note(`  ${name}: ${megabytes(done)} of ${megabytes(total)} MB`);
      }
    },
    stop() {
      bar?.stop();
      bar = null;
    },
  };
}

/** Events of a command as lines on stderr, only where a person watches. */
export function eventPrinter(): (event: OperatorEvent) => void {
  const bar = createDownloadBar();
  return (event) => {
    if (event.type === 'download') return bar.update(event.name, event.done, event.total);
    bar.stop();
    if (event.type === 'note') return note(event.text);
    if (event.type === 'progress' && process.stderr.isTTY)
      process.stderr.write(`\r\x1b[K${Math.round(event.share * 100)} %  ${event.line}`);
    if (!process.stderr.isTTY) return;
    if (event.type === 'file') note(`${event.status.padEnd(9)} ${event.path}`);
    if (event.type === 'count')
      process.stderr.write(`\r${event.done} of ${event.total}${event.done === event.total ? '\n' : ''}`);
  };
}

const stages = {
  searching: () => 'Looking through the documents…',
  reading: (passages: number) => `Reading ${passages} passage${passages === 1 ? '' : 's'}…`,
  waiting: (ahead: number) => `${ahead} question${ahead === 1 ? ' is' : 's are'} ahead of yours…`,
} as const;

/** What is being done for a question, on one line of a terminal that the answer replaces; nothing in a pipe. */
export function createStageLine(): {
  readonly onEvent: (event: OperatorEvent) => void;
  readonly clear: () => void;
} {
  const write = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  };
  write('One moment…');
  return {
    onEvent(event) {
      if (event.type === 'stage') write(stages[event.stage](event.detail));
      else if (event.type === 'note') write(`${event.text}\n`);
    },
    clear: () => write(''),
  };
}

const where = (source: Answer['sources'][number]): string =>
  [source.document, source.section, source.page === null ? null : `page ${source.page}`].filter(Boolean).join(', ');

/** An answer for a person at a terminal. */
export function answerLines(answer: Answer): string[] {
  const lines = [answer.text];
  if (answer.found) for (const source of answer.sources) lines.push(`  — ${where(source)}`);
  return lines;
}

const decisions = { promoted: '✓ live', kept: '– kept what served', skipped: '– skipped' } as const;

/** A learning run for a person at a terminal. */
export function runLines({
  decision,
  reason,
  dataset,
  champion,
  candidate,
  gate,
  probes,
  replay,
}: RunResult): string[] {
  const { train, dev, gate: judging } = dataset.sides;
  return [
    `${decisions[decision]}: ${reason}`,
    `  ${dataset.documents} documents; questions: ${train} learned from, ${dev} for settings, ${judging} to judge`,
    ...(champion && candidate
      ? [`  F1 ${champion.f1.toFixed(3)} (${champion.id}) → ${candidate.f1.toFixed(3)} (${candidate.id})`]
      : []),
    ...gate.map(
      ({ suite, n, gain, low, high }) =>
        `  ${suite}: ${points(gain)} points (${points(low)} … ${points(high)}), ${n} questions`,
    ),
    ...(probes ? [`  probes: ${probes.passed} of ${probes.asked} pass, ${probes.lost.length} lost`] : []),
    ...(replay ? [`  of the last ${replay.asked} questions ${replay.changed.length} are answered otherwise`] : []),
  ];
}
