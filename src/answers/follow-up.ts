/** Questions that lean on the one before: "and for part-timers?", "what about weekends", "is it paid?". */

export interface PreviousTurn {
  /** The last one that stands on its own. */
  readonly question: string;
  /** Passages the last answer was read from. */
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

/** SQL: whether question `q` came after another one of its conversation, and so may lean on it. */
export const followsAnother = (q: string): string =>
  `exists (select 1 from questions e where e.conversation_id = ${q}.conversation_id and e.created_at < ${q}.created_at)`;

/** A stored question that cannot be asked alone. @param follows as `followsAnother` says. */
export const leans = ({ question, follows }: { readonly question: string; readonly follows: boolean }): boolean =>
  follows && isElliptical(question);

/** Two turns as the reader sees them; adapters are trained with the earlier question above the new one. */
export const inThread = (earlier: string, question: string): string => `${earlier.trim()}\n${question.trim()}`;

/** What the reader is asked: a question that leans on the one before comes with it. */
export const resolved = (question: string, previous: PreviousTurn | null): string =>
  previous && isElliptical(question) ? inThread(previous.question, question) : question;

/** The question before counts less than the new one: it says the topic, not what is asked. */
const previousWeight = (question: string): number => (isElliptical(question) ? 0.6 : 0.15);

/** What is searched for, with weights. */
export const searched = (
  question: string,
  previous: Pick<PreviousTurn, 'question'> | null,
): readonly { readonly text: string; readonly weight: number }[] => [
  { text: question, weight: 1 },
  ...(previous ? [{ text: previous.question, weight: previousWeight(question) }] : []),
];
