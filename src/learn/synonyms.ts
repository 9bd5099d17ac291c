/**
 * Words that say the same in a question, so that a reader learns to match meanings and not letters. Only pairs that hold
 * in nearly every question; whoever adds one reads fifty rephrased questions first.
 */

/** Verbs of one meaning; `base:past` or `base:past:participle` where irregular, `_` for a space. */
const verbs = `
get:got receive obtain
buy:bought purchase
begin:began:begun start
end finish conclude
need require
permit allow
inform notify tell:told
reimburse refund pay_back:paid_back
assist help support
keep:kept retain store
delete remove erase
submit hand_in send_in:sent_in
complete fill_in
choose:chose:chosen select pick
change modify alter
show:showed:shown display
occur take_place:took_place:taken_place
build:built construct
reside live
resign quit:quit
hire recruit
dismiss fire
increase raise
reduce lower decrease
prevent avoid
approve sign_off_on
postpone delay put_off:put_off
replace swap
repair fix
return give_back:gave_back:given_back
report flag
request ask_for apply_for
book reserve
explain describe
discover find_out:found_out
defeat beat:beat:beaten
lead:led head
obtain acquire
teach:taught instruct
write:wrote:written author
publish release
participate_in take_part_in:took_part_in:taken_part_in
resemble look_like
connect link
transport carry
gather collect
forbid:forbade:forbidden prohibit ban
discuss talk_about
review look_over
schedule arrange
expire run_out:ran_out:run_out
handle deal_with:dealt_with
`;

/** Other words and phrases, `|` between those of one meaning. */
const phrases = `
employees|staff|staff members|team members|workers
employee|staff member|team member|worker
manager|supervisor|line manager|boss
company|firm
founded|established
made by|created by
how can i find|where do i find
annual leave|vacation|holiday
days off|leave days
salary|pay|wages
expenses|costs
phone|mobile
policy|rules|guidelines
deadline|due date|time limit
maximum|upper limit|cap
minimum|lower limit
customers|clients
customer|client
kids|children
kid|child
vehicle|car
doctor|physician
money|funds
amount|sum
type of|kind of|sort of
types of|kinds of|sorts of
goal|aim|objective
result|outcome
per year|each year|every year
per month|each month|every month
per week|each week|every week
every day|daily|each day
how often|how frequently
largest|biggest
smallest|tiniest
main|primary|chief
final|last
famous|well known
different|various
prior to|before
regarding|about|concerning
due to|because of
at least|no less than|a minimum of
at most|no more than|a maximum of
in charge of|responsible for
must i|do i have to|do i need to
must we|do we have to|do we need to
must you|do you have to|do you need to
am i allowed to|can i|may i
are we allowed to|can we|may we
what year|which year
in what year|in which year
why|for what reason|how come
what happens if|what if
how do i|how can i|what is the way to
how much does it cost|what is the price
is it ok to|is it fine to|may one
approximately|roughly
usually|normally|typically
quickly|fast
mandatory|required|compulsory|obligatory
optional|not required
permitted|allowed
forbidden|prohibited|not allowed
illness|sickness
accident|mishap
benefits|perks
workplace|office
error|mistake
errors|mistakes
movie|film
citizens|residents
country|nation
countries|nations
area|region
century old|hundred year old
school|educational institution
students|pupils
teacher|instructor
building|structure
team|squad
song|track
nickname|other name
`;

const vowel = /[aeiou]/;

/** base, third person, past, participle, -ing; only the first word of a phrase changes. */
function inflected(entry: string): readonly string[] {
  const [base, past, participle] = entry.replaceAll('_', ' ').split(':') as [string, string?, string?];
  const [verb, ...rest] = base.split(' ') as [string, ...string[]];
  const tail = rest.map((word) => ` ${word}`).join('');
  const stem = verb.replace(/e$/, '');
  const toY = /[^aeiou]y$/.test(verb);
  const third = toY ? `${verb.slice(0, -1)}ies` : /(?:s|sh|ch|x|o)$/.test(verb) ? `${verb}es` : `${verb}s`;
  // One short vowel and one consonant behind it: doubled, as in submit, swap, ban.
  const doubled = /^(?:swap|ban|permit|submit|split|flag|set|put|run|get|cut|quit|begin)$/.test(verb);
  const last = verb.at(-1)!;
  const regular = toY ? `${verb.slice(0, -1)}ied` : `${doubled ? verb + last : stem}ed`;
  const ing = doubled ? `${verb}${last}ing` : vowel.test(stem) && !/ee$/.test(verb) ? `${stem}ing` : `${verb}ing`;
  const pastForm = past ?? `${regular}${tail}`;
  return [base, `${third}${tail}`, pastForm, participle ?? pastForm, `${ing}${tail}`];
}

const lines = (text: string): readonly string[] => text.trim().split('\n');

function table(): ReadonlyMap<string, readonly string[]> {
  const others = new Map<string, Set<string>>();
  const group = (words: readonly string[]): void => {
    for (const word of words) {
      const known = others.get(word) ?? new Set<string>();
      for (const other of words) if (other !== word) known.add(other);
      others.set(word, known);
    }
  };
  for (const line of lines(verbs)) {
    const all = line.split(' ').map(inflected);
    for (let form = 0; form < 5; form += 1) {
      // `authored` is past and participle: whether `wrote` or `written` is meant, the letters do not say.
      const clear = all.filter((forms) => forms[2] === forms[3]);
      group((form === 2 || form === 3 ? clear : all).map((forms) => forms[form]!));
      if (form === 2 || form === 3)
        for (const forms of all)
          if (!clear.includes(forms)) others.set(forms[form]!, new Set(clear.map((f) => f[form]!)));
    }
  }
  for (const line of lines(phrases)) group(line.split('|'));
  return new Map([...others].flatMap(([word, set]) => (set.size > 0 ? [[word, [...set]] as const] : [])));
}

const synonyms = table();
/** Longest first, so that phrases win over their words. */
const pattern = new RegExp(`\\b(?:${[...synonyms.keys()].sort((a, b) => b.length - a.length).join('|')})\\b`, 'gi');

/** The question with about `share` of the words that have synonyms replaced. @param next in [0, 1) */
export function rephrased(question: string, next: () => number, share = 0.7): string {
  return question.replace(pattern, (found, at: number) => {
    // A capital within the question is a name: World War II.
    if ((at > 0 && /^\p{Lu}/u.test(found)) || next() >= share) return found;
    // “What can I do” does not ask for leave.
    if (at > 0 && / i$/i.test(found)) return found;
    const choices = synonyms.get(found.toLowerCase())!;
    const word = choices[Math.floor(next() * choices.length)]!.replace(/\bi\b/g, 'I');
    return /^\p{Lu}/u.test(found) ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  });
}
