/**
 * Yes and no by rule: a plain sentence turned into a question, true as it stands or with one value, word or polarity
 * changed. The answer is the whole sentence.
 */

import type { Random } from '../../random.ts';
import { type Clause, readClause, yesNoQuestion } from './clause.ts';
import type { Made, Sentence } from './question.ts';
import { findValues, otherValue } from './values.ts';
import { asAsker, asQuestion, lowerFirst } from './words.ts';

/** Each can't be true where the other one is. */
const opposites: readonly (readonly [string, string])[] = [
  ['open', 'closed'],
  ['required', 'optional'],
  ['mandatory', 'optional'],
  ['before', 'after'],
  ['allowed', 'forbidden'],
  ['permitted', 'prohibited'],
  ['free', 'chargeable'],
  ['paid', 'unpaid'],
  ['public', 'private'],
  ['enabled', 'disabled'],
  ['internal', 'external'],
  ['always', 'never'],
  ['minimum', 'maximum'],
  ['at least', 'at most'],
  ['included', 'excluded'],
  ['monthly', 'yearly'],
  ['annually', 'monthly'],
  ['weekly', 'monthly'],
  ['daily', 'weekly'],
  ['quarterly', 'yearly'],
  ['annual', 'monthly'],
  ['full-time', 'part-time'],
  ['permanent', 'temporary'],
  ['higher', 'lower'],
  ['increase', 'decrease'],
  ['largest', 'smallest'],
  ['north', 'south'],
  ['northern', 'southern'],
  ['eastern', 'western'],
  ['increased', 'decreased'],
  ['written', 'oral'],
  ['automatically', 'manually'],
  ['automatic', 'manual'],
  ['encrypted', 'unencrypted'],
  ['eligible', 'ineligible'],
  ['highest', 'lowest'],
  ['voluntary', 'compulsory'],
  ['valid', 'invalid'],
  ['visible', 'hidden'],
];
const oppositeOf = new Map(
  opposites.flatMap(
    ([a, b]) =>
      [
        [a, b],
        [b, a],
      ] as [string, string][],
  ),
);
const oppositeWord = new RegExp(`\\b(?:${[...oppositeOf.keys()].join('|')})\\b`);
/** A greater number than one of these allows is not allowed; a smaller one may be. */
const bounded =
  /\b(?:up to|within|at least|at most|no more than|no later than|maximum|minimum|least|limited to|or more|or older|or less|limit|last)\b/i;
const vague =
  /\b(?:more than|over|fewer than|less than|under|between|about|around|approximately|roughly|nearly|almost|some|several|example|or|from|range)\b/i;

const exceptional =
  /\b(?:unless|except|however|only|may not be able|other than|not necessarily|not all|not always|not every|not just|not yet)\b/i;

/** Nobody would ask whether that is forbidden. */
const notForbidden =
  /^(?:be|need|want|wish|refer|find|see|view|read|learn|email|contact|expect|notice|like|think|get|have|help|check|look|ask|consider|know|reach|tell|search|visit|call|use approaches|feel|rely|start|experience|also)\b/;

const withSynonym = (clause: Clause, random: Random): string[] => {
  const { auxiliary, rest, subject } = clause;
  const bare = rest.replace(/^be /, 'be ');
  if (auxiliary === 'must' && subject !== 'There')
    return [
      random.pick([
        `${/s$|^(?:You|We)$/.test(subject) ? 'do' : 'does'}|have to ${bare}`,
        `${/^(?:You|We)$|s$/.test(subject) && subject !== 'You' ? 'are' : subject === 'You' ? 'are' : 'is'}|required to ${bare}`,
      ]),
    ];
  if (auxiliary === 'may' && subject !== 'There' && !/^(?:be able|want|need|wish|find|also)\b/.test(rest))
    return [random.pick([`can|${bare}`, `${/^(?:You|We)$|s$/.test(subject) ? 'are' : 'is'}|allowed to ${bare}`])];
  return [];
};

export function yesNoFrom(sentence: Sentence, document: string, random: Random): Made[] {
  if (
    exceptional.test(sentence.text) ||
    /\b(?:manual or automatic|means? to)\b/i.test(sentence.text) ||
    sentence.text.length > 260
  )
    return [];
  const clause = readClause(sentence.text);
  if (!clause) return [];
  const viewer = random.chance(0.65);
  const made = (form: 'yes' | 'no', question: string): Made => ({
    kind: 'yesno',
    question,
    form,
    spans: [[sentence.start, sentence.end]],
  });
  const ask = (changed: Clause): string => yesNoQuestion(changed, document, viewer);
  const out: Made[] = [];
  const { auxiliary, rest, negative, subject } = clause;

  if (negative) {
    out.push(made('no', ask(clause)));
    if (/^(?:must|may)$/.test(auxiliary) && subject !== 'There') {
      const whom = lowerFirst(subject, document).replace(/^(?:You|We)$/, (word) => word.toLowerCase());
      const words = random.pick([`is it forbidden for ${whom} to ${rest}`, `is it prohibited for ${whom} to ${rest}`]);
      out.push(made('yes', asQuestion(viewer ? asAsker(words) : words)));
    }
    return out;
  }

  const synonym = withSynonym(clause, random)[0]?.split('|');
  const same: Clause =
    synonym && random.chance(0.5) ? { ...clause, auxiliary: synonym[0]!, rest: synonym[1]! } : clause;
  out.push(made('yes', ask(same)));
  if (/^(?:is|are)$/.test(auxiliary) && /^not /.test(rest)) return [];

  const values = findValues(rest).filter(({ start, kind }) => {
    const before = rest.slice(Math.max(0, start - 18), start);
    return (
      !vague.test(before) &&
      !(kind === 'count' && /^(?:1|2)$/.test(rest.slice(start, start + 1)) && /[-/]/.test(before.at(-1) ?? ''))
    );
  });
  if (values.length > 0) {
    const value = random.pick(values);
    const other = otherValue(value, random, bounded.test(rest));
    const swapped = rest.slice(0, value.start) + other + rest.slice(value.end);
    if (other !== value.text)
      out.push(made('no', ask({ ...same, rest: same === clause ? swapped : same.rest.replace(rest, swapped) })));
  }
  const opposite = oppositeWord.exec(rest);
  if (
    opposite &&
    !/\b(?:and|or|to|as)\s*$/.test(rest.slice(0, opposite.index)) &&
    !/^\s+(?:or|and|than|to|of|information|domain|key|sector|IP|up|as|about)\b/i.test(
      rest.slice(opposite.index + opposite[0].length),
    )
  ) {
    const other =
      rest.slice(0, opposite.index) + oppositeOf.get(opposite[0])! + rest.slice(opposite.index + opposite[0].length);
    if (!other.includes('not ')) out.push(made('no', ask({ ...clause, rest: other })));
  }
  if (auxiliary === 'must' && subject !== 'There') {
    const whom = lowerFirst(subject, document).replace(/^(?:You|We)$/, (word) => word.toLowerCase());
    const words = random.pick([
      `is it optional for ${whom} to ${rest}`,
      `is it voluntary for ${whom} to ${rest}`,
      `may ${whom} choose not to ${rest}`,
    ]);
    if (!/^(?:be|already|understand|have)\b/.test(rest) && /^(?:You|We|All|Each|Employees|\w+s$)/.test(subject))
      out.push(made('no', asQuestion(viewer ? asAsker(words) : words)));
  }
  if (
    (auxiliary === 'can' || auxiliary === 'may') &&
    /^(?:You|Users|Employees|Teammates|Members|Customers)$/.test(subject) &&
    random.chance(0.5)
  ) {
    const words = `is it ${random.pick(['forbidden', 'prohibited', 'against the rules'])} to ${rest}`;
    if (!notForbidden.test(rest)) out.push(made('no', asQuestion(viewer ? asAsker(words) : words)));
  }
  return out;
}
