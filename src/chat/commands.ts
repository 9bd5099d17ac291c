/** `/docent help`, `/documents`, `/status`, …: what they say. Roles are checked here, for the person who acts. */
import type { Answerer } from '../answers/contract.ts';
import { helpText } from '../answers/texts.ts';
import type { Documents } from '../documents/index.ts';
import type { DocumentSummary } from '../documents/lifecycle.ts';
import { DocentError } from '../errors.ts';
import type { Learning } from '../learn/index.ts';
import { describeRun } from '../learn/texts.ts';
import type { Audience } from '../retrieval/visibility.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import type { IncomingCommand, ReplyContent } from './contract.ts';
import { infoContent } from './delivery.ts';
import type { ChatFeedback } from './feedback.ts';
import type { LearningNews } from './learning-news.ts';
import type { Places } from './places.ts';

/** Chat messages hold some thousand characters. */
const mostListed = 30;

const documentLine = (document: DocumentSummary): string => {
  const state = document.status === 'ready' ? `${document.sections} sections` : document.status;
  return `• ${document.path} (${state})`;
};

export interface ChatCommands {
  /** What to answer. @throws DocentError NOT_ALLOWED */
  run(command: IncomingCommand, audience: Audience): Promise<ReplyContent>;
}

export function createChatCommands(deps: {
  readonly prisma: PrismaClient;
  readonly documents: Documents;
  readonly answerer: Answerer;
  readonly model: (workspaceId: string) => { readonly base: string; readonly adapter: string | null };
  readonly learning: Pick<Learning, 'request' | 'latest' | 'scopeOf'>;
  readonly news: Pick<LearningNews, 'follow'>;
  readonly places: Pick<Places, 'locate'>;
  readonly feedback: Pick<ChatFeedback, 'list'>;
}): ChatCommands {
  const { prisma, documents, answerer, learning } = deps;

  const forget = async (command: IncomingCommand): Promise<string> => {
    const { count } = await prisma.question.deleteMany({
      where: {
        userId: command.person.id,
        conversation: {
          channel: { workspace: { platform: command.place.platform, externalId: command.place.workspace.externalId } },
        },
      },
    });
    return count === 0
      ? 'I had nothing of yours.'
      : `Done: I forgot ${count} of your questions, with their answers. Files you shared stay until they are deleted.`;
  };

  const say = async (command: IncomingCommand, audience: Audience): Promise<string> => {
    switch (command.name) {
      case 'documents': {
        const list = await documents.list(audience);
        if (list.length === 0) return 'There are no documents here that you can see. Send me a file to begin.';
        const more = list.length > mostListed ? [`… and ${list.length - mostListed} more`] : [];
        return [
          `I answer from ${list.length} documents here:`,
          ...list.slice(0, mostListed).map(documentLine),
          ...more,
        ].join('\n');
      }
      case 'status': {
        const list = await documents.list(audience);
        const { workspaceId } = await deps.places.locate(command.place);
        const { base, adapter } = deps.model(workspaceId);
        const ready = list.filter(({ status }) => status === 'ready').length;
        const failed = list.filter(({ status }) => status === 'failed').length;
        return [
          `Documents you can see: ${ready} ready${failed ? `, ${failed} that I could not read` : ''}.`,
          `Model: ${base}, adapter ${adapter ?? 'none'}.`,
          `Learning: ${describeRun(await learning.latest(await learning.scopeOf(workspaceId)))}`,
        ].join('\n');
      }
      case 'retrain': {
        if (!command.person.isAdmin)
          throw new DocentError('NOT_ALLOWED', { action: 'retrain the model', who: 'an admin of this workspace' });
        const { workspaceId, channelId } = await deps.places.locate(command.place);
        const scope = await learning.scopeOf(workspaceId);
        await learning.request({ by: `${command.place.platform}:${command.person.id}`, now: true, scope });
        const told = await deps.news.follow({
          channelId,
          target: command.target,
          replyId: `${command.key}:learning`,
          since: (await learning.latest(scope))?.startedAt ?? new Date(),
        });
        return [
          'I am learning from the documents that everybody here may read: I write questions, train on them, and go live with the result only if it is better.',
          'Answers come first, so I am slower while you ask. `status` says how far I am.',
          ...(told ? ['I tell you here what came of it.'] : []),
        ].join('\n');
      }
      case 'forget':
        return forget(command);
      default:
        return helpText(await answerer.examples(audience));
    }
  };

  return {
    run: async (command, audience) =>
      command.name === 'feedback' ? deps.feedback.list(command) : infoContent(await say(command, audience)),
  };
}
