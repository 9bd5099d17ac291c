/** `/docent help`, `/documents`, `/status`, …: what they say. Roles are checked here, for the person who acts. */
import type { Answerer } from '../answers/contract.ts';
import { helpText } from '../answers/texts.ts';
import type { Documents } from '../documents/index.ts';
import type { DocumentSummary } from '../documents/lifecycle.ts';
import { DocentError } from '../errors.ts';
import type { Learning } from '../learn/index.ts';
import { describeRun } from '../learn/texts.ts';
import type { Audience } from '../retrieval/visibility.ts';
import type { Home, IncomingCommand, Place, ReplyContent } from './contract.ts';
import { infoContent } from './delivery.ts';
import type { ChatFeedback } from './feedback.ts';
import type { LearningNews } from './learning-news.ts';
import type { PersonalData } from './personal-data.ts';
import type { Places } from './places.ts';
import { type Policies, policies } from './policies.ts';

/** Headings shown of one document. */
const mostHeadings = 12;
/** Discord shows so many completions. */
const mostTitles = 25;
/** Chat messages hold some thousand characters. */
const mostListed = 30;

const documentLine = (document: DocumentSummary): string => {
  const state = document.status === 'ready' ? `${document.sections} sections` : document.status;
  return `• ${document.path} (${state})`;
};

const listed = (list: readonly DocumentSummary[]): readonly string[] => [
  ...list.slice(0, mostListed).map(documentLine),
  ...(list.length > mostListed ? [`… and ${list.length - mostListed} more`] : []),
];

const named = (list: readonly DocumentSummary[], words: string): readonly DocumentSummary[] =>
  list.filter(({ path }) => path.toLowerCase().includes(words.toLowerCase()));

export interface ChatCommands {
  /** What to answer. @throws DocentError NOT_ALLOWED */
  run(command: IncomingCommand, audience: Audience): Promise<ReplyContent>;
  /** What is here for this person: questions to begin with, documents, the state. */
  home(place: Place, audience: Audience): Promise<Home>;
  /** Documents whose name holds what was typed. */
  titles(audience: Audience, typed: string): Promise<readonly { readonly id: string; readonly title: string }[]>;
}

export function createChatCommands(deps: {
  readonly documents: Documents;
  readonly answerer: Answerer;
  readonly model: (workspaceId: string) => { readonly base: string; readonly adapter: string | null };
  readonly learning: Pick<Learning, 'request' | 'latest' | 'scopeOf'>;
  readonly news: Pick<LearningNews, 'follow'>;
  readonly places: Pick<Places, 'locate'>;
  readonly feedback: Pick<ChatFeedback, 'list'>;
  readonly personalData: PersonalData;
  readonly policies: Policies;
}): ChatCommands {
  const { documents, answerer, learning } = deps;

  /** @param words the id of a document (a completion), its name, or a part of the name */
  const describe = async (words: string, audience: Audience): Promise<string> => {
    const list = await documents.list(audience);
    const exact = list.filter(({ id, path }) => id === words || path === words);
    const found = exact.length > 0 ? exact : named(list, words);
    const [one] = found;
    if (!one) return `There is no document here that you can see and that is called “${words}”.`;
    if (found.length > 1) return [`${found.length} documents are called so:`, ...listed(found)].join('\n');
    const { outline, pages, url, updatedAt, error, warnings } = await documents.show(one.id, audience);
    const headings = outline.flatMap(({ path }) => path.at(-1) ?? []);
    const more = headings.length > mostHeadings ? [`… and ${headings.length - mostHeadings} more`] : [];
    return [
      documentLine(one),
      `Uploaded ${updatedAt.slice(0, 10)}${pages === null ? '' : `, ${pages} pages`}. ${url ? `[Open it](${url})` : ''}`,
      ...(error ? [error] : []),
      ...warnings,
      ...(headings.length > 0
        ? ['It speaks about:', ...headings.slice(0, mostHeadings).map((heading) => `• ${heading}`)]
        : []),
      ...more,
    ].join('\n');
  };

  const listOf = (list: readonly DocumentSummary[]): string => {
    if (list.length === 0) return 'There are no documents here that you can see. Send me a file to begin.';
    return [`I answer from ${list.length} ${list.length === 1 ? 'document' : 'documents'} here:`, ...listed(list)].join(
      '\n',
    );
  };

  const statusOf = async (place: Place, list: readonly DocumentSummary[]): Promise<string> => {
    const { workspaceId } = await deps.places.locate(place);
    const { base, adapter } = deps.model(workspaceId);
    const ready = list.filter(({ status }) => status === 'ready').length;
    const failed = list.filter(({ status }) => status === 'failed').length;
    return [
      `Documents you can see: ${ready} ready${failed ? `, ${failed} that I could not read` : ''}.`,
      `Model: ${base}, adapter ${adapter ?? 'none'}.`,
      `Learning: ${describeRun(await learning.latest(await learning.scopeOf(workspaceId)))}`,
      ...(place.channel.visibility === 'direct' ? [] : [`In this channel ${policies[await deps.policies.of(place)]}.`]),
    ].join('\n');
  };

  const say = async (command: IncomingCommand, audience: Audience): Promise<string> => {
    switch (command.name) {
      case 'documents':
        return command.text.trim() === ''
          ? listOf(await documents.list(audience))
          : describe(command.text.trim(), audience);
      case 'status':
        return statusOf(command.place, await documents.list(audience));
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
      default:
        return helpText(await answerer.examples(audience));
    }
  };

  return {
    titles: async (audience, typed) =>
      named(await documents.list(audience), typed)
        .slice(0, mostTitles)
        .map(({ id, path }) => ({ id, title: path })),
    home: async (place, audience) => {
      const [examples, list] = await Promise.all([answerer.examples(audience), documents.list(audience)]);
      const texts = [helpText(examples), listOf(list), await statusOf(place, list)];
      return { examples, sections: texts.map(infoContent) };
    },
    run: async (command, audience) => {
      const who = { platform: command.place.platform, userId: command.person.id };
      if (command.name === 'feedback') return deps.feedback.list(command);
      if (command.name === 'policy') return infoContent(await deps.policies.run(command));
      if (command.name === 'export') return deps.personalData.export(who);
      if (command.name === 'forget') return deps.personalData.forget(who);
      return infoContent(await say(command, audience));
    },
  };
}
