/**
 * An upload that was received becomes answerable: extract, cut into passages, index, and swap in one transaction. Until
 * then the earlier version answers. Knows no platform; outcomes are told to whoever listens.
 */
import type { Logger } from 'pino';
import { DocentError, type ErrorCode, isDocentError } from '../errors.ts';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import type { Extracted } from './extract/contract.ts';
import { detectLanguage } from './language.ts';
import type { Originals } from './originals.ts';
import { goLive, type ReadFile, type VersionDraft } from './version.ts';

export interface Outcome {
  readonly versionId: string;
  readonly documentId: string;
  readonly path: string;
  readonly status: 'ready' | 'replaced' | 'failed';
  readonly sections: number;
  readonly passages: number;
  readonly bytes: number;
  readonly language: string | null;
  readonly warnings: readonly string[];
  readonly error: { readonly code: ErrorCode; readonly line: string } | null;
}

interface Deps {
  readonly prisma: PrismaClient;
  readonly originals: Originals;
  readonly extract: (input: { readonly filePath: string; readonly name: string }) => Promise<ReadFile>;
  /** Sections and passages, with vectors where dense retrieval is on. */
  readonly prepare: (extracted: Extracted) => Promise<VersionDraft>;
  readonly log: Logger;
}

/** How much text tells the language; longer documents are not read for it in full. */
const languageSample = 4_000;

export interface Processor {
  /** Safe to repeat: a version that is ready or superseded is left alone. Throws only what is worth trying again. */
  process(versionId: string): Promise<Outcome | null>;
}

export function createProcessor(deps: Deps): Processor {
  const { prisma, originals, log } = deps;

  type Version = Prisma.DocumentVersionGetPayload<{ include: { document: true; original: true } }>;

  const outcome = (version: Version, rest: Partial<Outcome> & Pick<Outcome, 'status'>): Outcome => ({
    versionId: version.id,
    documentId: version.documentId,
    path: version.document.path,
    sections: 0,
    passages: 0,
    bytes: version.original.bytes,
    language: null,
    warnings: [],
    error: null,
    ...rest,
  });

  const fail = async (version: Version, error: DocentError): Promise<Outcome> => {
    await prisma.documentVersion.updateMany({
      where: { id: version.id, state: 'received' },
      data: { state: 'failed', errorCode: error.code, errorLine: error.line },
    });
    log.warn({ version: version.id, code: error.code }, 'document could not be read');
    return outcome(version, { status: 'failed', error: { code: error.code, line: error.line } });
  };

  const store = async (version: Version, extracted: ReadFile): Promise<Outcome> => {
    const draft = await deps.prepare(extracted);
    if (draft.passages.length === 0) return fail(version, new DocentError('FILE_EMPTY', { name: version.fileName }));
    const language = detectLanguage(extracted.text.slice(0, languageSample));
    const languageCode = language.confident ? language.code : null;
    const placed = await goLive(prisma, version, { extracted, draft, language: languageCode });
    return outcome(version, {
      status: placed === 'gone' ? 'failed' : placed,
      sections: draft.sections.length,
      passages: draft.passages.length,
      language: languageCode,
      warnings: extracted.warnings,
    });
  };

  return {
    async process(versionId) {
      const version = await prisma.documentVersion.findUnique({
        where: { id: versionId },
        include: { document: true, original: true },
      });
      if (version?.state !== 'received') return null;
      const began = performance.now();
      try {
        const extracted = await deps.extract({ filePath: originals.pathOf(version.digest), name: version.fileName });
        const result = await store(version, extracted);
        log.info(
          {
            version: version.id,
            status: result.status,
            passages: result.passages,
            ms: Math.round(performance.now() - began),
          },
          'document read',
        );
        return result;
      } catch (error) {
        if (isDocentError(error) && error.code.startsWith('FILE_')) return fail(version, error);
        throw error;
      }
    },
  };
}
