/** What is kept of one person: handed out, or forgotten. Knows rows; no platform. */
import type { Documents } from '../documents/index.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import type { Person, Place, ReplyContent } from './contract.ts';
import { infoContent } from './delivery.ts';

type Who = { readonly platform: Place['platform']; readonly userId: Person['id'] };

export interface PersonalData {
  /** Own questions with their answers, votes and uploads, as a JSON file that only this person is sent. */
  export(who: Who): Promise<ReplyContent>;
  /** Deletes all of it but files that others share, and what was learned from it. */
  forget(who: Who): Promise<ReplyContent>;
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

export function createPersonalData(deps: {
  readonly prisma: PrismaClient;
  readonly documents: Documents;
  /** Told when corrections go that were approved at this time or later: adapters may have learned them. */
  readonly onCorrectionsForgotten: (since: Date) => Promise<unknown>;
}): PersonalData {
  const { prisma, documents } = deps;

  const inPlatform = (platform: Who['platform']) => ({ workspace: { platform } });
  const questionsOf = ({ platform, userId }: Who) => ({ userId, conversation: { channel: inPlatform(platform) } });
  const feedbackOf = ({ platform, userId }: Who) => ({
    userId,
    answer: { question: { conversation: { channel: inPlatform(platform) } } },
  });
  const uploadsOf = ({ platform, userId }: Who) => ({ uploaderId: userId, channel: inPlatform(platform) });

  /** When the first of the approved corrections and liked answers that go began to teach; null = none did. */
  const taughtSince = async (who: Who): Promise<Date | null> => {
    const going = { OR: [feedbackOf(who), { answer: { question: questionsOf(who) } }] };
    const approved = await prisma.feedback.findMany({
      where: { review: 'approved', ...going },
      select: { id: true, createdAt: true },
    });
    const liked = await prisma.feedback.findFirst({
      where: { vote: { gt: 0 }, ...going },
      orderBy: { createdAt: 'asc' },
    });
    const entries = await prisma.auditEntry.findMany({
      where: { action: 'feedback.approved', subject: { in: approved.map(({ id }) => id) } },
      select: { subject: true, at: true },
    });
    const times = approved.map(({ id, createdAt }) => entries.find(({ subject }) => subject === id)?.at ?? createdAt);
    if (liked) times.push(liked.createdAt);
    return times.length === 0 ? null : new Date(Math.min(...times.map(Number)));
  };

  return {
    async export(who) {
      const [questions, feedback, uploads] = await Promise.all([
        prisma.question.findMany({
          where: questionsOf(who),
          include: { answer: { include: { sources: true } }, conversation: { include: { channel: true } } },
          orderBy: { createdAt: 'asc' },
        }),
        prisma.feedback.findMany({ where: feedbackOf(who), orderBy: { createdAt: 'asc' } }),
        prisma.document.findMany({
          where: uploadsOf(who),
          include: { channel: true },
          orderBy: { createdAt: 'asc' },
        }),
      ]);
      const data = {
        exported: new Date().toISOString(),
        platform: who.platform,
        user: who.userId,
        questions: questions.map(({ createdAt, text, answer, conversation }) => ({
          asked: createdAt.toISOString(),
          channel: conversation.channel.name,
          question: text,
          answer: answer && {
            id: answer.id,
            found: answer.found,
            text: answer.text,
            confidence: answer.confidence,
            sources: answer.sources.map(({ document, section, page, quote, url }) => ({
              document,
              section,
              page,
              quote,
              url,
            })),
          },
        })),
        feedback: feedback.map(({ createdAt, answerId, vote, reason, correction, review }) => ({
          given: createdAt.toISOString(),
          answer: answerId,
          vote,
          reason,
          correction,
          review,
        })),
        uploads: uploads.map(({ createdAt, path, url, channel }) => ({
          uploaded: createdAt.toISOString(),
          channel: channel.name,
          path,
          url,
        })),
      };
      const counts = [
        counted(questions.length, 'question'),
        counted(feedback.length, 'vote'),
        counted(uploads.length, 'upload'),
      ].join(', ');
      return {
        ...infoContent(`This is all that I keep of you: ${counts}.`),
        attachment: { name: 'docent-my-data.json', text: `${JSON.stringify(data, null, 2)}\n` },
      };
    },

    async forget(who) {
      const since = await taughtSince(who);
      const own = await prisma.document.findMany({
        where: { ...uploadsOf(who), channel: { ...inPlatform(who.platform), visibility: 'direct' } },
        select: { id: true },
      });
      for (const { id } of own) await documents.remove(id, 'person');
      const { questions, votes, uploads } = await prisma.$transaction(async (tx) => {
        const { count: votes } = await tx.feedback.deleteMany({ where: feedbackOf(who) });
        const talks = await tx.question.findMany({ where: questionsOf(who), select: { conversationId: true } });
        const { count: questions } = await tx.question.deleteMany({ where: questionsOf(who) });
        const ids = [...new Set(talks.map(({ conversationId }) => conversationId))];
        await tx.conversation.deleteMany({ where: { id: { in: ids }, questions: { none: {} } } });
        const { count: uploads } = await tx.document.updateMany({ where: uploadsOf(who), data: { uploaderId: null } });
        return { questions, votes, uploads };
      });
      if (since) await deps.onCorrectionsForgotten(since);
      if (questions + votes + uploads + own.length === 0) return infoContent('I had nothing of yours.');
      const gone = [
        counted(questions, 'question'),
        counted(votes, 'vote'),
        ...(own.length > 0 ? [counted(own.length, 'file of our direct messages')] : []),
      ].join(', ');
      const kept =
        uploads > 0
          ? ` ${counted(uploads, 'file')} that you shared with others ${uploads === 1 ? 'stays' : 'stay'}, no longer under your name: delete the message to delete the file.`
          : '';
      return infoContent(`Done: I forgot ${gone}, with their answers and all that I learned from them.${kept}`);
    },
  };
}
