/**
 * What every chat platform shares: exactly once, never silent, and everything written down before it is acknowledged.
 * Knows answers, documents and chat/contract.ts; no platform.
 */
import type { Logger } from 'pino';
import type { Documents } from '../documents/index.ts';
import { retryOnConflict } from '../store/conflict.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import type { ChatCommands } from './commands.ts';
import type { ChatAdapter, ChatHandlers, IncomingCommand, IncomingMessage } from './contract.ts';
import {
  databaseAway,
  errorContent,
  finish,
  infoContent,
  presentable,
  showProgress,
  whenDatabaseIsBack,
} from './delivery.ts';
import type { Places } from './places.ts';
import type { ChatQuestions } from './questions.ts';
import type { ChatUploads } from './uploads.ts';

interface Deps {
  readonly prisma: PrismaClient;
  readonly places: Places;
  readonly questions: ChatQuestions;
  readonly uploads: ChatUploads;
  readonly commands: ChatCommands;
  readonly documents: Documents;
  readonly adapters: () => readonly ChatAdapter[];
  /** Told when a channel may have been closed. */
  readonly onChannelChanged: () => Promise<unknown>;
  /** Told after a 👎. */
  readonly onDislike: () => Promise<unknown>;
  readonly log: Logger;
}

export interface ChatService extends ChatHandlers {
  /** Goes on with what an earlier process left open; call once the adapters are connected. */
  recover(): Promise<void>;
  /** Waits for replies under way, at most `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}

export function createChatService(deps: Deps): ChatService {
  const { prisma, places, questions, uploads, commands, documents, log } = deps;
  /** Keys being taken up right now: a twin that arrives meanwhile waits for nothing and is dropped. */
  const taking = new Map<string, Promise<void>>();
  const underWay = new Set<Promise<void>>();

  const background = (work: Promise<void>): void => {
    const tracked = work
      .catch((error: unknown) => log.error({ err: error }, 'reply failed'))
      .finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };

  const openReply = (message: Pick<IncomingMessage, 'place' | 'target' | 'key'>) =>
    deps
      .adapters()
      .find(({ platform }) => platform === message.place.platform)
      ?.open(message.target, message.key);

  const claimed = async (key: string): Promise<boolean> => (await prisma.processedEvent.count({ where: { key } })) > 0;

  const claim = (message: Pick<IncomingMessage, 'key' | 'place'>, kind: string) =>
    retryOnConflict(() =>
      prisma.processedEvent.upsert({
        where: { key: message.key },
        create: { key: message.key, platform: message.place.platform, kind },
        update: {},
      }),
    );

  /** Everything that must be durable before the platform is told; answering goes on in the background. */
  const takeUp = async (message: IncomingMessage): Promise<void> => {
    if (await claimed(message.key)) return;
    const asks = message.addressed && (message.text.trim() !== '' || message.files.length === 0);
    const fresh = asks && (await questions.record(message));
    const taken = message.files.length > 0 ? await uploads.take(message) : null;
    await claim(message, asks ? 'question' : 'upload');
    const reported = taken?.report();
    if (reported) background(reported);
    if (fresh) background(questions.deliver(message.key, reported));
  };

  const guarded = async (
    key: string,
    message: Pick<IncomingMessage, 'place' | 'target' | 'key'>,
    work: () => Promise<void>,
  ) => {
    const running = taking.get(key);
    if (running) return running;
    const reply = () => openReply(message);
    const run = whenDatabaseIsBack(work, async () => {
      const open = reply();
      if (open) await showProgress(open, databaseAway, log);
    })
      .catch(async (error: unknown) => {
        log.error({ err: error, key }, 'message could not be taken up');
        const open = reply();
        if (open) await finish(open, errorContent(presentable(error, crypto.randomUUID())), log);
      })
      .finally(() => taking.delete(key));
    taking.set(key, run);
    return run;
  };

  const runCommand = async (command: IncomingCommand): Promise<void> => {
    if (await claimed(command.key)) return;
    await claim(command, `command:${command.name}`);
    if (command.files.length > 0) {
      const taken = await uploads.take(command);
      background(taken.report());
      return;
    }
    const reply = openReply(command);
    if (!reply) return;
    const audience = await places.audience(command.place, command.person.id);
    const content = await commands.run(command, audience).then(infoContent, (error: unknown) => {
      log.warn({ err: error, command: command.name }, 'command refused');
      return errorContent(presentable(error, command.key));
    });
    background(finish(reply, content, log).then(() => undefined));
  };

  return {
    message: (message) => guarded(message.key, message, () => takeUp(message)),
    command: (command) => guarded(command.key, command, () => runCommand(command)),

    async feedback({ answerId, person, place, vote }) {
      const inWorkspace = { platform: place.platform, externalId: place.workspace.externalId };
      const answer = await prisma.answer.findFirst({
        where: { id: answerId, question: { conversation: { channel: { workspace: inWorkspace } } } },
      });
      if (!answer) return;
      await prisma.feedback.upsert({
        where: { answerId_userId: { answerId, userId: person.id } },
        create: { answerId, userId: person.id, vote },
        update: { vote },
      });
      if (vote < 0)
        await deps.onDislike().catch((error: unknown) => log.error({ err: error }, 'votes could not be weighed'));
    },

    async fileDeleted(_place, key) {
      const count = await documents.removeBySource(key, 'platform');
      if (count > 0) log.info({ key, count }, 'deleted with its file');
    },

    async channelChanged(place) {
      await places.locate(place);
      await deps.onChannelChanged().catch((error: unknown) => log.error({ err: error }, 'not forgotten yet'));
    },

    async isOwnThread(place) {
      const workspace = { platform: place.platform, externalId: place.workspace.externalId };
      const count = await prisma.conversation.count({
        where: { threadKey: place.thread, channel: { externalId: place.channel.externalId, workspace } },
      });
      return count > 0;
    },

    async isKnown(key) {
      return taking.has(key) || (await claimed(key));
    },

    async recover() {
      await uploads.resume();
      for (const key of await questions.unfinished()) background(questions.deliver(key));
    },

    async drain(deadlineMs) {
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, deadlineMs);
      });
      await Promise.race([Promise.allSettled([...underWay]), deadline]);
      clearTimeout(timer);
    },
  };
}
