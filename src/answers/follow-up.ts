/** Questions that lean on the one before: "and for part-timers?", "what about weekends", "is it paid?". */

export interface PreviousTurn {
  readonly question: string;
  /** Passages the answer was read from. */
  readonly passageIds: readonly string[];
}

const opener =
  /^(and|but|or|also|so|then|what about|how about|what if|same for|same with|why|why not|really|since when|until when|for whom|who|when|where|how much|how many|how long)\b/i;
const pronoun = /\b(it|its|they|them|their|this|that|these|those|he|she|his|her|there|then|one|ones|such)\b/i;

/** Words that a question needs to stand on its own. */
const fewWords = 5;

/** Does this question need the one before to be understood? */
export function isElliptical(question: string): boolean {
  const words = question.trim().split(/\s+/);
  if (/^(and|but|or|also|what about|how about|what if|same for|same with)\b/i.test(question.trim())) return true;
  if (words.length <= fewWords && opener.test(question.trim())) return true;
  return words.length <= 9 && pronoun.test(question);
}

const opening = /^(?:and|but|or|also|same for|same with|what about|how about)\s+(?:(?:for|in|at|with)\s+)?/i;
const asksItself =
  /^(?:how|what|when|where|who|whom|which|why|is|are|was|were|do|does|did|can|may|must|will|should)\b/i;

/**
 * What the reader is asked. The earlier question only helps the search: read in front of the new one, or with its answer,
 * it was answered once more (docs/log.md, twelve follow-ups: 2 and 3 right; the new one alone: 5; named as a topic: 6).
 */
export function resolved(question: string, previous: PreviousTurn | null): string {
  if (!previous || !isElliptical(question)) return question;
  const topic = question
    .trim()
    .replace(opening, '')
    .replace(/[?.!]+$/, '');
  return asksItself.test(topic) || topic === '' ? question : `What about ${topic}?`;
}

/** The question before counts less than the new one: it says the topic, not what is asked. */
export const previousWeight = (question: string): number => (isElliptical(question) ? 0.6 : 0.15);
