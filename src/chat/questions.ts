/** A question in a chat: written down, answered, delivered once, also over restarts. */
import type { Logger } from 'pino';
import type { StoringAnswerer } from '../answers/ask.ts';
import type { Answer } from '../answers/contract.ts';
import type { Conversations } from '../answers/conversations.ts';
import { DocentError, isDocentError } from '../errors.ts';
import { Prisma, type PrismaClient } from '../store/generated/client.ts';
import type {
  ChatAdapter,
  IncomingMessage,
  Person,
  Place,
  Reply,
  ReplyAction,
  ReplyContent,
  ReplyTarget,
} from './contract.ts';
import {
  databaseAway,
  errorContent,
  finish,
  infoContent,
  presentable,
  showProgress,
  takesLonger,
  tellWhenSlow,
  whenDatabaseIsBack,
} from './delivery.ts';
import type { Places } from './places.ts';

/** Kept with a question until it is posted: all that a new process needs to go on. */
interface Pending {
  readonly target: ReplyTarget;
  readonly place: Place;
  /** Somebody does not want to know any more. */
  readonly stopped?: boolean;
}

export interface ChatQuestions {
  /** Durable when it resolves; false = this message was taken up before. */
  record(message: IncomingMessage): Promise<boolean>;
  /** Answers a recorded question and brings the answer to its place. Never throws. */
  deliver(messageKey: string, before?: Promise<unknown>): Promise<void>;
  /**
   * Ends a question that is not answered yet, also if this process ends before it says so. For the asker and admins.
   * @returns false when it is answered already
   * @throws DocentError NOT_ALLOWED
   */
  stop(questionId: string, by: { readonly place: Place; readonly person: Person }): Promise<boolean>;
  /** The same for all of this person's in this thread; `key`: of its first message. */
  stopThread(by: { readonly key: string; readonly place: Place; readonly person: Person }): Promise<void>;
  /** Questions that an earlier process left unanswered or unposted. */
  unfinished(): Promise<readonly string[]>;
}

/** Older questions get a line instead of an answer: the talk has moved on. */
const catchUpMs = 60 * 60_000;
const stopped = 'Stopped.';
const tooLate = 'I was away when you asked this. Please ask again if you still want to know.';

const stopAction = (questionId: string): ReplyAction => ({ kind: 'stop', subject: questionId, label: 'Stop' });

export const answerContent = (answer: Answer): ReplyContent => ({
  text: answer.text,
  sources: answer.sources,
  answerId: answer.kind === 'help' || answer.kind === 'greeting' ? null : answer.id,
  tone: answer.found ? 'answer' : answer.kind === 'help' || answer.kind === 'greeting' ? 'info' : 'not-found',
});

export function createChatQuestions(deps: {
  readonly prisma: PrismaClient;
  readonly conversations: Conversations;
  readonly answerer: StoringAnswerer;
  readonly places: Places;
  readonly adapters: () => readonly ChatAdapter[];
  readonly log: Logger;
}): ChatQuestions {
  const { prisma, conversations, answerer, places, log } = deps;
  /** A question that arrives while an earlier start's questions are gone through is delivered once. */
  const delivering = new Map<string, AbortController>();

  const answer = async (
    question: Prisma.QuestionGetPayload<object>,
    place: Place,
    reply: Reply,
    signal: AbortSignal,
  ): Promise<ReplyContent> => {
    const audience = await places.audience(place, question.userId);
    return answerContent(
      await answerer.ask(
        {
          text: question.text,
          audience,
          thread: place.thread,
          userId: question.userId,
          messageKey: question.messageKey,
        },
        {
          signal,
          onProgress: (stage, detail) => {
            if (stage !== 'waiting') return;
            void showProgress(reply, `You are number ${detail} in the queue…`, log, [stopAction(question.id)]);
          },
        },
      ),
    );
  };

  const settle = (messageKey: string, state: 'posted' | 'failed') =>
    prisma.question.update({ where: { messageKey }, data: { state, replyTarget: Prisma.DbNull } });

  const content = async (
    question: Prisma.QuestionGetPayload<object>,
    place: Place,
    reply: Reply,
    signal: AbortSignal,
  ): Promise<ReplyContent> => {
    if (Date.now() - question.createdAt.getTime() > catchUpMs) return infoContent(tooLate);
    try {
      return await whenDatabaseIsBack(
        () =>
          tellWhenSlow(answer(question, place, reply, signal), () =>
            showProgress(reply, takesLonger, log, [stopAction(question.id)]),
          ),
        () => showProgress(reply, databaseAway, log),
      );
    } catch (error) {
      if (isDocentError(error, 'CANCELLED') && signal.aborted) return infoContent(stopped);
      log.error({ err: error, question: question.id }, 'question failed');
      return errorContent(presentable(error, question.id));
    }
  };

  const stopOne = async ({ messageKey, replyTarget }: Prisma.QuestionGetPayload<object>): Promise<void> => {
    const pending = { ...(replyTarget as unknown as Pending), stopped: true };
    await prisma.question.updateMany({
      where: { messageKey, state: 'received' },
      data: { replyTarget: pending as unknown as Prisma.InputJsonValue },
    });
    delivering.get(messageKey)?.abort();
  };

  /** Questions of this channel that are not answered. */
  const openIn = ({ channel, platform, workspace }: Place): Prisma.QuestionWhereInput => ({
    state: 'received',
    replyTarget: { not: Prisma.DbNull },
    conversation: {
      channel: { externalId: channel.externalId, workspace: { platform, externalId: workspace.externalId } },
    },
  });

  return {
    async stop(questionId, { place, person }) {
      const question = await prisma.question.findFirst({ where: { id: questionId, ...openIn(place) } });
      if (!question) return false;
      if (question.userId !== person.id && !person.isAdmin)
        throw new DocentError('NOT_ALLOWED', { action: 'stop somebody else’s question', who: 'who asked it' });
      await stopOne(question);
      return true;
    },

    async stopThread({ key, place, person }) {
      // In direct messages a conversation goes on over several threads.
      const inThread = [{ messageKey: key }, { conversation: { threadKey: place.thread } }];
      const open = await prisma.question.findMany({
        where: { ...openIn(place), OR: inThread, userId: person.id },
      });
      for (const question of open) await stopOne(question);
    },

    async record(message) {
      const known = await prisma.question.findUnique({ where: { messageKey: message.key }, select: { id: true } });
      if (known) return false;
      const audience = await places.audience(message.place, message.person.id);
      const pending: Pending = { target: message.target, place: message.place };
      await conversations.record(
        {
          text: message.text,
          audience,
          thread: message.place.thread,
          userId: message.person.id,
          messageKey: message.key,
        },
        pending as unknown as Prisma.InputJsonValue,
      );
      return true;
    },

    async deliver(messageKey, before) {
      if (delivering.has(messageKey)) return;
      const stopping = new AbortController();
      delivering.set(messageKey, stopping);
      try {
        const question = await prisma.question.findUnique({ where: { messageKey } });
        if (!question?.replyTarget) return;
        const { target, place, stopped: isStopped } = question.replyTarget as unknown as Pending;
        const adapter = deps.adapters().find(({ platform }) => platform === place.platform);
        if (!adapter) return;
        const reply = adapter.open(target, messageKey);
        if (!isStopped) await showProgress(reply, 'Looking through the documents…', log);
        await before;
        const result = isStopped ? infoContent(stopped) : await content(question, place, reply, stopping.signal);
        const delivered = await finish(reply, result, log);
        if (delivered)
          await whenDatabaseIsBack(
            () => settle(messageKey, result.tone === 'error' ? 'failed' : 'posted'),
            async () => undefined,
          );
      } catch (error) {
        // Still recorded: the next start goes on with it.
        log.error({ err: error }, 'question could not be delivered');
      } finally {
        delivering.delete(messageKey);
      }
    },

    async unfinished() {
      const platforms = deps.adapters().map(({ platform }) => platform);
      const rows = await prisma.question.findMany({
        where: {
          state: { in: ['received', 'answered'] },
          conversation: { channel: { workspace: { platform: { in: platforms } } } },
        },
        orderBy: { createdAt: 'asc' },
        select: { messageKey: true },
      });
      return rows.map(({ messageKey }) => messageKey);
    },
  };
}
