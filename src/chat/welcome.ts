/**
 * What Docent does when it comes into a channel: it reads the files that were shared there before, and says what it can
 * be asked. Written down first, so that it is done also when this process ends meanwhile.
 */
import type { Logger } from 'pino';
import { helpText } from '../answers/texts.ts';
import type { Audience } from '../retrieval/visibility.ts';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import type { ChatAdapter, IncomingJoin } from './contract.ts';
import { errorContent, finish, infoContent, presentable, showProgress } from './delivery.ts';
import type { Places } from './places.ts';
import type { ChatUploads } from './uploads.ts';

export interface Welcome {
  /** Durable when it resolves. @returns does it; never throws. */
  take(join: IncomingJoin): Promise<() => Promise<void>>;
  /** What an earlier process did not finish. */
  unfinished(): Promise<readonly (() => Promise<void>)[]>;
}

const prefix = 'welcome:';
const files = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`;

export function createWelcome(deps: {
  readonly prisma: PrismaClient;
  readonly places: Places;
  readonly uploads: Pick<ChatUploads, 'backfill'>;
  /** Questions that documents which this audience may see answer. */
  readonly examples: (audience: Audience) => Promise<readonly string[]>;
  readonly adapters: () => readonly ChatAdapter[];
  readonly log: Logger;
}): Welcome {
  const { prisma, places, uploads, log } = deps;

  /** What became of the files of before, in one line; '' = there are none, null = the platform does not show them. */
  const readEarlier = async (join: IncomingJoin, adapter: ChatAdapter, tell: (line: string) => void) => {
    const shared = await adapter.earlierFiles(join.place);
    if (shared === null) return null;
    // A name stands for its newest file, as if all had been uploaded here.
    const earlier = [...new Map(shared.map((file) => [file.name, file])).values()];
    if (earlier.length === 0) return '';
    const { learned, failed } = await uploads.backfill(join.place, earlier, (done) =>
      tell(`I am reading what was shared here before: ${done} of ${files(earlier.length)}…`),
    );
    const unread = failed > 0 ? `, ${failed} I could not read` : '';
    return `I have read what was shared here before, ${files(earlier.length)}: ${learned} learned${unread}.`;
  };

  const perform = async (join: IncomingJoin): Promise<void> => {
    const adapter = deps.adapters().find(({ platform }) => platform === join.place.platform);
    if (!adapter) return;
    const reply = adapter.open(join.target, `${join.key}:welcome`);
    const content = await (async () => {
      const audience = await places.audience(join.place, '');
      const line = await readEarlier(join, adapter, (text) => void showProgress(reply, text, log));
      if (join.why === 'command')
        return infoContent(line || (line === '' ? 'Nothing that I read was shared here before.' : notShown));
      return infoContent([`Hello! ${helpText(await deps.examples(audience))}`, ...(line ? ['', line] : [])].join('\n'));
    })().catch((error: unknown) => {
      log.warn({ err: error }, 'channel could not be looked through');
      return errorContent(presentable(error, join.key));
    });
    if (!(await finish(reply, content, log))) return;
    await prisma.note.deleteMany({ where: { key: `${prefix}${join.key}` } });
  };

  const work = (join: IncomingJoin) => (): Promise<void> =>
    perform(join).catch((error: unknown) => log.error({ err: error }, 'no welcome said'));

  return {
    async take(join) {
      const key = `${prefix}${join.key}`;
      const value = JSON.stringify(join satisfies Prisma.InputJsonValue | IncomingJoin);
      await prisma.note.upsert({ where: { key }, create: { key, value }, update: {} });
      return work(join);
    },
    async unfinished() {
      const notes = await prisma.note.findMany({ where: { key: { startsWith: prefix } } });
      return notes.map(({ value }) => work(JSON.parse(value) as IncomingJoin));
    },
  };
}

const notShown =
  'Here I am not shown what was shared before. With the Message Content intent I am: docs/install-discord.md says how.';
