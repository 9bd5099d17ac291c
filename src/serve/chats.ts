/** Slack and Discord, when their tokens are set: adapters, and the service that they share. */
import { createChatCommands } from '../chat/commands.ts';
import type { ChatAdapter } from '../chat/contract.ts';
import { createPlaces } from '../chat/places.ts';
import { createChatQuestions } from '../chat/questions.ts';
import { type ChatService, createChatService } from '../chat/service.ts';
import { createChatUploads } from '../chat/uploads.ts';
import { isDocentError, reasonOf } from '../errors.ts';
import type { Docent } from '../main.ts';
import { createNotes } from '../store/notes.ts';

export interface Chats {
  readonly adapters: readonly ChatAdapter[];
  /** One line a platform: connected, or why not. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** Replies under way may finish; a process manager kills after 30 s. */
const drainMs = 10_000;
const megabyte = 1024 * 1024;

async function makeAdapters(docent: Docent): Promise<ChatAdapter[]> {
  const { config, log } = docent;
  const { prisma } = await docent.store();
  const adapters: ChatAdapter[] = [];
  if (config.SLACK_BOT_TOKEN) {
    const { createSlackAdapter } = await import('../chat/slack/index.ts');
    adapters.push(createSlackAdapter({ config, notes: createNotes(prisma, 'slack'), log }));
  }
  if (config.DISCORD_TOKEN) {
    const { createDiscordAdapter } = await import('../chat/discord/index.ts');
    adapters.push(createDiscordAdapter({ config, notes: createNotes(prisma, 'discord'), log }));
  }
  return adapters;
}

export async function startChats(docent: Docent): Promise<Chats> {
  const { log, config } = docent;
  const made = await makeAdapters(docent);
  if (made.length === 0) return { adapters: [], lines: [], stop: async () => undefined };
  const connected: ChatAdapter[] = [];
  const adapters = () => connected;
  const { prisma } = await docent.store();
  const [documents, conversations, answerer] = await Promise.all([
    docent.documents(),
    docent.conversations(),
    docent.answerer(),
  ]);
  const places = createPlaces({ prisma, adapters: () => made });
  const shared = { prisma, places, adapters: () => made, log };
  const service: ChatService = createChatService({
    ...shared,
    documents,
    questions: createChatQuestions({ ...shared, conversations, answerer }),
    uploads: createChatUploads({ ...shared, documents, maxBytes: config.DOCENT_MAX_UPLOAD_MB * megabyte }),
    commands: createChatCommands({ prisma, documents, answerer, model: docent.model }),
  });
  const lines: string[] = [];
  for (const adapter of made) {
    try {
      await adapter.start(service);
      connected.push(adapter);
      lines.push(adapter.describe());
    } catch (error) {
      // One platform's wrong token must not keep the others, nor the web chat, from working.
      log.error({ err: error, platform: adapter.platform }, 'platform could not be connected');
      lines.push(
        `${adapter.platform}: not connected. ${isDocentError(error) ? `${error.code}: ${error.line}` : reasonOf(error)}`,
      );
    }
  }
  await service.recover();
  return {
    get adapters() {
      return adapters();
    },
    lines,
    async stop() {
      await Promise.all(connected.map((adapter) => adapter.stop()));
      await service.drain(drainMs);
    },
  };
}
