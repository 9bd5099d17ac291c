import { expect, test } from 'vitest';
import { readable } from './log.ts';

test('a person reads the time, the level, what happened and why', () => {
  const line = { level: 40, time: 1_795_600_000_000, pid: 1, hostname: 'h', msg: 'Slack is not connected' };
  expect(readable(JSON.stringify({ ...line, reason: 'connect ECONNREFUSED', attempt: 2 }))).toMatch(
    /^\d\d:\d\d:\d\d warn {2}Slack is not connected: connect ECONNREFUSED\n$/,
  );
  expect(readable(JSON.stringify({ ...line, err: { message: 'away\nand more', stack: 'at x' } }))).toMatch(
    /warn {2}Slack is not connected: away\n$/,
  );
});
