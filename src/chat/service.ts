/**
 * What every chat platform shares: exactly once, never silent, and everything written down before it is acknowledged.
 * Knows answers, documents and chat/contract.ts; no platform.
 */
import type { Logger } from 'pino';
import type { Departed } from '../documents/departed.ts';
import type { Documents } from '../documents/index.ts';
import { DocentError } from '../errors.ts';
import { retryOnConflict } from '../store/conflict.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import { isConnectionLoss } from '../store/retry.ts';
import type { ChatCommands } from './commands.ts';
import type {
  ChatAdapter,
  ChatHandlers,
  IncomingCommand,
  IncomingCorrection,
  IncomingJoin,
  IncomingMessage,
  IncomingPress,
  IncomingTeaching,
  ReplyContent,
} from './contract.ts';
import {
  databaseAway,
  errorContent,
  finish,
  infoContent,
  presentable,
  showProgress,
  whenDatabaseIsBack,
} from './delivery.ts';
import type { ChatFeedback } from './feedback.ts';
import type { Places } from './places.ts';
import { type Policies, switchedOff } from './policies.ts';
import type { ChatQuestions } from './questions.ts';
import { datedName, textFile } from './text-file.ts';
import type { ChatUploads } from './uploads.ts';
import type { Welcome } from './welcome.ts';

interface Deps {
  readonly prisma: PrismaClient;
  readonly places: Places;
  readonly questions: ChatQuestions;
  readonly uploads: ChatUploads;
  readonly commands: ChatCommands;
  readonly feedback: ChatFeedback;
  readonly policies: Policies;
  readonly welcome: Welcome;
  readonly departed: Pick<Departed, 'removed' | 'present'>;
  readonly documents: Documents;
  readonly adapters: () => readonly ChatAdapter[];
  /** Told when a channel may have been closed. */
  readonly onChannelChanged: () => Promise<unknown>;
  readonly log: Logger;
}

export interface ChatService extends ChatHandlers {
  /** Goes on with what an earlier process left open; call once the adapters are connected. */
  recover(): Promise<void>;
  /** Waits for replies under way, at most `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}

export function createChatService(deps: Deps): ChatService {
  const { prisma, places, questions, uploads, commands, feedback, documents, log } = deps;
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
    if ((await deps.policies.of(message.place)) === 'off') {
      if (message.addressed) await say(message, async () => infoContent(switchedOff));
      return void (await claim(message, 'off'));
    }
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
    if (command.name === 'backfill') {
      if (!command.person.isAdmin) {
        const details = { action: 'have old files read', who: 'an admin of this workspace' };
        return say(command, () => Promise.reject(new DocentError('NOT_ALLOWED', details)));
      }
      return runJoin({ key: command.key, why: 'command', place: command.place, target: command.target });
    }
    if (command.files.length > 0) {
      const taken = await uploads.take(command);
      await claim(command, `command:${command.name}`);
      background(taken.report());
      return;
    }
    await claim(command, `command:${command.name}`);
    const audience = await places.audience(command.place, command.person.id);
    await say(command, () => commands.run(command, audience));
  };

  /** Shows what `work` says, or politely why it could not. */
  const say = async (
    message: Pick<IncomingMessage, 'place' | 'target' | 'key'>,
    work: () => Promise<ReplyContent>,
  ): Promise<void> => {
    const reply = openReply(message);
    if (!reply) return;
    const content = await work().catch((error: unknown) => {
      if (isConnectionLoss(error)) throw error;
      log.warn({ err: error }, 'refused');
      return errorContent(presentable(error, message.key));
    });
    background(finish(reply, content, log).then(() => undefined));
  };

  const runCorrection = async (correction: IncomingCorrection): Promise<void> => {
    if (await claimed(correction.key)) return;
    await say(correction, () => feedback.correct(correction));
    await claim(correction, 'correction');
  };

  const runJoin = async (join: IncomingJoin): Promise<void> => {
    if (await claimed(join.key)) return;
    const perform = await deps.welcome.take(join);
    await claim(join, join.why);
    background(perform());
  };

  const runPress = async (press: IncomingPress): Promise<void> => {
    if (await claimed(press.key)) return;
    if (press.action.kind === 'stop')
      await say(press, async () =>
        infoContent((await questions.stop(press.action.subject, press)) ? 'Stopped.' : 'It is answered already.'),
      );
    else if (press.action.kind !== 'teach') await say(press, () => feedback.review(press));
    else
      try {
        const taken = await uploads.take(await feedback.asFile(press));
        background(taken.report());
      } catch (error) {
        if (isConnectionLoss(error)) throw error;
        await say(press, () => Promise.reject(error));
      }
    await claim(press, `press:${press.action.kind}`);
  };

  const runTeaching = async (teaching: IncomingTeaching): Promise<void> => {
    if (await claimed(teaching.key)) return;
    const { message, files } = teaching;
    const { key, text, url, at } = message;
    const written = text.trim() === '' ? [] : [textFile({ key, name: datedName('message', at, key), text, url })];
    if (written.length + files.length === 0)
      await say(teaching, async () => infoContent('There is nothing in this message that I could read.'));
    else {
      const taken = await uploads.take({ ...teaching, files: [...written, ...files] });
      background(taken.report());
    }
    await claim(teaching, 'teach');
  };

  return {
    message: (message) => guarded(message.key, message, () => takeUp(message)),
    command: (command) => guarded(command.key, command, () => runCommand(command)),

    correct: (correction) => guarded(correction.key, correction, () => runCorrection(correction)),
    press: (press) => guarded(press.key, press, () => runPress(press)),
    feedback: (vote) => feedback.vote(vote),
    teach: (teaching) => guarded(teaching.key, teaching, () => runTeaching(teaching)),
    stop: (stopped) => questions.stopThread(stopped),
    async home(place, person) {
      const audience = await places.audience(place, person.id);
      return commands.home(place, audience);
    },
    joined: (join) => guarded(join.key, join, () => runJoin(join)),
    titles: async (place, person, typed) => commands.titles(await places.audience(place, person.id), typed),
    messageEdited: (key, text) => uploads.follow(key, text),

    fileChanged: (file) => uploads.followFile(file),

    async fileDeleted(_place, key) {
      const count = await documents.removeBySource(key, 'platform');
      if (count > 0) log.info({ key, count }, 'deleted with its file');
    },

    async channelChanged(place) {
      await places.locate(place);
      await deps.onChannelChanged().catch((error: unknown) => log.error({ err: error }, 'not forgotten yet'));
    },

    workspaceLeft: ({ platform, workspace }) => deps.departed.removed({ platform, externalId: workspace.externalId }),
    workspacesPresent: (platform, externalIds, all) => deps.departed.present(platform, externalIds, { all }),

    async isOwnThread(place) {
      if ((await deps.policies.of(place)) !== 'threads') return false;
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
      for (const perform of await deps.welcome.unfinished()) background(perform());
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
