/** Files in a chat: fetched, placed in their channel, and one result line each in one reply, also over restarts. */
import type { Logger } from 'pino';
import type { Documents } from '../documents/index.ts';
import type { Outcome } from '../documents/process.ts';
import { DocentError } from '../errors.ts';
import { Prisma, type PrismaClient } from '../store/generated/client.ts';
import type { ChatAdapter, IncomingFile, Person, Place, ReplyTarget } from './contract.ts';
import { finish, infoContent, presentable, showProgress } from './delivery.ts';
import type { LearningNews } from './learning-news.ts';
import type { Places } from './places.ts';
import { textFile } from './text-file.ts';

export interface FileMessage {
  readonly key: string;
  readonly place: Place;
  readonly person: Person;
  readonly files: readonly IncomingFile[];
  readonly target: ReplyTarget;
}

/** Kept with every version until its result line is posted. */
interface PendingUpload {
  readonly target: ReplyTarget;
  readonly platform: Place['platform'];
  /** One reply for all files of a message. */
  readonly replyId: string;
}

type Line = { readonly text: string } | { readonly versionId: string };

export interface ChatUploads {
  /** Durable when it resolves: every file is stored or refused. */
  take(message: FileMessage): Promise<TakenUpload>;
  /** Files of long ago, without a line for each. Those known already are left alone. */
  backfill(
    place: Place,
    files: readonly IncomingFile[],
    onProgress: (done: number) => void,
  ): Promise<{ readonly learned: number; readonly failed: number }>;
  /** The document made of a message says what the message says now. */
  follow(sourceKey: string, text: string): Promise<void>;
  /** Documents made of this file hold what it holds now. */
  followFile(file: IncomingFile): Promise<void>;
  /** Result lines that an earlier process did not post. */
  resume(): Promise<void>;
}

export interface TakenUpload {
  /** Waits until the files can be asked about, and posts the result. Never throws. */
  report(): Promise<void>;
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

const outcomeLine = (outcome: Outcome): string => {
  if (outcome.error) return `✗ ${outcome.error.line}`;
  const verb = outcome.status === 'replaced' ? 'replaced the earlier version' : 'learned';
  const size = plural(outcome.sections, 'section');
  const main =
    outcome.status === 'replaced' ? `✓ ${outcome.path}: ${verb}, ${size}` : `✓ ${outcome.path}: ${verb} ${size}`;
  const language =
    outcome.language && outcome.language !== 'eng' ? ['it is not in English, which I read less well'] : [];
  return [main, ...[...outcome.warnings, ...language].map((warning) => `  ${warning}`)].join('\n');
};

export function createChatUploads(deps: {
  readonly prisma: PrismaClient;
  readonly documents: Documents;
  readonly places: Places;
  readonly adapters: () => readonly ChatAdapter[];
  readonly maxBytes: number;
  /** Null where nothing is learned by itself. */
  readonly news: Pick<LearningNews, 'follow'> | null;
  readonly log: Logger;
}): ChatUploads {
  const { prisma, documents, places, maxBytes, log } = deps;

  const takeOne = async (
    file: IncomingFile,
    from: { readonly platform: Place['platform']; readonly uploaderId: string | null },
    channelId: string,
    pending: PendingUpload | null,
  ): Promise<Line> => {
    try {
      if (file.external) throw new DocentError('FILE_EXTERNAL', { name: file.name, platform: from.platform });
      if (file.bytes !== null && file.bytes > maxBytes) {
        const megabytes = Math.ceil(file.bytes / 1024 / 1024);
        throw new DocentError('FILE_TOO_LARGE', {
          name: file.name,
          megabytes,
          limit: Math.floor(maxBytes / 1024 / 1024),
        });
      }
      const earlier = await prisma.documentVersion.findFirst({
        where: { document: { channelId, sourceKey: file.key } },
        orderBy: { createdAt: 'desc' },
      });
      if (earlier) return { versionId: earlier.id };
      const receipt = await documents.receive({
        channelId,
        path: file.name,
        content: await file.download(),
        uploaderId: from.uploaderId,
        sourceKey: file.key,
        url: file.url,
        ...(pending ? { replyTarget: pending as unknown as Prisma.InputJsonValue } : {}),
      });
      if (receipt.status === 'duplicate') return { text: `✓ ${file.name}: I know this file already` };
      return { versionId: receipt.versionId };
    } catch (error) {
      log.warn({ err: error, file: file.key }, 'upload refused');
      return { text: `✗ ${presentable(error, file.key).line}` };
    }
  };

  const post = async (pending: PendingUpload, lines: readonly Line[]): Promise<void> => {
    const adapter = deps.adapters().find(({ platform }) => platform === pending.platform);
    if (!adapter) return;
    const reply = adapter.open(pending.target, pending.replyId);
    const waiting = lines.filter((line) => 'versionId' in line).length;
    if (waiting > 0) await showProgress(reply, waiting === 1 ? 'Reading the file…' : `Reading ${waiting} files…`, log);
    const texts = await Promise.all(
      lines.map(async (line) => ('text' in line ? line.text : outcomeLine(await documents.wait(line.versionId)))),
    );
    if (!(await finish(reply, infoContent(texts.join('\n')), log))) return;
    const ids = lines.flatMap((line) => ('versionId' in line ? [line.versionId] : []));
    await prisma.documentVersion.updateMany({ where: { id: { in: ids } }, data: { replyTarget: Prisma.DbNull } });
    const taught = await prisma.documentVersion.findFirst({
      where: { id: { in: ids }, state: 'ready', document: { channel: { visibility: { in: ['everyone', 'open'] } } } },
      select: { document: { select: { channelId: true } } },
    });
    if (taught && deps.news)
      await deps.news.follow({
        channelId: taught.document.channelId,
        target: pending.target,
        replyId: `${pending.replyId}:learning`,
        since: new Date(),
      });
  };

  return {
    async take(message) {
      const { channelId } = await places.locate(message.place);
      const pending: PendingUpload = {
        target: message.target,
        platform: message.place.platform,
        replyId: `${message.key}:files`,
      };
      const lines: Line[] = [];
      const from = { platform: message.place.platform, uploaderId: message.person.id };
      for (const file of message.files) lines.push(await takeOne(file, from, channelId, pending));
      return {
        report: () =>
          post(pending, lines).catch((error: unknown) => log.error({ err: error }, 'upload could not be reported')),
      };
    },

    async backfill(place, files, onProgress) {
      const { channelId } = await places.locate(place);
      let [learned, failed] = [0, 0];
      // One after the other: answers and the platform's limits come first.
      for (const [done, file] of files.entries()) {
        onProgress(done);
        const line = await takeOne(file, { platform: place.platform, uploaderId: null }, channelId, null);
        const isRead =
          'text' in line ? line.text.startsWith('✓') : (await documents.wait(line.versionId)).error === null;
        if (isRead) learned++;
        else failed++;
      }
      return { learned, failed };
    },

    async follow(sourceKey, text) {
      const known = await prisma.document.findMany({ where: { sourceKey } });
      for (const { id, channelId, path, uploaderId, url } of known) {
        if (text.trim() === '') {
          await documents.remove(id, 'platform');
          continue;
        }
        const file = textFile({ key: sourceKey, name: path.replace(/\.md$/, ''), text, url });
        await documents.receive({
          channelId,
          path,
          content: await file.download(),
          uploaderId,
          sourceKey,
          url,
        });
      }
    },

    async followFile(file) {
      const known = await prisma.document.findMany({ where: { sourceKey: file.key } });
      if (known.length === 0) return;
      const content = await file.download();
      for (const { channelId, path, uploaderId, url } of known)
        await documents.receive({ channelId, path, content, uploaderId, sourceKey: file.key, url });
    },

    async resume() {
      const versions = await prisma.documentVersion.findMany({
        where: { replyTarget: { not: Prisma.DbNull } },
        orderBy: { createdAt: 'asc' },
      });
      const replies = new Map<string, { readonly pending: PendingUpload; readonly lines: Line[] }>();
      for (const version of versions) {
        const pending = version.replyTarget as unknown as PendingUpload;
        const group = replies.get(pending.replyId) ?? { pending, lines: [] };
        group.lines.push({ versionId: version.id });
        replies.set(pending.replyId, group);
      }
      for (const { pending, lines } of replies.values())
        void post(pending, lines).catch((error: unknown) => log.error({ err: error }, 'upload could not be reported'));
    },
  };
}
