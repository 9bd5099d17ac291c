/** Where the log goes: JSON lines on stderr for machines, short lines for a person who watches. Lines hold ids, never text. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { type Config, settingsTable } from '../config.ts';

/** The fields that say why; others are for machines. */
const because = ({ reason, code, err }: Record<string, unknown>): string => {
  const why = reason ?? (err as { message?: unknown } | undefined)?.message ?? code;
  return why === undefined ? '' : `: ${String(why).split('\n')[0]}`;
};

/** One log line as a person reads it: `09:41:07 warn  Slack is not connected: connect ECONNREFUSED`. */
export function readable(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown> & { time: number; level: number };
  const clock = new Date(time).toTimeString().slice(0, 8);
  return `${clock} ${(pino.levels.labels[level] ?? '').padEnd(5)} ${String(msg ?? '')}${because(rest)}\n`;
}

const forPerson: DestinationStream = {
  write: (line) => void process.stderr.write(readable(line)),
};

/**
 * @param quiet commands log warnings only; a server logs what it does
 * At a terminal a server too shows warnings only, unless DOCENT_LOG_LEVEL says otherwise: what is on has its own lines.
 */
export function createLog(config: Config, quiet: boolean): Logger {
  const watched = process.stderr.isTTY === true;
  const chosen = config.DOCENT_LOG_LEVEL !== settingsTable.DOCENT_LOG_LEVEL.fallback || process.env.DOCENT_LOG_LEVEL;
  const level = (quiet || watched) && !chosen ? 'warn' : config.DOCENT_LOG_LEVEL;
  return pino({ level }, watched ? forPerson : pino.destination(2));
}
