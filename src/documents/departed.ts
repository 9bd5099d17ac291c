/** Workspaces that Docent was removed from: their documents and talks go after a month. Knows rows and documents only. */
import type { Platform, PrismaClient } from '../store/generated/client.ts';
import type { Documents } from './index.ts';

/** Time enough to notice that it was a mistake. */
export const keptAfterRemovalDays = 30;

export interface Departed {
  /** From now on the month counts. Once more changes nothing. */
  removed(workspace: { readonly platform: Platform; readonly externalId: string }): Promise<void>;
  /** Those that Docent is in; with `all`, the platform's others were left while nobody looked. */
  present(platform: Platform, externalIds: readonly string[], options: { readonly all: boolean }): Promise<void>;
  /** Deletes what was left before this time. @returns how many workspaces went. Safe to be killed and repeated. */
  purge(before: Date, signal?: AbortSignal): Promise<number>;
}

export function createDeparted(deps: {
  readonly prisma: PrismaClient;
  readonly documents: () => Promise<Pick<Documents, 'remove'>>;
}): Departed {
  const { prisma } = deps;
  const removed: Departed['removed'] = async (workspace) => {
    await prisma.workspace.updateMany({ where: { ...workspace, removedAt: null }, data: { removedAt: new Date() } });
  };
  return {
    removed,
    async present(platform, externalIds, { all }) {
      const known = { platform, externalId: { in: [...externalIds] } };
      await prisma.workspace.updateMany({ where: known, data: { removedAt: null } });
      if (!all) return;
      // People who share no server with the bot talk in a workspace of that name.
      const others = { platform, externalId: { notIn: [...externalIds, 'direct'] }, removedAt: null };
      await prisma.workspace.updateMany({ where: others, data: { removedAt: new Date() } });
    },
    async purge(before, signal) {
      const left = await prisma.workspace.findMany({ where: { removedAt: { lt: before } }, select: { id: true } });
      for (const { id } of left) {
        const documents = await prisma.document.findMany({
          where: { channel: { workspaceId: id } },
          select: { id: true },
        });
        for (const document of documents) {
          signal?.throwIfAborted();
          // One by one: each takes its original, its quotes and what it taught along.
          await (await deps.documents()).remove(document.id, 'docent');
        }
        await prisma.workspace.deleteMany({ where: { id, removedAt: { lt: before } } });
      }
      return left.length;
    },
  };
}
