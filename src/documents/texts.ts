/** Extracted texts of live versions, the last few kept at hand: answers slice their quotes out of them. */
import type { PrismaClient } from '../store/generated/client.ts';

/** A book has about a million characters; this many stay in memory together. */
const cachedCharacters = 8_000_000;

export interface Texts {
  /** '' when the version is gone. */
  textOf(versionId: string): Promise<string>;
}

export function createTexts(deps: { readonly prisma: PrismaClient }): Texts {
  const cache = new Map<string, string>();
  let held = 0;
  return {
    async textOf(versionId) {
      const known = cache.get(versionId);
      if (known !== undefined) {
        cache.delete(versionId);
        cache.set(versionId, known);
        return known;
      }
      const version = await deps.prisma.documentVersion.findUnique({
        where: { id: versionId },
        select: { text: true },
      });
      const text = version?.text ?? '';
      cache.set(versionId, text);
      held += text.length;
      for (const [id, oldest] of cache) {
        if (held <= cachedCharacters || id === versionId) break;
        cache.delete(id);
        held -= oldest.length;
      }
      return text;
    },
  };
}
