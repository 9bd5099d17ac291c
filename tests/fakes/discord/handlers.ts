/**
 * The least service that keeps the contract of chat: it records each message in a file before it answers, answers once,
 * and after a restart goes on with what is not posted. Adapters are tested against it without database or model.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type {
  ChatAdapter,
  ChatHandlers,
  IncomingCommand,
  IncomingCorrection,
  IncomingJoin,
  IncomingMessage,
  IncomingPress,
  IncomingTeaching,
  Notes,
  Place,
  ReplyContent,
  ReplyTarget,
} from '../../../src/chat/contract.ts';

interface Job {
  readonly id: string;
  readonly key: string;
  readonly what: string;
  target: ReplyTarget;
  posted: boolean;
}

interface Memory {
  jobs: Job[];
  notes: Record<string, string>;
}

export interface HandlerOptions {
  readonly adapter: () => ChatAdapter;
  /** Where it remembers; null = in memory only. */
  readonly file: string | null;
  /** What it answers to a text; the default repeats it. */
  readonly answer?: (what: string, id: string) => ReplyContent | Promise<ReplyContent>;
  readonly ownThread?: (place: Place) => boolean;
}

export function openMemory(file: string | null) {
  const memory: Memory =
    file && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Memory) : { jobs: [], notes: {} };
  const save = (): void => {
    if (!file) return;
    writeFileSync(`${file}.new`, JSON.stringify(memory));
    renameSync(`${file}.new`, file);
  };
  const notes: Notes = {
    get: async (key) => memory.notes[key] ?? null,
    set: async (key, value) => {
      if (value === null) delete memory.notes[key];
      else memory.notes[key] = value;
      save();
    },
  };
  return { memory, save, notes };
}

export function createHandlers(
  { adapter, answer, ownThread }: HandlerOptions,
  { memory, save }: ReturnType<typeof openMemory>,
) {
  const heard = {
    messages: [] as IncomingMessage[],
    commands: [] as IncomingCommand[],
    votes: [] as Parameters<ChatHandlers['feedback']>[0][],
    corrections: [] as IncomingCorrection[],
    presses: [] as IncomingPress[],
    teachings: [] as IncomingTeaching[],
    joins: [] as IncomingJoin[],
    edits: [] as string[],
    left: [] as string[],
    present: [] as (readonly string[])[],
    deleted: [] as string[],
    changed: [] as Parameters<ChatHandlers['channelChanged']>[0][],
  };
  const failures: unknown[] = [];

  const work = async (job: Job): Promise<void> => {
    const reply = adapter().open(job.target, job.id);
    const remember = () => {
      job.target = JSON.parse(JSON.stringify(reply.target)) as ReplyTarget;
      save();
    };
    await reply.progress('Reading 4 passages…');
    remember();
    await reply.finish(
      (await answer?.(job.what, job.id)) ?? {
        text: `Answer to «${job.what}»`,
        sources: [],
        answerId: job.id,
        tone: 'answer',
      },
    );
    job.posted = true;
    remember();
  };

  const begin = (job: Job): void => {
    work(job).catch((error: unknown) => failures.push(error));
  };

  const take = (key: string, what: string, target: ReplyTarget): void => {
    if (memory.jobs.some((job) => job.key === key)) return;
    const job: Job = { id: randomUUID(), key, what, target, posted: false };
    memory.jobs.push(job);
    save();
    begin(job);
  };

  const handlers: ChatHandlers = {
    message: async (message) => {
      heard.messages.push(message);
      if (message.text || message.files.length === 0) take(message.key, message.text, message.target);
      for (const file of message.files) {
        if (memory.jobs.some((job) => job.key === file.key)) continue;
        const bytes = await file.download();
        take(file.key, `${file.name}: ${bytes.byteLength} bytes`, message.target);
      }
    },
    command: async (command) => {
      heard.commands.push(command);
      const file = command.files[0];
      const said = file ? `${file.name}: ${(await file.download()).byteLength} bytes` : command.text;
      take(command.key, `${command.name} ${said}`.trim(), command.target);
    },
    feedback: async (vote) => void heard.votes.push(vote),
    correct: async (correction) => {
      heard.corrections.push(correction);
      take(correction.key, `correction ${correction.correction}`, correction.target);
    },
    press: async (press) => {
      heard.presses.push(press);
      take(press.key, press.action.kind, press.target);
    },
    teach: async (teaching) => {
      heard.teachings.push(teaching);
      take(teaching.key, `teach ${teaching.message.text}`, teaching.target);
    },
    joined: async (join) => {
      heard.joins.push(join);
      take(join.key, 'hello', join.target);
    },
    stop: async () => undefined,
    home: async () => ({ examples: [], sections: [] }),
    titles: async (_place, _person, typed) => [{ id: 'd1', title: `${typed}…` }],
    messageEdited: async (key, text) => void heard.edits.push(`${key} ${text}`),
    workspaceLeft: async ({ workspace }) => void heard.left.push(workspace.externalId),
    workspacesPresent: async (_platform, ids) => void heard.present.push(ids),
    fileChanged: async () => undefined,
    fileDeleted: async (_place, key) => void heard.deleted.push(key),
    channelChanged: async (place) => void heard.changed.push(place),
    isOwnThread: async (place) => ownThread?.(place) ?? false,
    isKnown: async (key) => memory.jobs.some((job) => job.key === key),
  };

  return {
    handlers,
    heard,
    failures,
    jobs: memory.jobs,
    /** Goes on with what an earlier process left. */
    resume: (): void => {
      for (const job of memory.jobs) if (!job.posted) begin(job);
    },
    isIdle: (): boolean => memory.jobs.every((job) => job.posted),
  };
}
