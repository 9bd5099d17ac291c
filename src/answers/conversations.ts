/** Conversations, questions and answers as they are stored. No model, no platform. */

import { DocentError } from '../errors.ts';
import { retryOnConflict } from '../store/conflict.ts';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import type { Answer, AnswerKind, Audience, Question, Source } from './contract.ts';
import { isElliptical, type PreviousTurn } from './follow-up.ts';

/** What the reader saw of one passage; enough to explain the answer later and to learn from it. */
export interface Seen {
  readonly passageId: string;
  readonly documentId: string;
  readonly rank: number;
  readonly score: number;
  readonly pFound: number;
  readonly meanLogprob: number;
  readonly words: string | null;
}

export interface RecordedQuestion {
  readonly id: string;
  readonly conversationId: string;
  readonly threadKey: string;
  /** Set when this message key was answered before. */
  readonly answer: Answer | null;
}

const audienceKey = (audience: Audience): string => audience.channelId ?? 'operator';

type StoredAnswer = Prisma.AnswerGetPayload<{ include: { sources: true } }>;

export const toAnswer = (stored: StoredAnswer): Answer => ({
  id: stored.id,
  found: stored.found,
  kind: stored.kind as AnswerKind,
  answer: stored.answer,
  text: stored.text,
  confidence: stored.confidence,
  sources: [...stored.sources]
    .sort((a, b) => a.ordinal - b.ordinal)
    .map(
      ({ document, documentId, section, page, quote, start, end, url }): Source => ({
        document,
        documentId,
        section,
        page,
        quote,
        start,
        end,
        url,
      }),
    ),
  model: { base: stored.base, adapter: stored.adapter },
  timing: stored.timing as unknown as Answer['timing'],
});

export interface Conversations {
  /** Writes the question down before anything else happens with it. The same message key is the same question. */
  record(question: Question, replyTarget?: Prisma.InputJsonValue): Promise<RecordedQuestion>;
  /** What this question may lean on: the last turn's passages, and the last question that stands on its own. */
  previous(conversationId: string, questionId: string): Promise<PreviousTurn | null>;
  saveAnswer(questionId: string, answer: Omit<Answer, 'id'>, seen: readonly Seen[]): Promise<Answer>;
}

/** How far back a thread is searched for the question that its short ones lean on. */
const turnsLookedBack = 6;

/** External ids of the rooms that no platform knows: the operator's own surfaces. */
export const operatorChannel = '@operator';

export function createConversations(deps: { readonly prisma: PrismaClient }): Conversations {
  const { prisma } = deps;

  const channelOf = async (audience: Audience): Promise<string> => {
    if (audience.channelId) return audience.channelId;
    const workspace = await retryOnConflict(() =>
      prisma.workspace.upsert({
        where: { platform_externalId: { platform: 'local', externalId: 'local' } },
        create: { platform: 'local', externalId: 'local', name: 'This machine' },
        update: {},
      }),
    );
    const channel = await retryOnConflict(() =>
      prisma.channel.upsert({
        where: { workspaceId_externalId: { workspaceId: workspace.id, externalId: operatorChannel } },
        create: { workspaceId: workspace.id, externalId: operatorChannel, name: 'operator', visibility: 'direct' },
        update: {},
      }),
    );
    return channel.id;
  };

  /** A thread answers from what its audience may see, so it cannot be carried into another channel. */
  const refuseForeignThread = async (channelId: string, thread: string): Promise<void> => {
    const elsewhere = await prisma.conversation.findFirst({
      where: { threadKey: thread, channelId: { not: channelId }, channel: { workspace: { platform: 'local' } } },
    });
    if (elsewhere) throw new DocentError('THREAD_FOREIGN', { thread });
  };

  return {
    async record(question, replyTarget) {
      const messageKey = question.messageKey ?? `local:${crypto.randomUUID()}`;
      const known = await prisma.question.findUnique({
        where: { messageKey },
        include: { conversation: true, answer: { include: { sources: true } } },
      });
      if (known) {
        const { conversation, answer } = known;
        return {
          id: known.id,
          conversationId: conversation.id,
          threadKey: conversation.threadKey,
          answer: answer ? toAnswer(answer) : null,
        };
      }
      const channelId = await channelOf(question.audience);
      const threadKey = question.thread ?? messageKey;
      if (question.thread) await refuseForeignThread(channelId, question.thread);
      const place = () =>
        prisma.conversation.upsert({
          where: { channelId_threadKey: { channelId, threadKey } },
          create: { channelId, threadKey, audience: audienceKey(question.audience) },
          update: {},
        });
      // An old conversation may be deleted between the two: then both are made again.
      const stored = await retryOnConflict(async () => {
        const { id: conversationId } = await retryOnConflict(place);
        return prisma.question.upsert({
          where: { messageKey },
          create: {
            conversationId,
            messageKey,
            userId: question.userId,
            text: question.text,
            ...(replyTarget ? { replyTarget } : {}),
          },
          update: {},
        });
      });
      return { id: stored.id, conversationId: stored.conversationId, threadKey, answer: null };
    },

    async previous(conversationId, questionId) {
      const turns = await prisma.question.findMany({
        where: { conversationId, id: { not: questionId }, answer: { kind: { notIn: ['help', 'greeting'] } } },
        orderBy: { createdAt: 'desc' },
        take: turnsLookedBack,
        select: { text: true, answer: { select: { found: true, seen: true } } },
      });
      const [last] = turns;
      if (!last?.answer) return null;
      const seen = last.answer.seen as unknown as Seen[];
      const best = [...seen].sort((a, b) => b.pFound - a.pFound)[0];
      // "and for trainees?" after "and for part-timers?" still is about what was asked before both.
      const whole = turns.find(({ text }) => !isElliptical(text)) ?? last;
      return {
        question: whole.text,
        passageIds: last.answer.found && best ? [best.passageId] : [],
      };
    },

    async saveAnswer(questionId, answer, seen) {
      const stored = await prisma.$transaction(async (tx) => {
        const created = await tx.answer.upsert({
          where: { questionId },
          create: {
            questionId,
            found: answer.found,
            kind: answer.kind,
            answer: answer.answer,
            text: answer.text,
            confidence: answer.confidence,
            base: answer.model.base,
            adapter: answer.model.adapter,
            timing: answer.timing,
            seen: seen as unknown as Prisma.InputJsonValue,
            sources: { create: answer.sources.map((source, ordinal) => ({ ...source, ordinal })) },
          },
          update: {},
          include: { sources: true },
        });
        await tx.question.updateMany({ where: { id: questionId, state: 'received' }, data: { state: 'answered' } });
        return created;
      });
      return toAnswer(stored);
    },
  };
}
