/** Which adapter reads for whom: a workspace's own where it has one, else the install's. */
import type { InService } from './answers/ask.ts';
import { lazy } from './lazy.ts';
import type { Models } from './models.ts';
import { createPromptRenderer } from './reader/prompt.ts';
import { createReader, type Reader } from './reader/read.ts';
import type { Audience } from './retrieval/visibility.ts';
import type { Store } from './store/index.ts';

export function createInService({ models, store }: { readonly models: Models; readonly store: () => Promise<Store> }): {
  /** Reads with what serves a workspace; null = the install. */
  readerOf(workspaceId: string | null): Promise<Reader>;
  inService(audience: Audience): Promise<InService>;
  /** null = the operator's own surfaces. */
  workspaceOf(audience: Audience): Promise<string | null>;
} {
  const readers = new Map<string | null, () => Promise<Reader>>();
  const readerOf = (workspaceId: string | null): Promise<Reader> => {
    const known =
      readers.get(workspaceId) ??
      lazy(async () => {
        const [engine, tokenizer] = await Promise.all([models.engine(), models.tokenizer()]);
        return createReader({
          engine,
          prompt: createPromptRenderer(tokenizer),
          forms: () => models.forms(workspaceId),
          adapter: () => models.ownFolder(workspaceId),
        });
      });
    readers.set(workspaceId, known);
    return known();
  };

  const workspaces = new Map<string, string>();
  /** Channels never change theirs. */
  const workspaceOf = async ({ channelId }: Audience): Promise<string | null> => {
    if (channelId === null) return null;
    const known = workspaces.get(channelId);
    if (known) return known;
    const { prisma } = await store();
    const { workspaceId } = await prisma.channel.findUniqueOrThrow({ where: { id: channelId } });
    workspaces.set(channelId, workspaceId);
    return workspaceId;
  };

  return {
    readerOf,
    workspaceOf,
    async inService(audience) {
      const workspaceId = models.haveOwn() ? await workspaceOf(audience) : null;
      return {
        reader: await readerOf(workspaceId),
        calibration: models.calibration('documents', workspaceId),
        model: models.serving(workspaceId),
      };
    },
  };
}
