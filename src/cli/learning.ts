/** `docent train` and `docent feedback …` */
import type { Command } from 'commander';
import { DocentError } from '../errors.ts';
import type { ReviewedFeedback } from '../learn/feedback.ts';
import type { Probe } from '../learn/probes.ts';
import type { TrainArguments } from '../operator/contract.ts';
import { action, type Json, printing, withOperator } from './command.ts';
import { eventPrinter, exitCodes, note, printJson, runLines } from './output.ts';

export function addLearning(program: Command): void {
  program
    .command('train')
    .description('Learn from the documents: write questions, train, judge, and go live only when it is better')
    .option('--now', 'even if nothing changed since the last run')
    .option('--minutes <n>', 'how long it may take', Number)
    .option('--workspace <name>', 'whose own adapter learns, where several workspaces have documents')
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

  addFeedback(program);
  addProbes(program);
  addRuns(program);
}

function addFeedback(program: Command): void {
  const feedback = program.command('feedback').description('Corrections by people, and whether they teach');
  const line = ({ id, review, question, correction }: ReviewedFeedback): string =>
    `${id}  ${review.padEnd(8)}  ${question} → ${correction}`;
  feedback
    .command('list', { isDefault: true })
    .option('--json')
    .action(
      printing(
        (operator, _: Json) => operator.listFeedback({}),
        ({ feedback: all }) => all.map(line),
      ),
    );
  for (const [name, review, description] of [
    [
      'approve',
      'approved',
      'Answers its question from now on, and teaches the next run, from the document that says it',
    ],
    ['reject', 'rejected', 'It teaches nothing'],
  ] as const)
    feedback
      .command(name)
      .description(description)
      .argument('<id>')
      .option('--json')
      .action(
        printing(
          (operator, id: string, _: Json) => operator.reviewFeedback({ id, review }),
          ({ feedback: all }, id) => all.filter((each) => each.id === id).map(line),
        ),
      );
}

function addProbes(program: Command): void {
  const probes = program.command('probes').description('Questions that no candidate may answer worse than what serves');
  const lines = (result: { readonly probes: readonly Probe[] }): readonly string[] =>
    result.probes.map(({ id, question, answer }) => `${id}  ${question} → ${answer ?? '(not answered)'}`);
  probes
    .command('list', { isDefault: true })
    .option('--json')
    .action(printing((operator, _: Json) => operator.listProbes({}), lines));
  probes
    .command('add')
    .description('Every candidate is asked it from the next run on')
    .argument('<question>')
    .option('--answer <words>', 'as a document says it, or Yes or No')
    .option('--none', 'the documents don’t answer it')
    .option('--json')
    .action(
      printing(async (operator, question: string, { answer, none }: Json & { answer?: string; none?: boolean }) => {
        if ((answer === undefined) === (none === undefined) || question.trim() === '' || answer?.trim() === '')
          throw new DocentError('USAGE', { reason: 'a probe takes a question, and --answer WORDS or --none' });
        return operator.addProbe({ question: question.trim(), answer: answer?.trim() ?? null });
      }, lines),
    );
  probes
    .command('remove')
    .argument('<id>')
    .option('--json')
    .action(printing((operator, id: string, _: Json) => operator.removeProbe({ id }), lines));
}

function addRuns(program: Command): void {
  const runs = program.command('runs').description('What was learned when, and why it went live or not');
  runs
    .command('list', { isDefault: true })
    .option('--json')
    .action(
      printing(
        (operator, _: Json) => operator.listRuns({}),
        (result) =>
          result.runs.map(
            ({ id, started, state, decision, reason }) =>
              `${id}  ${started.slice(0, 16).replace('T', ' ')}  ${(decision ?? state).padEnd(9)}  ${reason ?? ''}`,
          ),
      ),
    );
  runs
    .command('show')
    .argument('<id>')
    .option('--json')
    .action(
      printing(
        (operator, id: string, _: Json) => operator.showRun({ id }),
        ({ state, reason, result, changed }) => [
          ...(result ? runLines(result) : [`${state}: ${reason ?? ''}`]),
          ...changed.map(({ question, before, after }) => `    ${before} → ${after}: ${question}`),
        ],
      ),
    );
}
