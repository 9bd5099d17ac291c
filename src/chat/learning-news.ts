/**
 * What came of a run, said where it was caused: in the thread of the upload, or to the admin who asked. One message a
 * channel, shown when the run begins, edited while it goes on, and finished with its result; also over restarts.
 */
import type { Logger } from 'pino';
import type { RunResult } from '../learn/contract.ts';
import type { KnownRun, Learning } from '../learn/index.ts';
import { isQuiet, type QuietHours } from '../quiet-hours.ts';
import type { Platform, Prisma, PrismaClient } from '../store/generated/client.ts';
import type { ChatAdapter, Reply, ReplyTarget } from './contract.ts';
import { finish, infoContent, showProgress } from './delivery.ts';

export interface LearningNews {
  /**
   * The next run is told of there; another place in this channel hears nothing then.
   * @returns false where the platform has no place for it.
   */
  follow(place: {
    readonly channelId: string;
    readonly target: ReplyTarget;
    readonly replyId: string;
    readonly since: Date;
  }): Promise<boolean>;
  /** Tells what is new now. */
  tell(): Promise<void>;
  /** Tells from now on. @returns stops it. */
  start(): () => void;
}

const everyMs = 5_000;
/** Who begins runs that no person asked for. */
const unasked: readonly string[] = ['upload', 'night'];
const points = (share: number): string => `${Math.abs(share * 100).toFixed(1)} points`;
const documentsIn = (count: number): string => (count === 1 ? '1 document' : `${count} documents`);

/** For people who know nothing of gates and intervals; numbers only where they mean something. */
export function learningLine({ decision, reason, dataset, gate }: RunResult): string {
  const gained = gate.find(({ suite }) => suite === 'workspace');
  const from = `I learned from ${documentsIn(dataset.documents)}`;
  if (decision === 'promoted')
    return `${from}: my answers got better by ${points(gained?.gain ?? 0)}, on ${gained?.n ?? 0} questions that I had not learned. From now on I answer so.`;
  if (decision === 'kept' && gained && gate.length > 1)
    return `${from}, but it did not make me better for certain, so I answer as before. ${reason}`;
  return `I did not learn anything new. ${reason}`;
}

const endLine = (run: KnownRun): string | null => {
  if (run.result) return learningLine(run.result);
  if (run.state === 'failed')
    return 'Learning ended without a result. I answer as before; an operator finds the reason in my log.';
  return run.state === 'cancelled' ? 'Learning was stopped. I answer as before.' : null;
};

export function createLearningNews(deps: {
  readonly prisma: PrismaClient;
  readonly learning: Pick<Learning, 'firstSince' | 'scopeOf'>;
  readonly adapters: () => readonly ChatAdapter[];
  readonly log: Logger;
  readonly quietHours?: QuietHours | 'off';
  readonly now?: () => Date;
}): LearningNews {
  const { prisma, learning, log, quietHours = 'off', now = () => new Date() } = deps;
  /** An open reply knows its message and how often it may be edited. */
  const replies = new Map<string, Reply>();
  let telling: Promise<void> | null = null;

  const replyOf = (platform: Platform, target: Prisma.JsonValue, id: string): Reply | null => {
    const known = replies.get(id);
    if (known) return known;
    const adapter = deps.adapters().find((each) => each.platform === platform);
    if (!adapter) return null;
    const reply = adapter.open(target as unknown as ReplyTarget, id);
    replies.set(id, reply);
    return reply;
  };

  const tellAll = async (): Promise<void> => {
    const all = await prisma.learningNews.findMany({ include: { channel: { select: { workspaceId: true } } } });
    for (const { channelId, replyId, target, platform, since, channel } of all) {
      const run = await learning.firstSince(since, await learning.scopeOf(channel.workspaceId));
      if (!run || run.state === 'waiting') continue;
      if (unasked.includes(run.by) && isQuiet(quietHours, now())) continue;
      const reply = replyOf(platform, target, replyId);
      if (!reply) continue;
      const line = endLine(run);
      if (line === null) {
        const { progress } = run;
        if (progress) await showProgress(reply, `I am ${progress.line} (${Math.round(progress.share * 100)} %)`, log);
        continue;
      }
      // Where the platform stays away, the next start tries again.
      if (!(await finish(reply, infoContent(line), log))) continue;
      replies.delete(replyId);
      await prisma.learningNews.deleteMany({ where: { channelId, replyId } });
    }
  };

  const tell = (): Promise<void> =>
    (telling ??= tellAll().finally(() => {
      telling = null;
    }));

  return {
    async follow({ channelId, target, replyId, since }) {
      const { platform } = target;
      const aside = deps
        .adapters()
        .find((adapter) => adapter.platform === platform)
        ?.aside(target);
      if (!aside) return false;
      const place = { replyId, since, target: aside as Prisma.InputJsonValue, platform };
      await prisma.learningNews.upsert({ where: { channelId }, create: { channelId, ...place }, update: place });
      return true;
    },
    tell,
    start() {
      const timer = setInterval(
        () => void tell().catch((error: unknown) => log.warn({ err: error }, 'news of learning could not be told')),
        everyMs,
      );
      return () => clearInterval(timer);
    },
  };
}
