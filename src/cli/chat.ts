/** `docent chat`: the terminal as a chat. Asks, takes files in and explains its last answer. */

import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Answer } from '../answers/contract.ts';
import type { Operator } from '../operator/contract.ts';
import { answerLines, createStageLine, reportError } from './output.ts';

const help = [
  'Ask a question, or:',
  '  /upload PATH   take in a file or folder',
  '  /why           where the last answer comes from',
  '  /train         learn from the documents',
  '  /quit',
];

const whyLines = (answer: Answer): string[] => [
  `${answer.found ? 'Found' : 'Not found'}, confidence ${answer.confidence.toFixed(2)}, by ${answer.model.base} with ${answer.model.adapter ?? 'no adapter'}, in ${answer.timing.total_ms} ms.`,
  ...answer.sources.map(
    (source) => `  ${source.document}${source.section ? `, ${source.section}` : ''}: «${source.quote}»`,
  ),
];

/** Reads lines until /quit or the end of the input; works with piped input too. */
export async function chat(operator: Operator, channel: string | undefined): Promise<void> {
  const thread = `terminal:${crypto.randomUUID()}`;
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: '› ',
    terminal: process.stdin.isTTY,
  });
  const say = (text: readonly string[]): void => {
    process.stdout.write(`${text.join('\n')}\n`);
  };
  let last: Answer | null = null;

  const handle = async (line: string): Promise<void> => {
    const [command, ...rest] = line.split(/\s+/);
    const argument = rest.join(' ');
    if (command === '/help') return say(help);
    if (command === '/why') return say(last ? whyLines(last) : ['Nothing has been asked yet.']);
    if (command === '/train')
      return say([
        'Training on your documents is not part of this version yet; it answers with the adapter it came with.',
      ]);
    if (command === '/upload') {
      if (!argument) return say(['/upload needs a path.']);
      const result = await operator.ingest({ paths: [resolve(argument)], ...(channel ? { channel } : {}) });
      return say([
        ...result.documents.map(({ path, error, sections }) =>
          error ? `✗ ${path}: ${error}` : `✓ ${path}: learned ${sections} section${sections === 1 ? '' : 's'}`,
        ),
        ...result.skipped.map(({ path, reason }) => `- ${path}: skipped, ${reason}`),
      ]);
    }
    if (command?.startsWith('/')) return say([`There is no ${command}.`, ...help]);
    const stage = createStageLine();
    const asked = { question: line, thread, user: 'terminal', ...(channel ? { channel } : {}) };
    last = await operator.ask(asked, { onEvent: stage.onEvent }).finally(stage.clear);
    say(answerLines(last));
  };

  say(['Docent. /help shows what else there is besides asking.']);
  lines.prompt();
  for await (const raw of lines) {
    const line = raw.trim();
    if (line === '/quit') break;
    if (line !== '') await handle(line).catch((error: unknown) => void reportError(error));
    lines.prompt();
  }
  lines.close();
}
