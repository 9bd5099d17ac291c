/** What a run works with, from the services of Docent: sections with their sides, a writer, readers, a search. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DocentError } from '../errors.ts';
import type { Engine, Tokenizer } from '../inference/contract.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Calibration } from '../reader/calibration.ts';
import { createPromptRenderer } from '../reader/prompt.ts';
import { createReader, type Reader } from '../reader/read.ts';
import type { AdapterRegistry } from '../registry/adapters.ts';
import type { Base } from '../registry/bases.ts';
import type { Retriever } from '../retrieval/retrieve.ts';
import type { Log, Store } from '../store/index.ts';
import type { Correction, Corrections } from './feedback.ts';
import type { Probes } from './probes.ts';
import { createQuestionWriter } from './question-writer.ts';
import { recentQuestions } from './recent.ts';
import type { RunDeps } from './run.ts';
import { type Side, splitSections } from './split.ts';
import { loadTeachingSections, type Scope, type TeachingSection } from './teaching.ts';

export interface LearningDeps {
  readonly home: string;
  readonly log: Log;
  readonly store: Store;
  readonly jobs: Jobs;
  readonly base: () => Promise<Base>;
  readonly registry: () => Promise<AdapterRegistry>;
  readonly engine: () => Promise<Engine>;
  readonly tokenizer: () => Promise<Tokenizer>;
  /** Of what serves a scope. */
  readonly reader: (scope: Scope) => Promise<Reader>;
  readonly retriever: () => Promise<Retriever>;
  readonly calibration: (kind: 'documents' | 'givenPassage', scope: Scope) => Calibration;
  readonly reloadAdapter: () => Promise<void>;
  /** Folder of the adapter that writes questions. */
  readonly writerFolder: string;
  readonly passages: number;
  readonly minutes: number;
  readonly threads: number;
}

/** What teaches now. */
export interface Material {
  readonly scope: Scope;
  readonly sections: readonly TeachingSection[];
  readonly corrections: readonly Correction[];
  /** The same for the same sections and corrections; a 👍 more is no reason for a run. */
  readonly fingerprint: string;
}

export interface Preparation {
  material(scope: Scope): Promise<Material>;
  /** @throws DocentError TRAINING_FAILED where nothing ships for the base. */
  depsOf(
    runId: string,
    material: Material,
    options: Pick<RunDeps, 'minutes' | 'onProgress' | 'onTraining' | 'signal'>,
  ): Promise<RunDeps>;
}

/** Questions that a candidate is asked before it goes live. */
const replayed = 100;

const seedOf = (runId: string): number =>
  Number.parseInt(createHash('sha256').update(runId).digest('hex').slice(0, 7), 16);
const fingerprintOf = (sections: readonly TeachingSection[], corrections: readonly Correction[]): string =>
  createHash('sha256')
    .update(JSON.stringify(sections.map(({ id, text }) => [id, text])))
    .update(JSON.stringify(corrections.map(({ question, words, passageId }) => [question, words, passageId])))
    .digest('hex');

export function createPreparation(
  deps: LearningDeps,
  { feedback, probes }: { readonly feedback: Corrections; readonly probes: Probes },
): Preparation {
  const { store, log, home } = deps;
  const { prisma, pool } = store;

  /** Sections with their sides: those known before, and new ones from now on. */
  const split = async (sections: readonly TeachingSection[]): Promise<ReadonlyMap<string, Side>> => {
    const rows = await prisma.sectionSide.findMany();
    const known = new Map(rows.map(({ id, side }) => [id, side as Side]));
    const sides = splitSections(sections, known);
    const documents = new Map(sections.map(({ id, documentId }) => [id, documentId]));
    for (const [id, side] of sides) {
      if (known.get(id) === side) continue;
      const documentId = documents.get(id)!;
      // The document may be deleted at this moment; then its side is nobody's business.
      await prisma.sectionSide
        .upsert({ where: { id }, create: { id, documentId, side }, update: { side } })
        .catch((error: unknown) => log.warn({ code: (error as { code?: string }).code }, 'a side was not kept'));
    }
    return sides;
  };

  const generalFile = (id: string) => join(home, 'evals', `general-${id}.json`);

  return {
    async material(scope) {
      const sections = await loadTeachingSections(pool, scope);
      const corrections = await feedback.approved(sections, scope);
      return { scope, sections, corrections, fingerprint: fingerprintOf(sections, corrections) };
    },
    async depsOf(runId, { scope, sections, corrections }, options) {
      const [registry, engine, tokenizer, reader, retriever, base] = await Promise.all([
        deps.registry(),
        deps.engine(),
        deps.tokenizer(),
        deps.reader(scope),
        deps.retriever(),
        deps.base(),
      ]);
      const [shipped, own] = await Promise.all([registry.shipped(), registry.champion(scope)]);
      const champion = own ?? (await registry.champion());
      if (!shipped || !champion)
        throw new DocentError('TRAINING_FAILED', { reason: `no adapter ships for the base ${base.name}` });
      const liked = await feedback.liked(sections, scope);
      const prompt = createPromptRenderer(tokenizer);
      // What is learned from can't judge any more.
      const sides = new Map([
        ...(await split(sections)),
        ...corrections.map(({ sectionId }): [string, Side] => [sectionId, 'train']),
      ]);
      for (const { sectionId } of corrections)
        await prisma.sectionSide.updateMany({ where: { id: sectionId }, data: { side: 'train' } });
      const teaching = new Set(sections.flatMap(({ passages }) => passages.map(({ id }) => id)));
      const search: RunDeps['search'] = async (question, limit) =>
        (await retriever.search({ channelId: null }, [{ text: question, weight: 1 }], limit)).filter(({ passageId }) =>
          teaching.has(passageId),
        );
      return {
        folder: join(home, 'runs', runId),
        seed: seedOf(runId),
        threads: deps.threads,
        passages: deps.passages,
        base,
        shipped,
        champion: {
          id: champion.id,
          contestant: {
            reader,
            calibration: deps.calibration('documents', scope),
            givenPassage: deps.calibration('givenPassage', scope),
          },
        },
        writer: createQuestionWriter({ engine, tokenizer, adapter: deps.writerFolder }),
        countTokens: (text) => tokenizer.encode(text).length,
        sections,
        sides,
        search,
        asked: [
          ...corrections.map((correction) => ({ ...correction, near: [] })),
          ...liked.map((one) => ({ ...one, side: sides.get(one.sectionId) ?? 'train', near: [] })),
        ],
        // What an admin approved must stay right as well.
        probes: [
          ...(await probes.list()),
          ...corrections.map(({ question, words }, i) => ({ id: `correction ${i + 1}`, question, answer: words })),
        ],
        recent: () => recentQuestions(pool, scope, replayed),
        readerOf: async (folder) =>
          createReader({ engine, prompt, forms: () => shipped.manifest.forms, adapter: () => folder }),
        knownGeneral: (id) =>
          existsSync(generalFile(id)) ? (JSON.parse(readFileSync(generalFile(id), 'utf8')) as number[]) : null,
        keepGeneral: (id, scores) => {
          mkdirSync(join(home, 'evals'), { recursive: true });
          writeFileSync(generalFile(id), JSON.stringify(scores));
        },
        ...options,
      };
    },
  };
}
