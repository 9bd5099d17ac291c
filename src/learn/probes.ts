/**
 * Probes: questions whose answers the operator knows, asked of every candidate. One that passes with the champion and
 * fails with the candidate keeps the candidate out, whatever else it gained. Knows rows, no model.
 */
import { DocentError } from '../errors.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import { isUuid } from '../store/uuid.ts';

export interface Probe {
  readonly id: string;
  readonly question: string;
  /** Null: the documents don't answer it, and it must be refused. */
  readonly answer: string | null;
}

export interface Probes {
  /** Oldest first. */
  list(): Promise<readonly Probe[]>;
  /** The same question again replaces its answer. */
  add(probe: Omit<Probe, 'id'>, actorId: string): Promise<Probe>;
  /** @throws DocentError PROBE_UNKNOWN */
  remove(id: string, actorId: string): Promise<void>;
}

export function createProbes({ prisma }: { readonly prisma: PrismaClient }): Probes {
  const shown = { id: true, question: true, answer: true } as const;
  return {
    list: () => prisma.probe.findMany({ orderBy: { createdAt: 'asc' }, select: shown }),
    add: ({ question, answer }, actorId) =>
      prisma.$transaction(async (tx) => {
        const probe = await tx.probe.upsert({
          where: { question },
          create: { question, answer },
          update: { answer },
          select: shown,
        });
        await tx.auditEntry.create({ data: { actorId, action: 'probe.add', subject: probe.id } });
        return probe;
      }),
    async remove(id, actorId) {
      const { count } = isUuid(id) ? await prisma.probe.deleteMany({ where: { id } }) : { count: 0 };
      if (count === 0) throw new DocentError('PROBE_UNKNOWN', { id });
      await prisma.auditEntry.create({ data: { actorId, action: 'probe.remove', subject: id } });
    },
  };
}
