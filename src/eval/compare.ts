/**
 * Champion and candidate on the same questions: the workspace's own through the search, the same with the passages that
 * answer taken away (both must refuse), and general ones with their passage given. Knows readings and scores, not how
 * either was trained.
 */
import pMap from 'p-map';
import { type Chosen, surest } from '../answers/choose.ts';
import { type Piece, passageText, wordsAt } from '../documents/passage.ts';
import { groupBy } from '../group.ts';
import type { Calibration } from '../reader/calibration.ts';
import type { Reader, Reading } from '../reader/read.ts';
import { wordsOnly } from './evidence.ts';
import type { PairedScore } from './gate.ts';
import { f1Of, sameAnswer, score } from './squad.ts';

/** A reader with what is in force when it serves. */
export interface Contestant {
  /** Another way to read its confidence, scored beside it. */
  readonly otherwise?: Calibration;
  readonly reader: Reader;
  readonly calibration: Calibration;
  readonly givenPassage: Calibration;
}

export interface JudgingQuestion {
  readonly question: string;
  readonly form: 'span' | 'yes' | 'no';
  /** Words that answer; for yes and no those that show it. */
  readonly words: string;
  readonly sectionId: string;
  readonly passage: readonly Piece[];
}

/** What a search found for a question, best first, and whether it is the question's own passage. */
export interface FoundPassage {
  readonly pieces: readonly Piece[];
  readonly own: boolean;
  /** The search's. */
  readonly score: number;
}

const wordsOfReading = (pieces: readonly Piece[], { spans }: Reading): string =>
  wordsAt(
    pieces,
    spans.map(({ start, end }) => [start, end] as const),
  );

const surestOf = (
  passages: readonly { readonly score: number }[],
  readings: readonly Reading[],
  calibration: Calibration,
): Chosen | null =>
  surest(
    readings,
    passages.map(({ score: of }) => of),
    calibration,
  );

/** What it would say: null = the documents don't answer this. */
function saying(
  passages: readonly { readonly pieces: readonly Piece[]; readonly score: number }[],
  readings: readonly Reading[],
  calibration: Calibration,
): string | null {
  const best = surestOf(passages, readings, calibration);
  if (!best || best.confidence < calibration.threshold) return null;
  const { reading } = best;
  if (reading.form !== 'span') return reading.form === 'yes' ? 'Yes' : 'No';
  return wordsOfReading(passages[readings.indexOf(reading)]!.pieces, reading);
}

const goldOf = ({ form, words }: JudgingQuestion): string => (form === 'span' ? words : form === 'yes' ? 'Yes' : 'No');

export interface Judged {
  /** F1 with the search's passages. */
  readonly f1: number;
  /** The same as `otherwise` would have it; equal where there is none. */
  readonly f1Otherwise: number;
  /** Whether the same question without the passages that answer it was refused; null where the search brought no others. */
  readonly refused: boolean | null;
  /** How sure it was of an answer that can't be right: the same question without those passages; null as `refused`. */
  readonly wronglySure: number | null;
  /** Whether the own passage alone gives the words. */
  readonly readsOwn: boolean;
  readonly answered: boolean;
}

/** @param passages how many are read for an answer. */
export async function judge(
  question: JudgingQuestion,
  found: readonly FoundPassage[],
  { reader, calibration, otherwise = calibration }: Contestant,
  passages: number,
  signal: AbortSignal,
): Promise<Judged> {
  const gold = goldOf(question);
  const holds = ({ own, pieces }: FoundPassage) =>
    own || wordsOnly(passageText(pieces)).includes(wordsOnly(question.words));
  const usual = found.slice(0, passages);
  const without = found.filter((each) => !holds(each)).slice(0, passages);
  const all = [...new Set([...usual, ...without])];
  // Its own passage is nearly always among them, and need not be read twice.
  const known = all.findIndex(({ own }) => own);
  const texts = all.map(({ pieces }) => pieces);
  const readings = await reader.read(question.question, known < 0 ? [...texts, question.passage] : texts, { signal });
  const own = readings.at(known);
  const readingsOf = (chosen: readonly FoundPassage[]) => chosen.map((each) => readings[all.indexOf(each)]!);
  const of = (chosen: readonly FoundPassage[], by = calibration) => saying(chosen, readingsOf(chosen), by);
  const answer = of(usual);
  const refused = without.length > 0 ? of(without) === null : null;
  const ownWords = own ? wordsOfReading(question.passage, own) : '';
  return {
    f1: score(answer, [gold], false).f1,
    f1Otherwise: score(of(usual, otherwise), [gold], false).f1,
    refused,
    wronglySure: without.length > 0 ? (surestOf(without, readingsOf(without), calibration)?.confidence ?? 0) : null,
    readsOwn: own !== undefined && own.form === question.form && f1Of(ownWords, question.words) >= sameAnswer,
    answered: answer !== null,
  };
}

/** The scores that decide: only questions that either reads right from its own passage are questions at all. */
export function pairedScores(
  questions: readonly JudgingQuestion[],
  champion: readonly Judged[],
  candidate: readonly Judged[],
): { readonly workspace: readonly PairedScore[]; readonly abstention: readonly PairedScore[] } {
  const workspace: PairedScore[] = [];
  const abstention: PairedScore[] = [];
  questions.forEach(({ sectionId: section }, i) => {
    const [a, b] = [champion[i]!, candidate[i]!];
    if (!a.readsOwn && !b.readsOwn) return;
    workspace.push({ section, champion: a.f1, candidate: b.f1 });
    if (a.refused !== null && b.refused !== null)
      abstention.push({ section, champion: Number(a.refused), candidate: Number(b.refused) });
  });
  return { workspace, abstention };
}

export interface GeneralQuestion {
  readonly question: string;
  readonly answers: readonly string[];
  readonly impossible: boolean;
  readonly context: string;
}

export interface GeneralOptions {
  readonly signal: AbortSignal;
  /** Time (as Date.now) after which no further context is begun, once `least` questions are scored. */
  readonly until?: number;
  readonly least?: number;
  readonly onProgress?: (done: number) => void;
}

/** Contexts read at once; the questions of one wait for each other, since its prefix is computed once. */
const contextsAtOnce = 4;

/**
 * Each context given.
 * @returns in the order of the questions, of which those of one context stand together; fewer where time ran out.
 */
export async function generalScores(
  questions: readonly GeneralQuestion[],
  { reader, givenPassage }: Contestant,
  { signal, until = Number.POSITIVE_INFINITY, least = 0, onProgress }: GeneralOptions,
): Promise<readonly number[]> {
  let done = 0;
  const ofContext = async (own: readonly GeneralQuestion[]): Promise<readonly number[] | null> => {
    if (Date.now() > until && done >= least) return null;
    const scores: number[] = [];
    for (const { question, answers, impossible, context } of own) {
      const pieces = [{ text: context, start: 0, end: context.length }];
      const readings = await reader.read(question, [pieces], { signal });
      scores.push(score(saying([{ pieces, score: 0 }], readings, givenPassage), answers, impossible).f1);
      done += 1;
      onProgress?.(done);
    }
    return scores;
  };
  const contexts = [...groupBy(questions, ({ context }) => context).values()];
  const all = await pMap(contexts, ofContext, { concurrency: contextsAtOnce, signal });
  const end = all.indexOf(null);
  return (end < 0 ? all : all.slice(0, end)).flatMap((scores) => scores ?? []);
}

/** What a contestant answers with the passages of a search; null = the documents don't answer this. */
export async function answerOf(
  question: string,
  found: readonly FoundPassage[],
  { reader, calibration }: Contestant,
  signal: AbortSignal,
): Promise<string | null> {
  if (found.length === 0) return null;
  const readings = await reader.read(
    question,
    found.map(({ pieces }) => pieces),
    { signal },
  );
  return saying(found, readings, calibration);
}
