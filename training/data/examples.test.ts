import { beforeAll, describe, expect, it } from 'vitest';
import type { Tokenizer } from '../../src/inference/contract.ts';
import { loadTokenizer } from '../../src/inference/tokenizer.ts';
import { testBase } from '../../tests/setup/base.ts';
import { createRowMaker, type Example, type ExampleQuestion, type Task } from './examples.ts';
import type { Row } from './row.ts';

describe('rows over the real tokenizer', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = loadTokenizer((await testBase()).path);
  });

  const text = 'Full-time employees get 25 days of leave. Unpaid leave is not allowed in 2026. Ask Ana or Ben.';
  const at = (words: string): [number, number] => [text.indexOf(words), text.indexOf(words) + words.length];
  const ask = (question: string, form: ExampleQuestion['form'], ...words: string[]): ExampleQuestion => ({
    question,
    form,
    spans: words.map(at),
    weight: 1,
  });
  const example = (...questions: ExampleQuestion[]): Example => ({
    pieces: [{ text: 'Leave › Annual leave: ' }, { text, start: 0, end: text.length }],
    questions,
  });
  const row = (task: Task, given: Example, length = 640): Row | null =>
    createRowMaker(tokenizer, length, task).row(given);
  const decoded = ({ ids, segments }: Row, segment: number): string =>
    tokenizer.decode([...ids].filter((_, i) => segments[i] === segment));
  const trained = ({ targets }: Row): string => tokenizer.decode([...targets]);

  const system =
    '<|im_start|>system\nWrite the question that these words of the passage answer, as a colleague would ask it.<|im_end|>\n';
  const asked: readonly (readonly [ExampleQuestion, string])[] = [
    [ask('How much leave do I get?', 'span', '25 days'), ' (span): 25 days'],
    [
      ask('Do full-timers get leave?', 'yes', 'Full-time employees get 25 days of leave.'),
      ' (yes): Full-time employees get 25 days of leave.',
    ],
    [
      ask('May I take unpaid leave?', 'no', 'Unpaid leave is not allowed in 2026.'),
      ' (no): Unpaid leave is not allowed in 2026.',
    ],
    [ask('Whom do I ask?', 'list', 'Ana', 'Ben'), ' (list): Ana ; Ben'],
  ];

  it('lets the writer ask for what stands in the passage', () => {
    const made = row('write', example(...asked.map(([question]) => question)))!;
    expect(decoded(made, 0)).toBe(`${system}<|im_start|>user\nPassage: Leave › Annual leave: ${text}\n\nAnswer`);
    asked.forEach(([{ question }, shown], i) => {
      expect(decoded(made, i + 1)).toBe(`${shown}<|im_end|>\n<|im_start|>assistant\n${question}<|im_end|>`);
    });
    expect(trained(made)).toBe(asked.map(([{ question }]) => `${question}<|im_end|>`).join(''));
    expect(made.answers).toBe(4);
  });

  it('copies the tokens of the passage, never encodes the answer anew', () => {
    const { ids, segments } = row('write', example(asked[0]![0]))!;
    const context = [...ids].filter((_, i) => segments[i] === 0).join(',');
    const branch = [...ids].filter((_, i) => segments[i] === 1);
    const kind = [...tokenizer.encode(' (span):')];
    const copied = branch.slice(kind.length, branch.indexOf(tokenizer.special('<|im_end|>')));
    expect(tokenizer.decode(copied)).toBe(' 25 days');
    expect(context).toContain(copied.join(','));
  });

  it('begins every branch where the passage ends, as if it were asked alone', () => {
    const both = row('write', example(asked[0]![0], asked[2]![0]))!;
    const alone = row('write', example(asked[2]![0]))!;
    const second = [...both.ids.keys()].filter((i) => both.segments[i] === 2);
    const only = [...alone.ids.keys()].filter((i) => alone.segments[i] === 1);
    expect(second.map((i) => both.ids[i])).toEqual(only.map((i) => alone.ids[i]));
    expect(second.map((i) => both.positions[i])).toEqual(only.map((i) => alone.positions[i]));
  });

  it('asks nothing about what has no answer, or none that may be quoted', () => {
    const none = ask('What about Mars?', 'none');
    expect(row('write', example(none))).toBeNull();
    expect(row('write', example(none, asked[0]![0]))!.answers).toBe(1);
    expect(row('write', example({ ...asked[0]![0], spans: [[500, 510]] }))).toBeNull();
  });

  it('trains the reader to answer the same questions, and to refuse', () => {
    const made = row('read', example(...asked.map(([question]) => question), ask('What about Mars?', 'none')))!;
    expect(trained(made)).toBe(
      [
        '[1] 25 days',
        '[1] yes: Full-time employees get 25 days of leave.',
        '[1] no: Unpaid leave is not allowed in 2026.',
        '[1] Ana ; Ben',
        'not found',
      ]
        .map((answer) => `${answer}<|im_end|>`)
        .join(''),
    );
  });

  it('leaves out what does not fit', () => {
    const made = row('write', example(...asked.map(([question]) => question)))!;
    const less = row('write', example(...asked.map(([question]) => question)), made.ids.length - 1)!;
    expect(less.answers).toBe(3);
    expect(row('write', example(asked[0]![0]), 40)).toBeNull();
  });
});
