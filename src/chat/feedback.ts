/**
 * What people say about answers: votes, what the answer should have been, and whether an admin lets it be learned. Knows
 * corrections and roles; no platform.
 */
import type { Logger } from 'pino';
import { DocentError } from '../errors.ts';
import type { Corrections } from '../learn/feedback.ts';
import { shorten } from '../shorten.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import { isUuid } from '../store/uuid.ts';
import type {
  ChatHandlers,
  IncomingCommand,
  IncomingCorrection,
  IncomingPress,
  Place,
  ReplyAction,
  ReplyContent,
} from './contract.ts';
import { infoContent } from './delivery.ts';
import type { Places } from './places.ts';
import { datedName, textFile } from './text-file.ts';
import type { FileMessage } from './uploads.ts';

/** Each has two buttons, and a reply takes ten. */
const mostListed = 5;
const longestShown = 200;

export interface ChatFeedback {
  vote(vote: Parameters<ChatHandlers['feedback']>[0]): Promise<void>;
  /** Keeps the correction. @returns what its giver reads */
  correct(correction: IncomingCorrection): Promise<ReplyContent>;
  /** @throws DocentError NOT_ALLOWED, FEEDBACK_UNKNOWN, CORRECTION_NOT_FOUND */
  review(press: IncomingPress): Promise<ReplyContent>;
  /** The correction as a file of its channel. @throws DocentError FEEDBACK_UNKNOWN, NOT_ALLOWED */
  asFile(press: IncomingPress): Promise<FileMessage>;
  /** Corrections that wait for an admin. @throws DocentError NOT_ALLOWED */
  list(command: IncomingCommand): Promise<ReplyContent>;
}

const admins = 'an admin of this workspace';

const reviewActions = (subject: string, suffix = ''): readonly ReplyAction[] => [
  { kind: 'approve', subject, label: `Approve${suffix}` },
  { kind: 'reject', subject, label: `Reject${suffix}` },
];

export function createChatFeedback(deps: {
  readonly prisma: PrismaClient;
  readonly places: Places;
  readonly corrections: Corrections;
  /** Told after a 👎. */
  readonly onDislike: () => Promise<unknown>;
  readonly log: Logger;
}): ChatFeedback {
  const { prisma, places, corrections, log } = deps;

  const workspaceOf = ({ platform, workspace }: Place) => ({ platform, externalId: workspace.externalId });

  /** An answer that was given in this channel. */
  const answerIn = async (place: Place, answerId: string) =>
    isUuid(answerId)
      ? prisma.answer.findFirst({
          where: {
            id: answerId,
            question: {
              conversation: {
                channel: { externalId: place.channel.externalId, workspace: { platform: place.platform } },
              },
            },
          },
        })
      : null;

  const weigh = (): Promise<unknown> =>
    deps.onDislike().catch((error: unknown) => log.error({ err: error }, 'votes could not be weighed'));

  const requireAdmin = (person: { readonly isAdmin: boolean }): void => {
    if (!person.isAdmin) throw new DocentError('NOT_ALLOWED', { action: 'decide what is learned', who: admins });
  };

  return {
    async vote({ answerId, person, place, vote }) {
      if (!(await answerIn(place, answerId))) return;
      await corrections.record({ answerId, userId: person.id, vote });
      if (vote < 0) await weigh();
    },

    async correct({ answerId, person, place, correction, reason }) {
      if (!(await answerIn(place, answerId)))
        return infoContent('I do not keep that answer any more, so there is nothing to correct.');
      const words = correction.trim();
      const subject = await corrections.record({
        answerId,
        userId: person.id,
        vote: -1,
        correction: words || null,
        reason: reason.trim() || null,
      });
      await weigh();
      if (words === '') return infoContent('Thank you, noted.');
      if (!(await corrections.isSaid(words, await places.audience(place, person.id))))
        return {
          ...infoContent(
            `Thank you. No document here says “${shorten(words, longestShown)}”, and I answer only from documents. Shall I keep it as a document of this channel?`,
          ),
          actions: [{ kind: 'teach', subject, label: 'Teach this to Docent' }],
        };
      const known = await corrections.find(subject, workspaceOf(place));
      if (!known?.source)
        return infoContent(
          'Thank you, noted. The documents here say so too, but I train only on what everybody may read.',
        );
      if (!person.isAdmin)
        return infoContent(`Thank you. The documents say so too: once ${admins} approves it, I answer so.`);
      return {
        ...infoContent('Thank you. The documents say so too: approve it, and I answer so from now on.'),
        actions: reviewActions(subject),
      };
    },

    async review({ action, person, place }) {
      requireAdmin(person);
      if (!(await corrections.find(action.subject, workspaceOf(place))))
        throw new DocentError('FEEDBACK_UNKNOWN', { id: action.subject });
      const review = action.kind === 'approve' ? 'approved' : 'rejected';
      await corrections.review(action.subject, review, `${place.platform}:${person.id}`);
      return infoContent(
        review === 'approved'
          ? 'Approved: whoever asks this again gets these words, and the next run learns them.'
          : 'Rejected: it will not be learned.',
      );
    },

    async asFile({ key, action, person, place, target }) {
      const given = isUuid(action.subject)
        ? await prisma.feedback.findUnique({
            where: { id: action.subject },
            include: { answer: { include: { question: true } } },
          })
        : null;
      if (!given?.correction || !(await answerIn(place, given.answerId)))
        throw new DocentError('FEEDBACK_UNKNOWN', { id: action.subject });
      if (given.userId !== person.id && !person.isAdmin)
        throw new DocentError('NOT_ALLOWED', { action: 'add somebody else’s correction', who: admins });
      const file = textFile({
        key: `${place.platform}:correction:${given.id}`,
        name: datedName('correction', given.createdAt, given.id),
        heading: given.answer.question.text,
        text: given.correction,
        url: null,
      });
      return { key, place, person, target, files: [file] };
    },

    async list({ place, person }) {
      requireAdmin(person);
      const open = (await corrections.list(workspaceOf(place))).filter(({ review }) => review === 'open');
      if (open.length === 0) return infoContent('No correction waits for you.');
      const lines = open
        .slice(0, mostListed)
        .flatMap(({ question, correction, reason, source }, at) => [
          `${at + 1}. “${shorten(question, longestShown)}” should be answered: “${shorten(correction, longestShown)}”`,
          ...(reason ? [`   What is wrong: ${shorten(reason, longestShown)}`] : []),
          ...(source ? [] : ['   No document that everybody may read says this, so it cannot be approved yet.']),
        ]);
      const more = open.length > mostListed ? [`… and ${open.length - mostListed} more`] : [];
      return {
        ...infoContent(['Corrections that wait for you:', ...lines, ...more].join('\n')),
        actions: open.slice(0, mostListed).flatMap(({ id }, at) => reviewActions(id, ` ${at + 1}`)),
      };
    },
  };
}
