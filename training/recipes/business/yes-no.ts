/**
 * Yes/no questions from statements, by rule: the auxiliary moves in front of the subject. `no` where the statement denies
 * it, or where one of its values is swapped for another of its kind.
 */
import { splitSentences } from '../../../src/documents/sentences.ts';
import type { ExampleQuestion } from '../../data/examples.ts';
import type { Random } from './random.ts';
import { findValues, otherValue } from './values.ts';
import { asAsker, asQuestion, lowerFirst } from './words.ts';

const statement =
  /^((?:[\p{L}\d][\p{L}\d'’/-]*)(?: [\p{L}\d][\p{L}\d'’/-]*){0,6}) (is|are|was|were|can|may|must|will|should|cannot) (not |never |only |also |always )?(.+?)\.$/u;
/** Subjects that mean something from an earlier sentence, or are none. */
const unclear =
  /^(?:it|this|that|these|those|they|he|she|there|here|which|who|what|if|when|while|where|as|because|although|for|in|on|at|by|to|and|but|or|note|also|then|so|such|however|only|one|another|some|others|both|either|another|more|most|many|instead|please|yes|no)\b/i;
/** In a subject they begin a clause of its own. */
const clause = /\b(?:that|which|who|when|if|is|are|was|were|can|may|must|will|should|has|have|and then)\b/i;

interface Statement {
  readonly subject: string;
  readonly auxiliary: string;
  readonly denied: boolean;
  readonly rest: string;
}

/** @returns null when the sentence has no short, clear subject with an auxiliary. */
export function readStatement(sentence: string): Statement | null {
  const words = sentence.split(/\s+/).length;
  const [, subject, auxiliary, adverb, rest] = statement.exec(sentence) ?? [];
  if (!subject || !auxiliary || !rest || words < 6 || words > 30) return null;
  if (unclear.test(subject) || clause.test(subject) || /[|*#<>{}[\]`]/.test(sentence)) return null;
  const denied = auxiliary === 'cannot' || adverb === 'not ' || adverb === 'never ';
  const kept = adverb === 'only ' || adverb === 'also ' || adverb === 'always ' ? adverb : '';
  return { subject, auxiliary: auxiliary === 'cannot' ? 'can' : auxiliary, denied, rest: kept + rest };
}

/** The main clause is enough for a question: what follows a comma or `because` is an explanation. */
const main = (rest: string): string =>
  rest.replace(/(?:, (?:and|but|so|which|including|such)| because | so that |; | – | \().*$/s, '');

export interface YesNo {
  readonly question: string;
  readonly form: 'yes' | 'no';
  /** In `text`. */
  readonly span: readonly [number, number];
}

/** @param text of the document, for which words are names. @param range of the passage in it. */
export function yesNoQuestions(text: string, range: readonly [number, number], random: Random): YesNo[] {
  const out: YesNo[] = [];
  for (const { start, end } of splitSentences(text.slice(range[0], range[1]), range[0])) {
    const sentence = text.slice(start, end).trim();
    const found = readStatement(sentence);
    if (!found) continue;
    const rest = main(found.rest);
    if (rest.split(' ').length < 2) continue;
    const ask = (predicate: string) =>
      asQuestion(asAsker(`${found.auxiliary} ${lowerFirst(found.subject, text)} ${predicate}`));
    const span: [number, number] = [start, end];
    const value = random.pick([...findValues(rest), null]);
    if (found.denied) out.push({ question: ask(rest), form: 'no', span });
    else if (value && random.chance(0.75)) {
      const other = rest.slice(0, value.start) + otherValue(value, random) + rest.slice(value.end);
      out.push({ question: ask(other), form: 'no', span });
    } else out.push({ question: ask(rest), form: 'yes', span });
  }
  return out;
}

export const asYesNoExample = ({ question, form, span }: YesNo): ExampleQuestion => ({
  question,
  form,
  spans: [[...span]],
  weight: 1,
});
