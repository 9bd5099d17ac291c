#!/usr/bin/env node
/** The command line: words to operations. Each command runs in the running server of this home, else in this process. */
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { askBatch } from './cli/batch.ts';
import { action, exitCode, type Json, withOperator } from './cli/command.ts';
import { addDocuments } from './cli/documents.ts';
import { addLearning } from './cli/learning.ts';
import { createLog } from './cli/log.ts';
import { addModels } from './cli/models.ts';
import { answerLines, createStageLine, eventPrinter, exitCodes, note, printJson, reportError } from './cli/output.ts';
import { loadConfig } from './config.ts';
import { DocentError } from './errors.ts';

const program = new Command('docent')
  .description('Answers from your team’s documents, on your own machine.')
  .exitOverride()
  .configureOutput({ writeErr: (text) => note(`docent: USAGE: ${text.trim().replace(/^error: /, '')}`) });

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

addDocuments(program);
addLearning(program);
addModels(program);

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
  process.exitCode = exitCode();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  else process.exitCode = reportError(error);
}
