/**
 * The data set of a run: questions written about the documents that may teach, each on the side of its section (split.ts),
 * filtered, with everything that says where it came from. Knows passages, a writer, a reader and a search; no files, no
 * rows of the database, no training.
 *
 * The filter never asks whether the champion answers from the ordinary input: what it gets wrong is what there is to
 * learn. It asks whether the question belongs to its words at all: a reading of its own passage alone gives them back,
 * and a search for it finds the passage. Questions that judge are kept unread; whoever judges reads them with both models.
 */
import { setMaxListeners } from 'node:events';
import { passageText, wordsAt } from '../documents/passage.ts';
import { wordsOnly } from '../eval/evidence.ts';
import { f1Of, sameAnswer } from '../eval/squad.ts';
import { createRandom } from '../random.ts';
import type { Reader } from '../reader/read.ts';
import { tableCells, tableQuestion, worthAsking } from './answers.ts';
import type { Asked, QuestionWriter } from './question-writer.ts';
import { restyled } from './restyle.ts';
import { detailsFrom } from './rules/detail.ts';
import { sentencesOf } from './rules/question.ts';
import { yesNoFrom } from './rules/yesno.ts';
import type { Side } from './split.ts';
import type { TeachingPassage, TeachingSection } from './teaching.ts';

export type QuestionKind = 'written' | 'table' | 'detail' | 'yes' | 'no' | 'correction' | 'liked';

/** A question with its answer, and where both come from. */
export interface LearnedQuestion {
  readonly kind: QuestionKind;
  readonly question: string;
  readonly form: 'span' | 'yes' | 'no';
  /** [start, end) in the document. */
  readonly spans: readonly (readonly [number, number])[];
  /** Words of the spans. */
  readonly words: string;
  readonly side: Side;
  readonly documentId: string;
  readonly document: string;
  readonly sectionId: string;
  readonly passageId: string;
  /** Other passages that a search puts near the top, best first. */
  readonly near: readonly string[];
}

export interface DataSet {
  readonly documents: readonly string[];
  readonly sections: Readonly<Record<Side, number>>;
  readonly questions: readonly LearnedQuestion[];
  /** Written, and why not kept. */
  readonly dropped: Readonly<Record<'notRead' | 'notFound' | 'repeated' | 'noQuestion', number>>;
  /** False where time ran out before every passage was asked about. */
  readonly complete: boolean;
}

/** Words asked about in a passage; more would only repeat it. */
const answersAPassage = 6;
const [cellsAPassage, detailsAPassage, polarAPassage] = [2, 3, 2];
/** How far down a search the passage may be. */
const searchDepth = 8;
/** Questions beyond these show nothing more; what judges comes first, because with too few of it nothing else counts. */
const wanted = { gate: 240, dev: 100 } as const;
/** What each side may take of the time. */
const timeShares: readonly (readonly [Side, number])[] = [
  ['gate', 0.45],
  ['dev', 0.15],
  ['train', 1],
];

/** Passages that a question finds, best first. */
export type Search = (
  question: string,
  limit: number,
) => Promise<readonly { readonly passageId: string; readonly score: number }[]>;

export interface DataSetDeps {
  readonly writer: QuestionWriter;
  /** The champion. */
  readonly reader: Reader;
  /** Ids of the passages that a question finds, best first. */
  readonly search: Search;
}

export interface DataSetOptions {
  readonly sides: ReadonlyMap<string, Side>;
  readonly seed: number;
  /** Milliseconds of work; what was written by then is kept. */
  readonly budgetMs: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

interface Draft {
  readonly kind: QuestionKind;
  readonly question: string;
  readonly asked: Asked;
}

export async function buildDataSet(
  sections: readonly TeachingSection[],
  deps: DataSetDeps,
  options: DataSetOptions,
): Promise<DataSet> {
  const { writer, reader, search } = deps;
  const { sides, signal, seed } = options;
  // Many readings at once listen to it.
  setMaxListeners(0, signal);
  const random = createRandom(seed);
  const { next } = random;
  const questions: LearnedQuestion[] = [];
  const dropped = { notRead: 0, notFound: 0, repeated: 0, noQuestion: 0 };
  const asked = new Set<string>();
  const counts = { train: 0, dev: 0, gate: 0 };
  for (const { id } of sections) counts[sides.get(id) ?? 'train'] += 1;

  /** Every passage once, the sections' order drawn anew for each seed: half of what judges is new in each run. */
  const work = (side: Side) =>
    random
      .shuffled(sections.filter(({ id }) => sides.get(id) === side))
      .flatMap((section) => section.passages.map((passage) => ({ section, passage })));

  const draftsOf = async (passage: TeachingPassage): Promise<readonly Draft[]> => {
    const worth = worthAsking(passage.pieces, answersAPassage, next);
    const written = await writer.write(passage.pieces, worth, { signal });
    const drafts = worth.flatMap((one, i): Draft[] => {
      const question = written[i]?.question;
      if (!question) dropped.noQuestion += 1;
      return question
        ? [{ kind: one.kind === 'yes' || one.kind === 'no' ? one.kind : 'written', question, asked: one }]
        : [];
    });
    const cells = random
      .shuffled(tableCells(passage.pieces))
      .slice(0, cellsAPassage)
      .map((cell): Draft => {
        const { start, end } = cell.cell;
        return { kind: 'table', question: tableQuestion(cell, next), asked: { kind: 'span', spans: [[start, end]] } };
      });
    const sentences = sentencesOf(passage);
    const text = sentences.map((sentence) => sentence.text).join(' ');
    const details = random
      .shuffled(sentences.flatMap((sentence) => detailsFrom(sentence, text, random)))
      .slice(0, detailsAPassage)
      .map(({ question, spans }): Draft => ({ kind: 'detail', question, asked: { kind: 'span', spans } }));
    const polar = random
      .shuffled(sentences)
      // Mostly one question a sentence: two would answer each other.
      .flatMap((sentence) =>
        yesNoFrom(sentence, text, random)
          .slice(random.chance(0.5) ? -1 : 0)
          .slice(0, 1),
      )
      .slice(0, polarAPassage)
      .flatMap(({ form, question, spans }): Draft[] =>
        form === 'yes' || form === 'no' ? [{ kind: form, question, asked: { kind: form, spans } }] : [],
      );
    return [...drafts, ...cells, ...details, ...polar];
  };

  const keep = async (section: TeachingSection, passage: TeachingPassage, side: Side, draft: Draft): Promise<void> => {
    const key = wordsOnly(draft.question);
    if (asked.has(key)) {
      dropped.repeated += 1;
      return;
    }
    asked.add(key);
    // Read in plain words, learned as people type it: what only the typed form makes hard is worth learning.
    const question = restyled(draft.question, next);
    const { spans } = draft.asked;
    const words = wordsAt(passage.pieces, spans);
    const form = draft.kind === 'yes' || draft.kind === 'no' ? draft.kind : 'span';
    if (side !== 'gate') {
      const [reading] = await reader.read(draft.question, [passage.pieces], { signal });
      const read = reading
        ? wordsAt(
            passage.pieces,
            reading.spans.map(({ start, end }) => [start, end] as const),
          )
        : '';
      if (reading?.form !== form || f1Of(read, words) < sameAnswer) {
        dropped.notRead += 1;
        return;
      }
    }
    const found = (await search(question, searchDepth)).map(({ passageId }) => passageId);
    if (!found.includes(passage.id)) {
      dropped.notFound += 1;
      return;
    }
    questions.push({
      kind: draft.kind,
      question,
      form,
      spans,
      words,
      side,
      documentId: section.documentId,
      document: section.document,
      sectionId: section.id,
      passageId: passage.id,
      near: found.filter((id) => id !== passage.id),
    });
  };

  const began = performance.now();
  const total = sections.reduce((sum, { passages }) => sum + passages.length, 0);
  let done = 0;
  let complete = true;
  let share = 0;
  for (const [side, part] of timeShares) {
    share = side === 'train' ? 1 : share + part;
    const most = side === 'train' ? Number.POSITIVE_INFINITY : wanted[side];
    for (const { section, passage } of work(side)) {
      signal.throwIfAborted();
      if (questions.filter((question) => question.side === side).length >= most) break;
      if (performance.now() - began > options.budgetMs * share) {
        complete = false;
        break;
      }
      const drafts = await draftsOf(passage);
      await Promise.all(drafts.map((draft) => keep(section, passage, side, draft)));
      done += 1;
      options.onProgress?.(done, total);
    }
  }
  const documents = [...new Set(sections.map(({ documentId }) => documentId))];
  return { documents, sections: counts, questions, dropped, complete };
}

/** Lines of an examples file (training/data/examples.ts). */
export interface ExampleLine {
  readonly pieces: TeachingPassage['pieces'];
  readonly questions: readonly {
    readonly question: string;
    readonly form: 'span' | 'yes' | 'no' | 'none';
    readonly spans: readonly (readonly [number, number])[];
    readonly weight: number;
  }[];
}

/** More would not fit into a row beside the passage. */
const questionsARow = 8;
/** Wrong passages are easy beside right words: they count less. */
const wrongWeight = 0.15;

/** Each passage of a side with its questions, and with one that a search would bring it for but which it doesn't answer. */
export function exampleLines(
  questions: readonly LearnedQuestion[],
  passages: ReadonlyMap<string, TeachingPassage>,
  side: Side,
  passageSide: ReadonlyMap<string, Side>,
): readonly ExampleLine[] {
  const own = questions.filter((question) => question.side === side);
  const lines = new Map<string, ExampleLine['questions'][number][]>();
  const add = (passageId: string, line: ExampleLine['questions'][number]) =>
    lines.set(passageId, [...(lines.get(passageId) ?? []), line]);
  for (const { passageId, question, form, spans, words, near } of own) {
    add(passageId, { question, form, spans, weight: 1 });
    // Never a passage of another side: text that judges is not learned, not even as the wrong one.
    const wrong = near.find((id) => {
      const passage = passages.get(id);
      return (
        passage && passageSide.get(id) === side && !wordsOnly(passageText(passage.pieces)).includes(wordsOnly(words))
      );
    });
    if (wrong) add(wrong, { question, form: 'none', spans: [], weight: wrongWeight });
  }
  return [...lines].flatMap(([passageId, all]) =>
    Array.from({ length: Math.ceil(all.length / questionsARow) }, (_, i) => ({
      pieces: passages.get(passageId)!.pieces,
      questions: all.slice(i * questionsARow, (i + 1) * questionsARow),
    })),
  );
}
