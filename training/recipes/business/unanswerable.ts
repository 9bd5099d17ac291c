/** Questions that this passage does not answer although they sound like it: of its neighbours, or about somebody else. */

import type { Made } from '../../../src/learn/rules/question.ts';
import { contentWords } from '../../../src/learn/rules/words.ts';
import type { Random } from '../../../src/random.ts';

/** Who a rule may be for. Not one of them contains another. */
const groups = [
  'contractors',
  'interns',
  'full-time employees',
  'part-time employees',
  'managers',
  'students',
  'suppliers',
  'visitors',
  'customers',
  'volunteers',
  'teachers',
  'veterans',
  'tenants',
  'administrators',
  'developers',
  'designers',
  'engineers',
  'parents',
  'journalists',
  'teammates',
  'customer engineers',
  'account executives',
];

/** Would the passage perhaps answer it after all? */
const near = 0.72;
/** Under this share of common words a reader refuses without reading. */
const far = 0.25;

/** @param others questions made for other passages of the document @param count how many at most */
export function unansweredHere(
  passage: string,
  own: readonly Made[],
  others: readonly Made[],
  count: number,
  random: Random,
): Made[] {
  const here = new Set(contentWords(passage));
  const shared = (question: string): number => {
    const words = contentWords(question);
    return words.length === 0 ? 1 : words.filter((word) => here.has(word)).length / words.length;
  };
  const none = (question: string): Made => ({ kind: 'none', question, form: 'none', spans: [] });
  const fitting = random
    .shuffled(others)
    .map(({ question }) => ({ question, share: shared(question) }))
    .filter(({ question, share }) => share < near && contentWords(question).length >= 2)
    .sort((a, b) => b.share - a.share);
  const out = fitting
    .filter(({ share }) => share >= far)
    .slice(0, count)
    .map(({ question }) => none(question));
  if (out.length < count && fitting.length > out.length && random.chance(0.5)) out.push(none(fitting.at(-1)!.question));

  for (const { question } of random.shuffled(own)) {
    if (out.length >= count) break;
    const group = groups.find((name) => new RegExp(`\\b${name}\\b`, 'i').test(question));
    if (!group || /\ball\b/i.test(question)) continue;
    const other = random.pick(
      groups.filter(
        (name) =>
          !name.includes(group) && !group.includes(name) && !passage.toLowerCase().includes(name.replace(/s$/, '')),
      ),
    );
    out.push(
      none(
        question.replace(new RegExp(`\\b${group}\\b`, 'i'), (found) =>
          /^[A-Z]/.test(found) ? other.charAt(0).toUpperCase() + other.slice(1) : other,
        ),
      ),
    );
  }
  return out;
}
