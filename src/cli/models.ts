/** `docent models …` */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { DocentError } from '../errors.ts';
import { action, type Json, printing, withOperator } from './command.ts';
import { eventPrinter, exitCodes, printJson } from './output.ts';

interface ExportOptions {
  readonly merge?: boolean;
  readonly format?: string;
  readonly quantisation?: string;
  readonly base?: boolean;
}

export function addModels(program: Command): void {
  const models = program.command('models').description('Base models and adapters');
  const indented = (result: unknown): readonly string[] => [JSON.stringify(result, null, 2)];
  models
    .command('list')
    .description('What is there and what serves')
    .option('--json')
    .action(printing((operator, _: Json) => operator.listModels({}), indented));
  models
    .command('pull')
    .description('Fetch a base now')
    .argument('[base]')
    .option('--json')
    .action(
      printing(
        (operator, base: string | undefined, _: Json) =>
          operator.pullModels(base ? { base } : {}, { onEvent: eventPrinter() }),
        indented,
      ),
    );
  models
    .command('import')
    .description('Take in an adapter folder (PEFT), or check a checkpoint')
    .argument('<path>')
    .option('--json')
    .action(
      printing(
        (operator, path: string, _: Json) => operator.importModel({ path: resolve(path) }, { onEvent: eventPrinter() }),
        indented,
      ),
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
  const onlyThere = ['--workspace <name>', 'there alone, where several workspaces have documents'] as const;
  type InWorkspace = Json & { readonly workspace?: string };
  const placeOf = ({ workspace }: InWorkspace) => (workspace === undefined ? {} : { workspace });
  models
    .command('promote')
    .description('Put an adapter into service')
    .argument('<id>')
    .option(...onlyThere)
    .option('--json')
    .action(
      printing(
        (operator, id: string, options: InWorkspace) => operator.promoteAdapter({ id, ...placeOf(options) }),
        indented,
      ),
    );
  models
    .command('rollback')
    .description('Back to the adapter that served before')
    .option(...onlyThere)
    .option('--json')
    .action(printing((operator, options: InWorkspace) => operator.rollbackAdapter(placeOf(options)), indented));
}
