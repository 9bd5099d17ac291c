/** `docent documents …` */
import type { Command } from 'commander';
import { type Json, printing } from './command.ts';

export function addDocuments(program: Command): void {
  const documents = program.command('documents').description('List, show and delete documents');
  documents
    .command('list', { isDefault: true })
    .option('--channel <name>', 'as somebody in this channel sees them')
    .option('--json')
    .action(
      printing(
        (operator, { channel }: Json & { channel?: string }) => operator.listDocuments(channel ? { channel } : {}),
        (result) =>
          result.documents.map(
            ({ id, status, channel: place, path }) => `${id}  ${status.padEnd(10)} ${place}/${path}`,
          ),
      ),
    );
  documents
    .command('show')
    .argument('<id>')
    .option('--json')
    .action(
      printing(
        (operator, id: string, _: Json) => operator.showDocument({ id }),
        ({ title, channel, path, status, text }) => [`${title} (${channel}/${path}, ${status})\n\n${text ?? ''}`],
      ),
    );
  documents
    .command('delete')
    .argument('<id>')
    .option('--json')
    .action(
      printing(
        (operator, id: string, _: Json) => operator.deleteDocument({ id }),
        ({ deleted }) => [`Deleted ${deleted}, with its passages, index and quotes.`],
      ),
    );

  documents
    .command('gaps')
    .description('Questions that the documents did not answer')
    .option('--json')
    .action(
      printing(
        (operator, _: Json) => operator.listGaps({}),
        ({ gaps }) => gaps.map(({ question, times, last }) => `${last.slice(0, 10)}  ${times} ×  ${question}`),
      ),
    );
}
