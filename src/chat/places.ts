/** Where a conversation takes place, as rows: workspace and channel are written down on first sight and kept in step. */
import type { Audience } from '../retrieval/visibility.ts';
import { retryOnConflict } from '../store/conflict.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import type { ChatAdapter, Place } from './contract.ts';

export interface Located {
  readonly workspaceId: string;
  readonly channelId: string;
}

export interface Places {
  locate(place: Pick<Place, 'platform' | 'workspace' | 'channel'>): Promise<Located>;
  /** Who listens in there, with the closed channels of the person in a direct message. */
  audience(
    place: Pick<Place, 'platform' | 'workspace' | 'channel' | 'restricted'>,
    personId: string,
  ): Promise<Audience>;
}

export function createPlaces(deps: {
  readonly prisma: PrismaClient;
  readonly adapters: () => readonly ChatAdapter[];
}): Places {
  const { prisma } = deps;

  const locate: Places['locate'] = async ({ platform, workspace, channel }) => {
    const { id: workspaceId } = await retryOnConflict(() =>
      prisma.workspace.upsert({
        where: { platform_externalId: { platform, externalId: workspace.externalId } },
        create: { platform, externalId: workspace.externalId, name: workspace.name },
        update: { name: workspace.name },
      }),
    );
    const { id: channelId } = await retryOnConflict(() =>
      prisma.channel.upsert({
        where: { workspaceId_externalId: { workspaceId, externalId: channel.externalId } },
        create: { workspaceId, externalId: channel.externalId, name: channel.name, visibility: channel.visibility },
        update: { name: channel.name, visibility: channel.visibility },
      }),
    );
    return { workspaceId, channelId };
  };

  return {
    locate,
    async audience(place, personId) {
      const { workspaceId, channelId } = await locate(place);
      if (place.restricted) return { channelId, restricted: true };
      if (place.channel.visibility !== 'direct') return { channelId };
      const adapter = deps.adapters().find(({ platform }) => platform === place.platform);
      // Not reachable means closed: the platform decides who is in a channel now.
      const external = await adapter?.closedChannelsOf(place.workspace.externalId, personId).catch(() => []);
      if (!external?.length) return { channelId };
      const rows = await prisma.channel.findMany({
        where: { workspaceId, visibility: 'closed', externalId: { in: [...external] } },
        select: { id: true },
      });
      return { channelId, memberOf: rows.map(({ id }) => id) };
    },
  };
}
