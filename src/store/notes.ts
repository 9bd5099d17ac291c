/** A small durable memory under string keys. */
import type { PrismaClient } from './generated/client.ts';

export interface Notes {
  get(key: string): Promise<string | null>;
  /** null forgets the key. */
  set(key: string, value: string | null): Promise<void>;
}

export function createNotes(prisma: PrismaClient, prefix: string): Notes {
  const full = (key: string) => `${prefix}:${key}`;
  return {
    get: async (key) => (await prisma.note.findUnique({ where: { key: full(key) } }))?.value ?? null,
    async set(key, value) {
      if (value === null) await prisma.note.deleteMany({ where: { key: full(key) } });
      else
        await prisma.note.upsert({ where: { key: full(key) }, create: { key: full(key), value }, update: { value } });
    },
  };
}
