/** A question in a chat: written down, answered, delivered once, also over restarts. */
import type { Logger } from 'pino';
import type { StoringAnswerer } from '../answers/ask.ts';
import type { Answer } from '../answers/contract.ts';
import type { Conversations } from '../answers/conversations.ts';
import { Prisma, type PrismaClient } from '../store/generated/client.ts';
import type { ChatAdapter, IncomingMessage, Place, Reply, ReplyContent, ReplyTarget } from './contract.ts';
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
}

export interface ChatQuestions {
  /** Durable when it resolves; false = this message was taken up before. */
  record(message: IncomingMessage): Promise<boolean>;
  /** Answers a recorded question and brings the answer to its place. Never throws. */
  deliver(messageKey: string, before?: Promise<unknown>): Promise<void>;
  /** Questions that an earlier process left unanswered or unposted. */
  unfinished(): Promise<readonly string[]>;
}

/** Older questions get a line instead of an answer: the talk has moved on. */
const catchUpMs = 60 * 60_000;
const tooLate = 'I was away when you asked this. Please ask again if you still want to know.';

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
  const delivering = new Set<string>();

  const answer = async (
    question: Prisma.QuestionGetPayload<object>,
    place: Place,
    reply: Reply,
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
          onProgress: (stage, detail) => {
            if (stage === 'waiting') void showProgress(reply, `You are number ${detail} in the queue…`, log);
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
  ): Promise<ReplyContent> => {
    if (Date.now() - question.createdAt.getTime() > catchUpMs) return infoContent(tooLate);
    try {
      return await whenDatabaseIsBack(
        () => tellWhenSlow(answer(question, place, reply), () => showProgress(reply, takesLonger, log)),
        () => showProgress(reply, databaseAway, log),
      );
    } catch (error) {
      log.error({ err: error, question: question.id }, 'question failed');
      return errorContent(presentable(error, question.id));
    }
  };

  return {
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
      delivering.add(messageKey);
      try {
        const question = await prisma.question.findUnique({ where: { messageKey } });
        if (!question?.replyTarget) return;
        const { target, place } = question.replyTarget as unknown as Pending;
        const adapter = deps.adapters().find(({ platform }) => platform === place.platform);
        if (!adapter) return;
        const reply = adapter.open(target, messageKey);
        await showProgress(reply, 'Looking through the documents…', log);
        await before;
        const result = await content(question, place, reply);
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
