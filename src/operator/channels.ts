/** `--channel NAME` on the command line: which channel that is. */
import { DocentError } from '../errors.ts';
import { retryOnConflict } from '../store/conflict.ts';
import type { PrismaClient } from '../store/generated/client.ts';

export interface ChannelNames {
  /** Without a name: the collection `everyone`. Local channels come into being by being named. */
  forIngest(name: string | undefined, closed: boolean): Promise<{ readonly id: string; readonly label: string }>;
  /** Without a name: null, the operator's own view. @throws DocentError CHANNEL_UNKNOWN, CHANNEL_AMBIGUOUS */
  forAsking(name: string | undefined): Promise<string | null>;
}

export function createChannelNames(deps: {
  readonly prisma: PrismaClient;
  /** Whether Slack or Discord is set up: then names mean their channels. */
  readonly connected: boolean;
}): ChannelNames {
  const { prisma, connected } = deps;

  const workspace = async (platform: 'shared' | 'local', name: string): Promise<string> => {
    const row = await retryOnConflict(() =>
      prisma.workspace.upsert({
        where: { platform_externalId: { platform, externalId: platform } },
        create: { platform, externalId: platform, name },
        update: {},
      }),
    );
    return row.id;
  };

  const everyone = async (): Promise<string> => {
    const workspaceId = await workspace('shared', 'Everyone');
    const row = await retryOnConflict(() =>
      prisma.channel.upsert({
        where: { workspaceId_externalId: { workspaceId, externalId: 'everyone' } },
        create: { workspaceId, externalId: 'everyone', name: 'everyone', visibility: 'everyone' },
        update: {},
      }),
    );
    return row.id;
  };

  const local = async (name: string, closed: boolean): Promise<string> => {
    const workspaceId = await workspace('local', 'This machine');
    const row = await retryOnConflict(() =>
      prisma.channel.upsert({
        where: { workspaceId_externalId: { workspaceId, externalId: name } },
        create: { workspaceId, externalId: name, name, visibility: closed ? 'closed' : 'open' },
        update: closed ? { visibility: 'closed' } : {},
      }),
    );
    return row.id;
  };

  const platformChannel = async (name: string): Promise<string> => {
    const parts = name.replace(/^#/, '').split('/');
    const bare = parts.at(-1)!;
    const [platform, workspaceName] = parts.length > 1 ? parts : [];
    const rows = await prisma.channel.findMany({
      where: { name: bare, workspace: { platform: { in: ['slack', 'discord'] } } },
      include: { workspace: true },
    });
    const label = (row: (typeof rows)[number]) => `${row.workspace.platform}/${row.workspace.name}/${row.name}`;
    const matching = rows.filter(
      (row) =>
        (!platform || row.workspace.platform === platform) &&
        (parts.length < 3 || row.workspace.name === workspaceName),
    );
    if (matching.length === 1) return matching[0]!.id;
    const candidates = (
      matching.length > 1
        ? matching
        : await prisma.channel.findMany({
            where: { workspace: { platform: { in: ['slack', 'discord'] } } },
            include: { workspace: true },
            take: 20,
          })
    )
      .map(label)
      .join(', ');
    throw new DocentError(matching.length > 1 ? 'CHANNEL_AMBIGUOUS' : 'CHANNEL_UNKNOWN', {
      name,
      candidates: candidates || 'none yet: invite Docent to a channel first',
    });
  };

  const named = async (name: string, closed: boolean): Promise<string> => {
    if (name === 'everyone') return everyone();
    if (name.startsWith('local/')) return local(name.slice('local/'.length), closed);
    return connected ? platformChannel(name) : local(name.replace(/^#/, ''), closed);
  };

  return {
    async forIngest(name, closed) {
      const label = name ?? 'everyone';
      return { id: await named(label, closed), label };
    },
    forAsking: async (name) => (name === undefined ? null : named(name, false)),
  };
}
