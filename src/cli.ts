#!/usr/bin/env node
/** The command line: words to operations. Each command runs in the running server of this home, else in this process. */
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { askBatch } from './cli/batch.ts';
import { createLog } from './cli/log.ts';
import {
  answerLines,
  createDownloadBar,
  createStageLine,
  eventPrinter,
  exitCodes,
  note,
  printJson,
  reportError,
  runLines,
} from './cli/output.ts';
import { loadConfig } from './config.ts';
import { DocentError } from './errors.ts';
import type { ReviewedFeedback } from './learn/feedback.ts';
import { createDocent } from './main.ts';
import type { Operator, TrainArguments } from './operator/contract.ts';
import { createLocalOperator } from './operator/local.ts';
import { createRemoteOperator } from './operator/remote.ts';
import { findServer } from './operator/server-record.ts';

/** Runs one command against the running server, or starts what it needs here and stops it afterwards. */
async function withOperator(run: (operator: Operator) => Promise<number>): Promise<number> {
  const config = loadConfig();
  const server = await findServer(config.home);
  if (server) return run(createRemoteOperator(server));
  const bar = createDownloadBar();
  const docent = createDocent({ config, log: createLog(config, true), onDownload: bar.update, onNote: note });
  const interrupt = () => void docent.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await run(createLocalOperator({ docent }));
  } finally {
    bar.stop();
    await docent.stop();
  }
}

interface Json {
  readonly json?: boolean;
}
interface ExportOptions {
  readonly merge?: boolean;
  readonly format?: string;
  readonly quantisation?: string;
  readonly base?: boolean;
}

const program = new Command('docent')
  .description('Answers from your team’s documents, on your own machine.')
  .exitOverride()
  .configureOutput({ writeErr: (text) => note(`docent: USAGE: ${text.trim().replace(/^error: /, '')}`) });

/** Registers a command whose action returns an exit code. */
let exitCode: number = exitCodes.done;
const action =
  <A extends unknown[]>(run: (...args: A) => Promise<number>) =>
  async (...args: A): Promise<void> => {
    exitCode = await run(...args);
  };

program
  .command('start')
  .description('Start the web chat, Slack and Discord')
  .action(
    action(async () => {
      const { serve } = await import('./serve.ts');
      const config = loadConfig();
      return serve({ config, log: createLog(config, false) });
    }),
  );

program
  .command('ingest')
  .description('Take in files and folders')
  .argument('<path...>')
  .option('--channel <name>', 'channel they belong to; without it everyone may read them')
  .option('--private', 'make the channel closed')
  .option('--json')
  .action(
    action((paths: string[], options: Json & { channel?: string; private?: boolean }) =>
      withOperator(async (operator) => {
        const { json, ...rest } = options;
        const result = await operator.ingest(
          { paths: paths.map((path) => resolve(path)), ...rest },
          { onEvent: eventPrinter() },
        );
        if (json) printJson(result);
        else {
          for (const { status, path, sections, error } of result.documents)
            console.log(error ? `✗ ${path}: ${error}` : `✓ ${path}: ${status}, ${sections} sections`);
          for (const { path, reason } of result.skipped) console.log(`- ${path}: skipped, ${reason}`);
          console.log(
            result.channel === 'everyone' ? 'Readable from every connected channel.' : `Placed in ${result.channel}.`,
          );
        }
        return result.documents.some(({ status }) => status === 'failed') ? exitCodes.failed : exitCodes.done;
      }),
    ),
  );

program
  .command('ask')
  .description('Ask a question')
  .argument('[question]')
  .option('--channel <name>', 'ask as somebody in this channel')
  .option('--user <id>')
  .option('--thread <id>', 'follow-ups share it')
  .option('--batch <file>', 'one JSON question a line; answers as JSON lines')
  .option('--json')
  .option('--jsonl')
  .action(
    action(
      (
        question: string | undefined,
        options: Json & { batch?: string; channel?: string; user?: string; thread?: string },
      ) =>
        withOperator(async (operator) => {
          const { json, batch, channel, user, thread } = options;
          if (batch !== undefined) {
            await askBatch(operator, batch, channel);
            return exitCodes.done;
          }
          if (question === undefined)
            throw new DocentError('USAGE', { reason: 'ask needs a question or --batch FILE' });
          const asked = {
            question,
            ...(channel ? { channel } : {}),
            ...(user ? { user } : {}),
            ...(thread ? { thread } : {}),
          };
          if (json) {
            printJson(await operator.ask(asked));
            return exitCodes.done;
          }
          const stage = createStageLine();
          const answer = await operator.ask(asked, { onEvent: stage.onEvent }).finally(stage.clear);
          for (const line of answerLines(answer)) console.log(line);
          return exitCodes.done;
        }),
    ),
  );

program
  .command('chat')
  .description('Talk in this terminal')
  .option('--channel <name>')
  .action(
    action((options: { channel?: string }) =>
      withOperator(async (operator) => {
        const { chat } = await import('./cli/chat.ts');
        await chat(operator, options.channel);
        return exitCodes.done;
      }),
    ),
  );

program
  .command('eval')
  .description('Score questions with known answers (SQuAD 2.0 rules)')
  .argument('<file>')
  .option('--channel <name>')
  .option('--read <how>', 'retrieved, or oracle: the evidence passage is read')
  .option('--limit <n>', 'the first n lines', Number)
  .option('--details <file>', 'write one line per question there')
  .option('--json')
  .action(
    action(
      (
        file: string,
        options: Json & { channel?: string; read?: 'retrieved' | 'oracle'; limit?: number; details?: string },
      ) =>
        withOperator(async (operator) => {
          const { json, details, ...rest } = options;
          const args = { file: resolve(file), ...rest, ...(details ? { details: resolve(details) } : {}) };
          const report = await operator.evaluate(args, { onEvent: eventPrinter() });
          if (json) printJson(report);
          else console.log(JSON.stringify(report, null, 2));
          return exitCodes.done;
        }),
    ),
  );

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

program
  .command('train')
  .description('Learn from the documents: write questions, train, judge, and go live only when it is better')
  .option('--now', 'even if nothing changed since the last run')
  .option('--minutes <n>', 'how long it may take', Number)
  .option('--dry-run', 'show what would be learned from, and train nothing')
  .option('--cancel', 'end the run that is under way')
  .option('--json')
  .action(
    action(({ json, dryRun, cancel, ...args }: Json & TrainArguments & { dryRun?: boolean; cancel?: boolean }) =>
      withOperator(async (operator) => {
        if (cancel) {
          const result = await operator.cancelTraining({});
          if (json) printJson(result);
          else console.log(result.cancelled ? 'The run ends. What serves now stays.' : 'No run is under way.');
          return exitCodes.done;
        }
        if (args.minutes !== undefined && !(args.minutes > 0))
          throw new DocentError('USAGE', { reason: '--minutes takes a number above 0' });
        const options = { onEvent: eventPrinter() };
        const result = dryRun ? await operator.dryRun(args, options) : await operator.train(args, options);
        if (process.stderr.isTTY) note('');
        if (json) printJson(result);
        else if ('decision' in result) for (const line of runLines(result)) console.log(line);
        else console.log(JSON.stringify(result, null, 2));
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

const feedback = program.command('feedback').description('Corrections by people, and whether they teach');
const printFeedback = (all: readonly ReviewedFeedback[]): void => {
  for (const { id, review, question, correction } of all)
    console.log(`${id}  ${review.padEnd(8)}  ${question} → ${correction}`);
};
feedback
  .command('list', { isDefault: true })
  .option('--json')
  .action(
    action(({ json }: Json) =>
      withOperator(async (operator) => {
        const result = await operator.listFeedback({});
        if (json) printJson(result);
        else printFeedback(result.feedback);
        return exitCodes.done;
      }),
    ),
  );
for (const [name, review, description] of [
  ['approve', 'approved', 'The next run learns it, from the document that says it'],
  ['reject', 'rejected', 'It teaches nothing'],
] as const)
  feedback
    .command(name)
    .description(description)
    .argument('<id>')
    .option('--json')
    .action(
      action((id: string, { json }: Json) =>
        withOperator(async (operator) => {
          const result = await operator.reviewFeedback({ id, review });
          if (json) printJson(result);
          else printFeedback(result.feedback.filter((each) => each.id === id));
          return exitCodes.done;
        }),
      ),
    );

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
modelCommand('promote', 'Put an adapter into service', '<id>', (operator, id) => operator.promoteAdapter({ id }));
modelCommand('rollback', 'Back to the adapter that served before', null, (operator) => operator.rollbackAdapter({}));

program
  .command('bench')
  .description('Measure answering and training on this machine; takes about a minute')
  .option('--json')
  .action(
    action(({ json }: Json) =>
      withOperator(async (operator) => {
        const report = await operator.bench({});
        if (json) printJson(report);
        else console.log(JSON.stringify(report, null, 2));
        return exitCodes.done;
      }),
    ),
  );

program
  .command('doctor')
  .description('Check everything that Docent needs')
  .option('--json')
  .action(
    action(({ json }: Json) =>
      withOperator(async (operator) => {
        const result = await operator.doctor({});
        if (json) printJson(result);
        else
          for (const { ok, name, detail, fix } of result.checks)
            console.log(`${ok ? '✓' : '✗'} ${name}: ${detail}${fix ? ` → ${fix}` : ''}`);
        return result.checks.every(({ ok }) => ok) ? exitCodes.done : exitCodes.failed;
      }),
    ),
  );

program
  .command('setup')
  .description('Connect Slack or Discord, step by step')
  .argument('<platform>', 'slack or discord')
  .action(
    action(async (platform: string) => {
      if (platform !== 'slack' && platform !== 'discord')
        throw new DocentError('USAGE', { reason: 'setup takes slack or discord' });
      const { setup } = await import('./cli/setup.ts');
      return setup(platform, loadConfig());
    }),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  else exitCode = reportError(error);
}
process.exitCode = exitCode;
