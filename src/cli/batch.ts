/** `docent ask --batch FILE.jsonl`: a line in, a line out, in input order, several questions under way at once. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { DocentError, isDocentError, reasonOf } from '../errors.ts';
import type { Operator } from '../operator/contract.ts';
import { printJson } from './output.ts';

const lineSchema = z.object({
  id: z.union([z.string(), z.number()]),
  question: z.string(),
  thread: z.string().optional(),
});

/** The engine batches what is asked together; more only wait in its queue. */
const inFlight = 4;

type Result = Readonly<Record<string, unknown>>;

export async function askBatch(operator: Operator, file: string, channel: string | undefined): Promise<void> {
  if (!existsSync(file)) throw new DocentError('PATH_NOT_FOUND', { path: file });
  const lines = createInterface({ input: createReadStream(file) });
  /** Questions of one thread wait for each other: follow-ups need the answer before. */
  const threads = new Map<string, Promise<unknown>>();

  const ask = async (text: string, number: number): Promise<Result> => {
    let id: unknown = null;
    try {
      const raw = JSON.parse(text) as { id?: unknown };
      id = raw?.id ?? null;
      const line = lineSchema.parse(raw);
      const before = line.thread ? threads.get(line.thread) : undefined;
      const answer = (async () => {
        await before?.catch(() => undefined);
        return operator.ask({
          question: line.question,
          ...(channel ? { channel } : {}),
          ...(line.thread ? { thread: line.thread } : {}),
        });
      })();
      if (line.thread) threads.set(line.thread, answer);
      const { id: answerId, ...rest } = await answer;
      return { ...rest, id: line.id, answerId };
    } catch (error) {
      if (isDocentError(error)) return { id, error: `${error.code}: ${error.line}` };
      const invalid = new DocentError('BATCH_LINE_INVALID', {
        line: number,
        reason: error instanceof z.ZodError ? 'id and question are needed' : reasonOf(error),
      });
      return { id, error: `${invalid.code}: ${invalid.line}` };
    }
  };

  const window: Promise<Result>[] = [];
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    window.push(ask(text, number));
    if (window.length >= inFlight) printJson(await window.shift());
  }
  for (const result of window) printJson(await result);
}
