/** Slack and Discord, when their tokens are set: adapters, and the service that they share. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createChatCommands } from '../chat/commands.ts';
import type { ChatAdapter } from '../chat/contract.ts';
import { createChatFeedback } from '../chat/feedback.ts';
import { createLearningNews } from '../chat/learning-news.ts';
import { createPersonalData } from '../chat/personal-data.ts';
import { createPlaces } from '../chat/places.ts';
import { createPolicies } from '../chat/policies.ts';
import { createChatQuestions } from '../chat/questions.ts';
import { type ChatService, createChatService } from '../chat/service.ts';
import type { SlackDoor } from '../chat/slack/door.ts';
import { createSlackInstallations } from '../chat/slack/installations.ts';
import { createChatUploads } from '../chat/uploads.ts';
import { createWelcome } from '../chat/welcome.ts';
import { createDeparted } from '../documents/departed.ts';
import { isDocentError, reasonOf } from '../errors.ts';
import type { Docent } from '../main.ts';
import { createNotes } from '../store/notes.ts';
import { createSeal } from '../store/seal.ts';

export interface Chats {
  readonly adapters: readonly ChatAdapter[];
  /** One line a platform: connected, or why not. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** Replies under way may finish; a process manager kills after 30 s. */
const drainMs = 10_000;
/** The rest is ready by then; a platform that needs longer connects in the background. */
const longestConnectMs = 15_000;
const megabyte = 1024 * 1024;
const nameOf = { slack: 'Slack', discord: 'Discord', local: 'Terminal' } as const;

async function makeAdapters(docent: Docent, slackDoor?: SlackDoor): Promise<ChatAdapter[]> {
  const { config, log } = docent;
  const { prisma } = await docent.store();
  const adapters: ChatAdapter[] = [];
  if (config.SLACK_BOT_TOKEN || config.SLACK_CLIENT_ID) {
    const { createSlackAdapter } = await import('../chat/slack/index.ts');
    const notes = createNotes(prisma, 'slack');
    const installations = config.SLACK_CLIENT_ID
      ? { installations: createSlackInstallations({ prisma, seal: createSeal(config.DOCENT_HOME), log }) }
      : {};
    const door = slackDoor ? { door: slackDoor } : {};
    adapters.push(createSlackAdapter({ config, notes, log, ...door, ...installations }));
  }
  if (config.DISCORD_TOKEN) {
    const { createDiscordAdapter } = await import('../chat/discord/index.ts');
    adapters.push(createDiscordAdapter({ config, notes: createNotes(prisma, 'discord'), log }));
  }
  return adapters;
}

/** @param slackDoor where the web server hands over what Slack sends in HTTP mode */
export async function startChats(docent: Docent, slackDoor?: SlackDoor): Promise<Chats> {
  const { log, config } = docent;
  const made = await makeAdapters(docent, slackDoor);
  if (made.length === 0) return { adapters: [], lines: [], stop: async () => undefined };
  const { prisma } = await docent.store();
  const [documents, conversations, answerer] = await Promise.all([
    docent.documents(),
    docent.conversations(),
    docent.answerer(),
  ]);
  const places = createPlaces({ prisma, adapters: () => made });
  const shared = { prisma, places, adapters: () => made, log };
  const learning = await docent.learning();
  const news = createLearningNews({
    prisma,
    learning,
    adapters: () => made,
    log,
    quietHours: config.DOCENT_QUIET_HOURS,
  });
  const policies = createPolicies({ prisma, places });
  const uploads = createChatUploads({
    ...shared,
    documents,
    maxBytes: config.DOCENT_MAX_UPLOAD_MB * megabyte,
    news: config.DOCENT_LEARN === 'auto' && config.DOCENT_REMOTE_ENGINE === '' ? news : null,
  });
  const feedback = createChatFeedback({
    ...shared,
    corrections: learning.feedback,
    onDislike: () => learning.watch(),
  });
  const service: ChatService = createChatService({
    ...shared,
    documents,
    questions: createChatQuestions({ ...shared, conversations, answerer }),
    uploads,
    policies,
    welcome: createWelcome({ ...shared, uploads, examples: (audience) => answerer.examples(audience) }),
    commands: createChatCommands({
      documents,
      answerer,
      model: docent.model,
      learning,
      news,
      places,
      feedback,
      policies,
      personalData: createPersonalData({
        prisma,
        documents,
        onCorrectionsForgotten: (since) => docent.forgetCorrections(since),
      }),
    }),
    feedback,
    departed: createDeparted({ prisma, documents: docent.documents }),
    onChannelChanged: () => docent.forgetLearned(),
  });
  /** Those that may speak, now or once their platform answers. */
  const usable = new Set(made);
  const connect = async (adapter: ChatAdapter): Promise<string> => {
    try {
      await adapter.start(service);
      return adapter.describe();
    } catch (error) {
      // One platform's wrong token must not keep the others, nor the web chat, from working.
      log.error({ err: error, platform: adapter.platform }, 'platform could not be connected');
      if (!isDocentError(error, 'PLATFORM_UNREACHABLE')) usable.delete(adapter);
      const reason = isDocentError(error) ? `${error.code}: ${error.line}` : reasonOf(error);
      return `${nameOf[adapter.platform]}: not connected. ${reason}`;
    }
  };
  const patience = (adapter: ChatAdapter) =>
    sleep(longestConnectMs, `${nameOf[adapter.platform]}: not connected yet, trying on in the background.`, {
      ref: false,
    });
  const lines = await Promise.all(made.map((adapter) => Promise.race([connect(adapter), patience(adapter)])));
  await service.recover();
  const stopNews = news.start();
  return {
    get adapters() {
      return [...usable];
    },
    lines,
    async stop() {
      stopNews();
      await Promise.all(made.map((adapter) => adapter.stop()));
      await service.drain(drainMs);
    },
  };
}
