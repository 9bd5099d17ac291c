/** A plain sentence as subject, auxiliary and rest, by rule; whatever is not plain is left alone. */
import { asAsker, asQuestion, auxiliaries, baseOfThird, isBaseVerb, lowerFirst } from './words.ts';

export interface Clause {
  readonly subject: string;
  /** `is`, `must`, …; `does` and `do` for a verb without one. */
  readonly auxiliary: string;
  readonly negative: boolean;
  /** What follows the auxiliary, with the verb in its base form after `does` and `do`; no full stop. */
  readonly rest: string;
}

const negations: Readonly<Record<string, string>> = {
  cannot: 'can',
  "can't": 'can',
  "won't": 'will',
  "isn't": 'is',
  "aren't": 'are',
  "wasn't": 'was',
  "weren't": 'were',
  "shouldn't": 'should',
  "hasn't": 'has',
  "haven't": 'have',
  "mustn't": 'must',
  "don't": 'do',
  "doesn't": 'does',
};

const opening =
  /^(?:This|These|That|Those|It|They|He|She|In|On|At|For|To|When|If|By|With|Without|After|Before|During|As|And|But|So|Or|While|Once|However|Also|Because|Although|Since|What|How|Where|Why|Who|Which|Whether|Until|From|Under|Unlike|Like|Here|Please|Do|Not|Then|Next|Note|See|Be|Such|Other|Another|Using|Instead|Another|I|Let|Both|Yes|No|Only|Even|Just|Again|Thus|Therefore|Most|Many|Some|Several|Few|More|Finally|First|Second|Later|One|Each|About)\b/;
const inSubject =
  /\b(?:that|which|who|whose|whom|if|when|where|how|why|what|this|these|those|it|they|them|he|she|there|because|since|while|to|but|so|then|than|not|even|my|only|also|still|now|today|i|we|you|your|our|its|their|his|her|and|says?|means?|shows?|ensures?|believes?|thinks?|knows?|requires?|expects?|makes?|uses?|helps?|lets?|allows?|suggests?|agrees?|wants?|needs?|provides?|includ\w+|contains?|gives?|takes?|sets?|gets?|following|above|below|is|are|was|were|can|may|must|will|should|has|have|do|does|had|did|could|would|might|shall|one|such|others?|same|latter|former|such|first|second|third|answer|reason|result|problem|fact)\b/i;
/** Points outside of the sentence, or makes its truth hang on something. */
const inRest =
  /\b(?:it|they|them|this|these|those|that one|such|above|below|following|here|he|she|him|his|her|hers|however|therefore|otherwise|also|either|neither|nor|both|latter|former|another|instead|too|their|then|same|others?|only|unless|except|but|although|though|whereas|while|so|yet|likely|probably|usually|often|typically|generally|sometimes|might|could|would|e\.g|i\.e|etc|please|i|my|me|shall)\b/i;
const adverbs =
  'always|automatically|currently|never|normally|then|now|also|typically|generally|usually|often|still|not';

const maxSubjectWords = 6;
const minRestWords = 2;
const maxRestWords = 17;

const wordCount = (text: string): number => text.split(/\s+/).length;

/** Without brackets and afterthoughts: what is left is still true. */
const trimmed = (sentence: string): string =>
  sentence
    .replace(/\s*\([^)]*\)/g, '')
    .replace(
      /(?:,? because|, which|, who|, where|, as well as|, including|, such as|, and|, so|, since|, with| [—–-] |;).*$/,
      '',
    )
    .replace(/[.!:,]+$/, '')
    .trim();

const usualSubject = (subject: string): boolean => {
  if (/^(?:You|We|There)$/.test(subject)) return true;
  if (opening.test(subject) || inSubject.test(subject.replace(/^(?:The|A|An|Your|Our|All|Any|Every)\b/, '')))
    return false;
  if (!/^[\p{Lu}]/u.test(subject) || /[,:;"“”()/|=<>{}`]/.test(subject)) return false;
  const limit = /^(?:The|A|An|Your|Our|All|Any|Every)\b/.test(subject) ? maxSubjectWords : 3;
  return wordCount(subject) <= limit && !/\w+ly$/.test(subject) && !/^\w+ing\b/.test(subject);
};

const auxiliary = new RegExp(
  `^(.{2,60}?) (${[...auxiliaries, ...Object.keys(negations)].join('|')})(?: (not|never))? (.+)$`,
);

export function readClause(sentence: string): Clause | null {
  const text = trimmed(sentence.replace(/’/g, "'"));
  // An enumeration without its end is not what the sentence says.
  if (/,.*,.* (?:and|or) /.test(sentence) && /,/.test(text)) return null;
  if (!/[.!]$/.test(sentence) || /\b[A-Z]\.[A-Z]\.$/.test(sentence) || / [.,]/.test(text)) return null;
  if (/[?:"“”|<>{}=`\\[\]]|https?:|\bshall\b/.test(text)) return null;
  const usual = (clause: Clause): Clause | null => {
    const words = wordCount(clause.rest);
    if (words < minRestWords || words > maxRestWords || inRest.test(clause.rest)) return null;
    if (/\b(?:and|or|of|to|the|a|for|with|as|is|in|by|on|at|from|near|if|when|where|that)$/i.test(clause.rest))
      return null;
    if (/^(?:note|be aware|remember|keep in mind) that\b/.test(clause.rest)) return null;
    // A second clause with a verb of its own.
    const joined = /[ ,](?:and|or) (?:the \w+ )?([\w']+)/.exec(clause.rest)?.[1];
    if (
      joined &&
      (/^(?:we|you|I|can|is|are|was|were|will|may|must|should|has|have)$/.test(joined) || baseOfThird(joined))
    )
      return null;
    return clause;
  };
  const found = auxiliary.exec(text);
  if (found && usualSubject(found[1]!)) {
    const [, subject, verb, not, rest] = found as unknown as [string, string, string, string | undefined, string];
    const plain = negations[verb] ?? verb;
    const possesses =
      /^ha(?:s|ve)$/.test(plain) &&
      !/^(?:been|already|\w+ed|\w+en|had|made|set|taken|given|brought|become|come|grown|begun|gone|seen|found|kept|led|left|lost|met|paid|sent|spent|built|put|run|won|shown|known|done)\b/.test(
        rest,
      );
    if (possesses && not) return null;
    if (
      /^(?:is|are|was|were|has|have)$/.test(plain) &&
      /^(?:why|how|what|when|where|because|that|to)\b/.test(rest) &&
      plain !== 'has' &&
      plain !== 'have'
    )
      return null;
    return usual({
      subject,
      auxiliary: possesses ? (plain === 'has' ? 'does' : 'do') : plain,
      negative: verb !== plain || not !== undefined,
      rest: possesses ? `have ${rest}` : rest.replace(new RegExp(`^(?:${adverbs}) (?=\\w)`), ''),
    });
  }
  // No auxiliary: a known verb behind a short subject.
  const parts = text.split(' ');
  for (let at = 1; at <= Math.min(maxSubjectWords, parts.length - 3); at += 1) {
    const subject = parts.slice(0, at).join(' ');
    const verb = parts[at]!;
    const third = baseOfThird(verb);
    const many = /s$|^(?:You|We)$/.test(parts[at - 1]!) && !/ss$/.test(subject) && isBaseVerb(verb);
    if (!third && !many) continue;
    if (!usualSubject(subject)) return null;
    if (third && /^(?:You|We)$|[^s]s$/.test(subject)) return null;
    if (many && /^(?:A|An|The|Your|Our) \w+ \w+$/.test(subject) && /(?:us|is)$/.test(subject)) return null;
    return usual({
      subject,
      auxiliary: third ? 'does' : 'do',
      negative: false,
      rest: [third ?? verb, ...parts.slice(at + 1)].join(' '),
    });
  }
  return null;
}

/** `Is the office closed on Sundays?` @param viewer whether you and we turn into I and you. */
export function yesNoQuestion({ subject, auxiliary, rest }: Clause, document: string, viewer: boolean): string {
  const small = subject === 'We' || subject === 'You' ? subject.toLowerCase() : lowerFirst(subject, document);
  const words = `${auxiliary} ${small} ${rest}`;
  return asQuestion(viewer ? asAsker(words) : words);
}

/** Subject and verb behind a question word: `How long` + `do employees keep …`. */
export const whQuestion = (lead: string, clause: Clause, rest: string, document: string, viewer: boolean): string => {
  const words = yesNoQuestion({ ...clause, rest }, document, viewer);
  return asQuestion(`${lead} ${words.charAt(0).toLowerCase() + words.slice(1)}`);
};
