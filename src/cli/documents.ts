/** `docent documents …` */
import type { Command } from 'commander';
import { action, type Json, withOperator } from './command.ts';
import { exitCodes, printJson } from './output.ts';

export function addDocuments(program: Command): void {
  const documents = program.command('documents').description('List, show and delete documents');
  documents
    .command('list', { isDefault: true })
    .option('--channel <name>', 'as somebody in this channel sees them')
    .option('--json')
    .action(
      action(({ json, channel }: Json & { channel?: string }) =>
        withOperator(async (operator) => {
          const result = await operator.listDocuments(channel ? { channel } : {});
          if (json) printJson(result);
          else
            for (const { id, status, channel: place, path } of result.documents)
              console.log(`${id}  ${status.padEnd(10)} ${place}/${path}`);
          return exitCodes.done;
        }),
      ),
    );
  documents
    .command('show')
    .argument('<id>')
    .option('--json')
    .action(
      action((id: string, { json }: Json) =>
        withOperator(async (operator) => {
          const document = await operator.showDocument({ id });
          if (json) printJson(document);
          else
            console.log(
              `${document.title} (${document.channel}/${document.path}, ${document.status})\n\n${document.text ?? ''}`,
            );
          return exitCodes.done;
        }),
      ),
    );
  documents
    .command('delete')
    .argument('<id>')
    .option('--json')
    .action(
      action((id: string, { json }: Json) =>
        withOperator(async (operator) => {
          const result = await operator.deleteDocument({ id });
          if (json) printJson(result);
          else console.log(`Deleted ${result.deleted}, with its passages, index and quotes.`);
          return exitCodes.done;
        }),
      ),
    );

  documents
    .command('gaps')
    .description('Questions that the documents did not answer')
    .option('--json')
    .action(
      action(({ json }: Json) =>
        withOperator(async (operator) => {
          const result = await operator.listGaps({});
          if (json) printJson(result);
          else
            for (const { question, times, last } of result.gaps)
              console.log(`${last.slice(0, 10)}  ${times} ×  ${question}`);
          return exitCodes.done;
        }),
      ),
    );
}
