/** `docent models …` */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { DocentError } from '../errors.ts';
import type { Operator } from '../operator/contract.ts';
import { action, type Json, withOperator } from './command.ts';
import { eventPrinter, exitCodes, printJson } from './output.ts';

interface ExportOptions {
  readonly merge?: boolean;
  readonly format?: string;
  readonly quantisation?: string;
  readonly base?: boolean;
}

export function addModels(program: Command): void {
  const models = program.command('models').description('Base models and adapters');
  const modelCommand = (
    name: string,
    description: string,
    argument: string | null,
    run: (operator: Operator, value: string) => Promise<unknown>,
  ) => {
    const command = models.command(name).description(description).option('--json');
    if (argument) command.argument(argument);
    command.action(
      action(async (...args: unknown[]) => {
        const value = typeof args[0] === 'string' ? args[0] : '';
        const { json } = (argument ? args[1] : args[0]) as Json;
        return withOperator(async (operator) => {
          const result = await run(operator, value);
          if (json) printJson(result);
          else console.log(JSON.stringify(result, null, 2));
          return exitCodes.done;
        });
      }),
    );
  };
  modelCommand('list', 'What is there and what serves', null, (operator) => operator.listModels({}));
  modelCommand('pull', 'Fetch a base now', '[base]', (operator, base) =>
    operator.pullModels(base ? { base } : {}, { onEvent: eventPrinter() }),
  );
  modelCommand('import', 'Take in an adapter folder (PEFT), or check a checkpoint', '<path>', (operator, path) =>
    operator.importModel({ path: resolve(path) }, { onEvent: eventPrinter() }),
  );
  models
    .command('export')
    .description('Write an adapter, or base and adapter as one model, into a new folder')
    .argument('[id]', 'an adapter; left out with --base')
    .argument('[dir]')
    .option('--merge', 'fold the adapter into the base')
    .option('--format <name>', 'of a whole model: safetensors, or gguf')
    .option('--quantisation <name>', 'safetensors: f32, f16 or bf16; gguf: f16 or q8_0')
    .option('--base', 'the base alone, its weights as floats')
    .option('--json')
    .action(
      action((first: string | undefined, second: string | undefined, options: Json & ExportOptions) =>
        withOperator(async (operator) => {
          const { json, base, ...rest } = options;
          const [id, folder] = base && second === undefined ? ['base', first] : [first, second];
          if (id === undefined || folder === undefined || (base && id !== 'base'))
            throw new DocentError('USAGE', { reason: 'models export takes ID DIR, or --base DIR' });
          const args = { id: id === 'base' ? null : id, target: resolve(folder), ...rest };
          const result = await operator.exportModel(args, { onEvent: eventPrinter() });
          if (json) printJson(result);
          else for (const { path, bytes } of result.files) console.log(`${path}  ${(bytes / 1e6).toFixed(1)} MB`);
          return exitCodes.done;
        }),
      ),
    );
  const serviceCommand = (
    command: Command,
    run: (operator: Operator, id: string, place: { readonly workspace?: string }) => Promise<unknown>,
  ) =>
    command
      .option('--workspace <name>', 'there alone, where several workspaces have documents')
      .option('--json')
      .action(
        action(async (...args: unknown[]) => {
          const id = typeof args[0] === 'string' ? args[0] : '';
          const { json, ...place } = (id ? args[1] : args[0]) as Json & { workspace?: string };
          return withOperator(async (operator) => {
            const result = await run(operator, id, place);
            if (json) printJson(result);
            else console.log(JSON.stringify(result, null, 2));
            return exitCodes.done;
          });
        }),
      );
  serviceCommand(
    models.command('promote').description('Put an adapter into service').argument('<id>'),
    (operator, id, place) => operator.promoteAdapter({ id, ...place }),
  );
  serviceCommand(
    models.command('rollback').description('Back to the adapter that served before'),
    (operator, _, place) => operator.rollbackAdapter(place),
  );
}
