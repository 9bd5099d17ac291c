/** The documents of an install, as one service: take in, wait for, list, show, delete. Jobs are wired in main. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../errors.ts';
import type { PrismaClient } from '../store/generated/client.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Outcome, Processor } from './process.ts';
import type { Receiver } from './receive.ts';

export interface Documents extends Receiver, Lifecycle {
  /** Reads a received version; what the job runs. */
  process(versionId: string): Promise<Outcome | null>;
  /** Resolves once the version is ready or failed, whichever process reads it. */
  wait(versionId: string, signal?: AbortSignal): Promise<Outcome>;
  /** Told about every version that this process has read. */
  onOutcome(listener: (outcome: Outcome) => void): () => void;
}

const pollMs = 100;

export function createDocuments(deps: {
  readonly prisma: PrismaClient;
  readonly receiver: Receiver;
  readonly processor: Processor;
  readonly lifecycle: Lifecycle;
}): Documents {
  const { prisma, processor } = deps;
  const listeners = new Set<(outcome: Outcome) => void>();

  const stored = async (versionId: string): Promise<Outcome | null> => {
    const version = await prisma.documentVersion.findUnique({
      where: { id: versionId },
      include: { original: true, document: { include: { versions: { select: { state: true, id: true } } } } },
    });
    if (!version || version.state === 'received') return null;
    const earlier = version.document.versions.some(({ id, state }) => id !== versionId && state === 'superseded');
    return {
      versionId,
      documentId: version.documentId,
      path: version.document.path,
      status: version.state === 'failed' ? 'failed' : earlier ? 'replaced' : 'ready',
      sections: version.sectionCount,
      passages: version.passageCount,
      bytes: version.original.bytes,
      language: version.language,
      warnings: version.warnings,
      error: version.errorCode ? { code: version.errorCode as ErrorCode, line: version.errorLine ?? '' } : null,
    };
  };

  return {
    receive: deps.receiver.receive,
    list: deps.lifecycle.list,
    show: deps.lifecycle.show,
    remove: deps.lifecycle.remove,
    removeBytes: deps.lifecycle.removeBytes,
    removeBySource: deps.lifecycle.removeBySource,
    async process(versionId) {
      const outcome = await processor.process(versionId);
      if (outcome) for (const listener of listeners) listener(outcome);
      return outcome;
    },
    async wait(versionId, signal) {
      for (;;) {
        const outcome = await stored(versionId);
        if (outcome) return outcome;
        await sleep(pollMs, undefined, { signal });
      }
    },
    onOutcome(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
