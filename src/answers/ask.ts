/**
 * Question → passages → reading → answer with its source, or an honest "not found". Every answer is stored with what it
 * saw. Knows no platform and no prompt.
 */
import type { Logger } from 'pino';
import { detectLanguage } from '../documents/language.ts';
import { passageText } from '../documents/passage.ts';
import { saidAt } from '../documents/said.ts';
import { DocentError } from '../errors.ts';
import type { Calibration } from '../reader/calibration.ts';
import type { Reader, Reading } from '../reader/read.ts';
import type { Candidate, Retriever } from '../retrieval/retrieve.ts';
import type { Prisma } from '../store/generated/client.ts';
import { type Chosen, confidences, surest } from './choose.ts';
import type { Answer, Answerer, AskOptions, Audience, Question, Source } from './contract.ts';
import type { Conversations, Seen } from './conversations.ts';
import type { CorrectedAnswers } from './corrected.ts';
import type { ExampleQuestions } from './examples.ts';
import { isElliptical, type PreviousTurn, resolved, searched } from './follow-up.ts';
import { type Quote, quoteAround } from './quote.ts';
import { smallTalk } from './small-talk.ts';
import * as texts from './texts.ts';
import type { Turns } from './turns.ts';

/** Longer texts belong into a document; the reader's context is for passages. */
const maxQuestionLength = 2_000;

/** A section that shares less with the question than this is no help to whoever asked. */
const nearScore = 0.25;

/** How far down a search the passage of a corrected answer may be. */
const correctedDepth = 8;

type Draft = Omit<Answer, 'id' | 'timing' | 'model'>;

interface Drafted {
  readonly draft: Draft;
  readonly seen: readonly Seen[];
  /** Milliseconds. */
  readonly retrieved: number;
  readonly read: number;
  /** What read; absent where nothing was read. */
  readonly model?: Answer['model'];
}

/** The adapter that answers, and how its confidence is read. */
export interface InService {
  readonly reader: Reader;
  readonly calibration: Calibration;
  readonly model: Answer['model'];
}

interface Deps {
  readonly conversations: Conversations;
  readonly retriever: Retriever;
  /** Whose documents these are; null = the operator's own surfaces. */
  readonly workspaceOf: (audience: Audience) => Promise<string | null>;
  readonly turns: Turns;
  /** What serves this audience now. */
  readonly inService: (audience: Audience) => Promise<InService>;
  readonly examples: ExampleQuestions;
  readonly corrected: CorrectedAnswers;
  /** Extracted text of a document version, for quotes. */
  readonly textOf: (versionId: string) => Promise<string>;
  /** Are there any documents this audience may see? */
  readonly hasDocuments: (audience: Audience) => Promise<boolean>;
  /** How many passages are read. */
  readonly passages: number;
  readonly log: Logger;
}

/** One reading of one candidate that gave words. */
interface Found extends Chosen {
  readonly candidate: Candidate;
}

const sourceOf = (candidate: Candidate, quote: Quote): Source => ({
  document: candidate.document,
  documentId: candidate.documentId,
  section: candidate.heading,
  page: candidate.page,
  quote: quote.quote,
  start: quote.start,
  end: quote.end,
  url: candidate.url,
});

const isYesNoForm = (form: Reading['form']): form is 'yes' | 'no' => form !== 'span';

export interface StoringAnswerer extends Answerer {
  /** As ask, for a question that was recorded already (with its reply handle). */
  ask(question: Question, options?: AskOptions & { readonly replyTarget?: Prisma.InputJsonValue }): Promise<Answer>;
}

export function createAnswerer(deps: Deps): StoringAnswerer {
  const { conversations, retriever, examples, corrected, textOf, log } = deps;

  const talk = async (question: Question): Promise<Draft | null> => {
    const kind = smallTalk(question.text);
    if (!kind) return null;
    const draft = (text: string, answerKind: 'help' | 'greeting'): Draft => ({
      found: false,
      kind: answerKind,
      answer: null,
      text,
      confidence: 1,
      sources: [],
    });
    if (kind === 'thanks') return draft(texts.thanksText, 'greeting');
    const suggested = await examples.forAudience(question.audience);
    return kind === 'help'
      ? draft(texts.helpText(suggested), 'help')
      : draft(texts.greetingText(suggested), 'greeting');
  };

  const notFound = async (candidates: readonly Candidate[], audience: Audience, confidence: number): Promise<Draft> => {
    const nearest = candidates.find(({ score }) => score >= nearScore);
    const empty = candidates.length === 0 && !(await deps.hasDocuments(audience));
    const sources: Source[] = [];
    if (nearest) {
      const text = await textOf(nearest.versionId);
      const begin = nearest.pieces.find((piece) => piece.start !== undefined && piece.text.trim() !== '');
      if (begin?.start !== undefined) sources.push(sourceOf(nearest, quoteAround(text, begin.start, begin.start + 1)));
    }
    return {
      found: false,
      kind: 'span',
      answer: null,
      text: texts.notFoundText(sources[0] ?? null, empty),
      confidence,
      sources,
    };
  };

  const fromReading = async ({ candidate, reading, confidence }: Found): Promise<Draft> => {
    const text = await textOf(candidate.versionId);
    const quotes = reading.spans.map((span) => quoteAround(text, span.start, span.end));
    const words = reading.spans.map((span) => text.slice(span.start, span.end));
    const sources = quotes.map((quote) => sourceOf(candidate, quote));
    const form = reading.form;
    const answer = isYesNoForm(form) ? (form === 'yes' ? 'Yes' : 'No') : words.join('; ');
    return {
      found: true,
      kind: isYesNoForm(form) ? form : words.length > 1 ? 'list' : 'span',
      answer,
      text: texts.answerText(
        answer,
        sources.map((source) => source.quote),
      ),
      confidence,
      sources,
    };
  };

  const withLanguageNote = (draft: Draft, question: string, winner: Candidate | null): Draft => {
    const foreign = (text: string) => {
      const language = detectLanguage(text);
      return language.confident && language.code !== 'eng';
    };
    if (foreign(question)) return { ...draft, text: `${draft.text}\n_${texts.otherLanguageNote}_` };
    if (winner && draft.found && foreign(passageText(winner.pieces)))
      return { ...draft, text: `${draft.text}\n_${texts.otherDocumentLanguageNote}_` };
    return draft;
  };

  const seenOf = (candidates: readonly Candidate[], readings: readonly Reading[]): readonly Seen[] =>
    readings.map((reading, rank) => {
      const { passageId, documentId, score } = candidates[reading.passage]!;
      const meanLogprob = Number.isFinite(reading.meanLogprob) ? reading.meanLogprob : -1e9;
      return { passageId, documentId, rank, score, pFound: reading.pFound, meanLogprob, words: null };
    });

  /** What people corrected is not read again; null where nobody did, or no visible passage says it any more. */
  const fromCorrection = async (question: Question, previous: PreviousTurn | null): Promise<Drafted | null> => {
    // Out of its thread it asks something else.
    if (previous && isElliptical(question.text)) return null;
    const began = performance.now();
    for (const words of await corrected.wordsFor(question.text, question.audience)) {
      const asked = [question.text, words].map((text) => ({ text, weight: 1 }));
      for (const candidate of await retriever.search(question.audience, asked, correctedDepth)) {
        const at = saidAt(candidate.pieces, words);
        if (!at) continue;
        const spans = [{ start: at[0], end: at[1] }];
        const reading: Reading = { passage: 0, pFound: 1, meanLogprob: 0, spans, form: 'span', cachedTokens: 0 };
        const draft = await fromReading({ candidate, reading, confidence: 1 });
        return {
          draft: { ...draft, text: `${draft.text}\n_${texts.correctedNote}_` },
          seen: seenOf([candidate], [reading]),
          retrieved: performance.now() - began,
          read: 0,
        };
      }
    }
    return null;
  };

  const fromDocuments = async (
    question: Question,
    previous: PreviousTurn | null,
    options: AskOptions,
  ): Promise<Drafted> => {
    const began = performance.now();
    const { reader, calibration, model } = await deps.inService(question.audience);
    const candidates = await retriever.search(
      question.audience,
      searched(question.text, previous),
      deps.passages,
      previous?.passageIds ?? [],
    );
    const retrieved = performance.now() - began;
    options.onProgress?.('reading', candidates.length);
    const scores = candidates.map(({ score }) => score);
    const readings = candidates.length
      ? await reader.read(
          resolved(question.text, previous),
          candidates.map((candidate) => candidate.pieces),
          {
            ...(options.signal ? { signal: options.signal } : {}),
            surest: { calibration, scores },
          },
        )
      : [];
    const read = performance.now() - began - retrieved;
    const best = surest(readings, scores, calibration);
    const found: Found | null =
      best && best.confidence >= calibration.threshold
        ? { candidate: candidates[best.reading.passage]!, ...best }
        : null;
    const draft = found
      ? await fromReading(found)
      : await notFound(candidates, question.audience, Math.max(0, ...confidences(readings, scores, calibration)));
    return {
      draft: withLanguageNote(draft, question.text, found?.candidate ?? null),
      seen: seenOf(candidates, readings),
      retrieved,
      read,
      model,
    };
  };

  return {
    async ask(question, options = {}) {
      const began = performance.now();
      if (question.text.length > maxQuestionLength)
        throw new DocentError('QUESTION_TOO_LONG', { length: question.text.length, limit: maxQuestionLength });
      const recorded = await conversations.record(question, options.replyTarget);
      if (recorded.answer) return recorded.answer;

      const drafted = async (): Promise<Drafted> => {
        const said = await talk(question);
        if (said) return { draft: said, seen: [], retrieved: 0, read: 0 };
        options.onProgress?.('searching', 0);
        const previous = await conversations.previous(recorded.conversationId, recorded.id);
        const corrected = await fromCorrection(question, previous);
        if (corrected) return corrected;
        const asker = { workspaceId: await deps.workspaceOf(question.audience), userId: question.userId };
        return deps.turns.take(asker, () => fromDocuments(question, previous, options), {
          ...(options.signal ? { signal: options.signal } : {}),
          onWaiting: (position) => options.onProgress?.('waiting', position),
        });
      };
      const { draft, seen, retrieved, read, model = (await deps.inService(question.audience)).model } = await drafted();
      const timing = {
        retrieve_ms: Math.round(retrieved),
        read_ms: Math.round(read),
        total_ms: Math.round(performance.now() - began),
      };
      const answer = await conversations.saveAnswer(recorded.id, { ...draft, model, timing }, seen);
      log.info({ question: recorded.id, found: answer.found, ...timing }, 'answered');
      return answer;
    },
    examples: (audience) => examples.forAudience(audience),
  };
}
