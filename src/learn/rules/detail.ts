/** Numbers, dates, limits, conditions, definitions and who-questions from sentences that say them in a known pattern. */

import type { Random } from '../../random.ts';
import { type Clause, readClause, whQuestion } from './clause.ts';
import type { Made, Sentence } from './question.ts';
import { findValues } from './values.ts';
import { asAsker, asQuestion, lowerFirst } from './words.ts';

const dangling =
  /\b(?:this|these|those|it|they|them|their|such|above|below|following|here|he|she|his|her|its|that|another|same)\b/i;
const afterNumber =
  /^((?:[a-z-]+ ){0,2}[a-z-]+?s(?: of (?:paid |the |personal |annual )?[a-z-]+(?: [a-z]+)?)?)(?= (?:per|for|in|on|at|to|from|each|a|every|during|when|if|before|after|by|within|with|and|that|who|without|are|is|as)\b|$)/;
const persons =
  'manager|team|department|office|agency|committee|board|director|administrator|admin|owner|company|lead|secretary|mayor|council|staff|officer|engineer|employee|employer|supervisor|coordinator|president|congress|commission|ministry|court|user|client|customer|author|organization|chair|commander';
const person = new RegExp(`^(?:the |your |our |a |an )?(?:[\\w&'-]+ ){0,4}(?:${persons})s?$`, 'i');

const bounds =
  /(?:up to|at least|at most|no more than|a minimum of|a maximum of|about|approximately|around|more than|over|nearly) $/i;
const conditionSubject = /^(?:you|we|the|a|an|your|our|there|all|any|no|someone|anyone|everyone|[A-Z]\w+|\w+s) /;
const openEnd = /\b(?:to|for|of|with|at|in|on|by|not|and|or)$/;

interface Context {
  readonly document: string;
  readonly random: Random;
}

function fromClause(sentence: Sentence, clause: Clause, { document, random }: Context): Made[] {
  const { rest, negative, subject, auxiliary } = clause;
  const viewer = random.chance(0.6);
  const out: Made[] = [];
  /** Adds a question whose answer are these words of the sentence. */
  const add = (lead: string, remaining: string, answer: string, from = 0) => {
    const at = sentence.text.replace(/’/g, "'").indexOf(answer, from);
    if (at < 0 || /\b(?:of|and|or|for)\s*$/.test(remaining)) return;
    out.push({
      kind: 'detail',
      question: whQuestion(lead, clause, remaining.replace(/\s+/g, ' ').trim(), document, viewer),
      form: 'span',
      spans: [[sentence.start + at, sentence.start + at + answer.length]],
    });
  };

  if (!negative)
    for (const { kind, text, start, end } of findValues(rest)) {
      const before = rest.slice(0, start);
      const after = rest.slice(end);
      if (
        /\b(?:and|or|between|to|from|of)\s*$|[-–]$/.test(before) ||
        / and [A-Z]/.test(after) ||
        /^\s*(?:and|or|to|-)\b/.test(after)
      )
        continue;
      const bound =
        /(?:up to|at least|at most|no more than|a minimum of|a maximum of|within|no later than|by|before|after|until|for|on|at|in|approximately|about|around|more than|less than|every|over|since)\s$/i;
      const lead = new RegExp(`(?:\\b(?:for) )?(${bound.source})`, 'i').exec(before)?.[1]?.trim() ?? '';
      const cut = lead ? before.slice(0, before.length - lead.length - 1) : before;
      const quoted = /^(?:for|on|at|in)?$/i.test(lead) ? text : `${lead} ${text}`;
      const endsPhrase =
        after === '' ||
        /^,? (?:per|for|a|an|each|in|on|from|of|after|before|to|when|if|at|during|by|with|as|every|until|prior)\b/.test(
          after,
        );
      if (!endsPhrase) {
        if (kind !== 'count') continue;
      }
      if (kind === 'duration') {
        if (/^(?:within|no later than)$/i.test(lead))
          add(random.pick(['How soon', 'By when', 'Within what time']), cut + after, quoted);
        else if (
          /\bfor (?:up to |at least |a minimum of |a maximum of |about |approximately |more than )?$/i.test(before)
        )
          add(
            random.pick(['How long', 'For how long']),
            before.replace(
              /\bfor (?:up to |at least |a minimum of |a maximum of |about |approximately |more than )?$/i,
              '',
            ) + after,
            quoted,
          );
        else if (/^every$/i.test(lead)) add('How often', cut + after, quoted);
        else if (/^ (?:before|after|prior)\b/.test(after) && lead === '') add(`How long${after}`, before, text);
        else if (
          /^(?:have|take|last|is|are|get|receive|accrue|offer|require|wait|need) /i.test(`${before} `) &&
          !/-/.test(text)
        ) {
          const unit = /[a-z]+$/i.exec(text)![0];
          if (/s$/.test(unit))
            add(
              `How many ${text.replace(/^\S+ /, '')}${/^ of [\w-]+(?: [\w-]+)?$/.exec(after)?.[0] ?? ''}`,
              before.replace(/(?:up to|at least|about|approximately|a minimum of|a maximum of) $/, '') +
                after.replace(/^ of [\w-]+(?: [\w-]+)?$/, ''),
              quoted,
            );
        }
      } else if (kind === 'date' || kind === 'weekday' || kind === 'time') {
        if (lead === '' || /^(?:within|for|up to|every|about|around|approximately|over)$/i.test(lead)) continue;
        if (/^in$/i.test(lead)) continue;
        const question =
          kind === 'weekday'
            ? random.pick(['When', 'On which day'])
            : kind === 'time'
              ? random.pick(['When', 'At what time'])
              : random.pick(['When', 'On what date']);
        add(
          /^(?:by|before|no later than|until)$/i.test(lead)
            ? random.pick(lead.toLowerCase() === 'until' ? ['Until when'] : ['By when', 'When'])
            : question,
          cut + after,
          quoted,
        );
      } else if (kind === 'year') {
        if (/^(?:in|since|by|until)$/i.test(lead))
          add(
            random.pick(
              lead.toLowerCase() === 'in'
                ? ['When', 'In what year']
                : lead.toLowerCase() === 'since'
                  ? ['Since when']
                  : ['By when'],
            ),
            cut + after,
            quoted,
          );
      } else if (kind === 'money') {
        if (
          /^(?:cost|pay|offer|receive|get|is|reimburse|spend|exceed|charge|provide|have|earn|are|be|owe|contribute|be paid|require) (?:a |an |you |up to |at least |at most |about |no more than |approximately |a maximum of )*$/i.test(
            before,
          )
        )
          add(
            'How much',
            before.replace(
              /(?:a |an |up to |at least |at most |about |no more than |approximately |a maximum of )+$/i,
              '',
            ) + after,
            quoted,
          );
      } else if (kind === 'percent') {
        if (/^ of (?:the |your |our )?[a-z]/.test(after)) {
          const what =
            /^ of (?:(?:the|your|our|their) )?(?:[\w'-]+ ?){1,4}?(?= (?:for|in|on|at|per|to|from|by|if|when|as|with|during)\b|$)/.exec(
              after,
            )?.[0];
          if (what)
            add(
              random.pick([`What percentage${what}`, `How much${what}`]),
              before.replace(/(?:up to|at least|about|approximately|around|nearly) $/, '') + after.slice(what.length),
              quoted,
            );
        }
      } else if (
        kind === 'count' &&
        before.replace(bounds, '').trim().split(' ').length <= 1 &&
        !/\b(?:a|an|the|of|with|in)\s*$/.test(before) &&
        !/-$|\b(?:version|step|level|type|title|section|chapter|figure|table|page|part|article|port|no\.)\s*$/i.test(
          before,
        )
      ) {
        const noun = afterNumber.exec(after.trimStart())?.[1];
        if (noun && noun.length < 40)
          add(
            `How many ${noun}`,
            before.replace(bounds, '') + after.trimStart().slice(noun.length),
            /^(?:up to|at least|at most|no more than|a minimum of|a maximum of|more than|less than|over|about|approximately)$/i.test(
              lead,
            )
              ? `${lead} ${text}`
              : text,
          );
      }
    }

  // What is …?
  const praise =
    /^(?:a|an|the) (?:very |most |more )?(?:hard|difficult|great|good|important|best|fast|common|big|key|way|days|only|first|reason|result|same|single point|popular|useful|nice|little|few|lot|number|part|ideal|perfect|must|bit|case|one|time|next|last)\b/;
  if (
    !negative &&
    /^(?:is|are)$/.test(auxiliary) &&
    /^(?:a|an|the) \w/.test(rest) &&
    !praise.test(rest) &&
    subject.split(' ').length <= 4 &&
    !/^(?:You|We|There|I|My|Our|Your)\b|^The \w+$|^The (?:goal|purpose|first|only|best|most|days|result|idea|next)\b/.test(
      subject,
    ) &&
    rest.split(' ').length >= 4
  ) {
    const at = sentence.text.indexOf(rest.slice(0, 12));
    const small = lowerFirst(subject, document);
    const full = sentence.text.slice(at).replace(/[.!]+$/, '');
    const somebody =
      /\b(?:director|officer|president|producer|administrator|founder|manager|designer|engineer|chief|head|lead|secretary|specialist|analyst|author|minister|fellow|scientist|professor|consultant|researcher|strategist|developer|executive|ceo)\b/i.test(
        rest,
      ) && /^[A-Z]\S+(?: [A-Z]\S+)+$/.test(subject);
    if (at >= 0 && full.length < 160)
      out.push({
        kind: 'detail',
        question: asQuestion(`${somebody ? 'who' : 'what'} ${auxiliary} ${small}`),
        form: 'span',
        spans: [[sentence.start + at, sentence.start + at + full.length]],
      });
  }

  // Who …?
  if (
    person.test(subject) &&
    !/^My\b|^(?:Your|The|Our)? ?(?:group|office|user|client|customer|employee|team|lead|staff)s?$/i.test(subject) &&
    !/\buser$/i.test(subject) &&
    !/^(?:an?|the|busy|already)\b| and /.test(rest) &&
    (auxiliary === 'is' || auxiliary === 'are' || /^(?:can|may|must|will|should)$/.test(auxiliary))
  ) {
    const verb = /^(?:is|are)$/.test(auxiliary) ? 'is' : auxiliary;
    const words = `who ${verb}${negative ? ' not' : ''} ${rest}`;
    out.push({
      kind: 'detail',
      question: asQuestion(viewer ? asAsker(words) : words),
      form: 'span',
      spans: [[sentence.start, sentence.start + subject.length]],
    });
  }
  const agent =
    /^((?:be |been )?\w+(?:ed|en|made|set|held|paid|led|run)) by ((?:the|your|our|a|an) [^,]+?)(?: (?:in|on|at|for|before|after|within|when|if|to|who|that|under|during|as|and)\b.*)?$/.exec(
      rest,
    );
  if (agent && !negative && !/ and /.test(rest) && person.test(agent[2]!))
    add(random.pick(['Who', 'By whom']), `${rest.replace(` by ${agent[2]}`, '')}`, agent[2]!);
  const answered = out.at(-1);
  if (
    agent &&
    answered &&
    /^Who (?:is|are|was|were|can|must|will|may|should)/.test(answered.question) &&
    answered.question.includes(agent[1]!) &&
    !answered.question.includes(' by ')
  )
    out[out.length - 1] = { ...answered, question: answered.question.replace(agent[1]!, `${agent[1]!} by`) };
  return out;
}

const plainVerb =
  /^(?:go|click|select|choose|use|run|open|enter|add|create|set|press|type|contact|email|send|submit|ask|visit|follow|see|navigate|call|write|fill|complete|install|remove|delete|turn|enable|disable|move|change|make|check|update|sign|log|pass|specify|provide|drag|copy|post|review|start|attach|request|read|apply|you (?:must|can|need|should|will|have|may)|please|we (?:will|can|may)|the (?:\w+ ){1,3}(?:must|will|can|may|is|are|has|should)|it (?:will|is|must|may))\b/i;

function fromCondition(sentence: Sentence, { document, random }: Context): Made[] {
  const out: Made[] = [];
  const text = sentence.text;
  const body = text.replace(/[.!:]+$/, '');
  const viewer = random.chance(0.7);
  const say = (words: string): string => asQuestion(viewer ? asAsker(words) : words);
  const push = (question: string, from: number, to: number) => {
    if (to - from < 3 || to - from > 200) return;
    out.push({ kind: 'detail', question, form: 'span', spans: [[sentence.start + from, sentence.start + to]] });
  };
  const span = (part: string): [number, number] => {
    const at = body.lastIndexOf(part);
    return [at, at + part.length];
  };

  if (/https?:/.test(body)) return out;
  const lead = /^(To|If|When|Once) ([^,]{6,90}), (.+)$/.exec(body);
  if (
    lead &&
    !dangling.test(lead[2]!) &&
    plainVerb.test(lead[3]!) &&
    lead[3]!.split(' ').length >= 3 &&
    !/\b(?:following|below|steps?)\b/i.test(lead[3]!)
  ) {
    const [, word, condition, rest] = lead as unknown as [string, string, string, string];
    const answer = rest.replace(/^(?:then|please) /i, '');
    if (/^see\b/i.test(answer)) return out;
    if (word === 'To') {
      if (
        /^[a-z-]+(?: |$)/.test(condition) &&
        !/^(?:be|do|help|ensure|avoid|make sure|this|learn more|find out|see|learn|proceed|continue|access the page)\b/.test(
          condition,
        ) &&
        condition.split(' ').length >= 2
      )
        push(
          say(
            random.pick(
              [
                `how do I ${condition}`,
                `how can I ${condition}`,
                `what do I have to do to ${condition}`,
                `how to ${condition}`,
              ].map((q) => q),
            ),
          ),
          ...span(answer),
        );
    } else {
      const small = word.toLowerCase();
      const gerund = /^[a-z]+ing\b/.test(condition);
      // `If helpful`, `Once submitted`: nobody to ask about.
      if (
        condition.split(' ').length < 3 ||
        /^you (?:think|want to (?:proceed|learn|continue|know)|have any questions$|already)\b/.test(condition) ||
        (!gerund && !conditionSubject.test(condition)) ||
        openEnd.test(condition) ||
        /^(?:a|the|every|each) (?:day|week|month|year)\b/.test(condition)
      )
        return out;
      if (/^(?:see|check out|start here|look at|please see|be aware|you can see|note)\b/i.test(answer)) return out;
      const command =
        /^you (?:must|need|should|have)\b/i.test(answer) || !/^(?:you|we|it|the|your|our)\b/i.test(answer);
      const option = /^you (?:can|may)\b/i.test(answer);
      if (gerund && !command) return out;
      const forms = command
        ? [
            `what should I do ${small} ${condition}`,
            `what do I have to do ${small} ${condition}`,
            `${small} ${condition}, what should I do`,
          ]
        : option
          ? [`what can I do ${small} ${condition}`, `${small} ${condition}, what can I do`]
          : [`what happens ${small} ${condition}`, `${small} ${condition}, what happens`];
      push(say(random.pick(forms)), ...span(answer));
    }
  }
  const unless =
    /^(.+?) (unless|only if|only when|as long as|provided that|except when|except for|except) (.{6,110})$/.exec(body);
  if (unless && !dangling.test(unless[1]!)) {
    const clause = readClause(`${unless[1]!.replace(/,$/, '')}.`);
    if (clause) {
      const [from, to] = span(`${unless[2]} ${unless[3]}`);
      const leads = /^only|as long|provided/.test(unless[2]!)
        ? ['When', 'Under what conditions', 'On what condition']
        : clause.negative
          ? ['When', 'Under what conditions', 'In which case']
          : [];
      if (leads.length > 0) push(whQuestion(random.pick(leads), clause, clause.rest, document, viewer), from, to);
      else if (unless[2]!.startsWith('except')) push(`what is the exception: ${yesLess(clause, document)}`, from, to);
    }
  }
  const when = /^(.+?) (if|when|after|before|until|once) ([^,]{8,100})$/.exec(body);
  if (
    when &&
    when[3]!.includes(' ') &&
    !unless &&
    !/\b(?:even|only|and|or|as|just|except|but)$|[—–,-]$/.test(when[1]!) &&
    !openEnd.test(when[1]!) &&
    !/^(?:If|When|Once)\b/.test(body) &&
    !dangling.test(when[1]!)
  ) {
    const clause = readClause(`${when[1]}.`);
    const reports =
      /\b(?:explain|determin|show|see|check|know|ask|decid|indicat|tell|learn|find|verif|consider|specif|what|which|how|whether)\w*\b|\b\w+ing$/i;
    if (clause && !clause.negative && clause.rest.split(' ').length >= 2 && !reports.test(clause.rest)) {
      const word = when[2]!;
      push(
        whQuestion(
          word === 'until'
            ? 'Until when'
            : random.pick(word === 'if' ? ['When', 'Under what conditions', 'In which case'] : ['When']),
          clause,
          clause.rest,
          document,
          viewer,
        ),
        ...span(`${word} ${when[3]}`),
      );
    }
  }
  const because = /^(.+?),? because (.{10,150})$/.exec(body);
  if (because && !dangling.test(because[1]!) && !/^(?:of|it|they|this|that|these|those)\b/.test(because[2]!)) {
    const clause = readClause(`${because[1]}.`);
    if (clause) {
      const why = whQuestion('Why', clause, clause.negative ? `not ${clause.rest}` : clause.rest, document, viewer);
      push(why, ...span(because[2]!));
    }
  }
  const only = /^Only (?!then\b)((?:[\w'-]+ ){0,5}[\w'-]+) (can|may|should|will|are|is) (.{6,100})$/.exec(body);
  if (only && !dangling.test(only[3]!) && only[1]!.split(' ').length <= 6)
    push(say(`who ${only[2] === 'are' ? 'is' : only[2]} ${only[3]}`), 0, 5 + only[1]!.length);
  const responsible = /^((?:The|Your|Our)? ?[\w &'-]{3,50}) (?:is|are) responsible for (.{6,90})$/.exec(body);
  if (responsible && !dangling.test(`${responsible[1]} ${responsible[2]}`) && !/^(?:You|We|I)$/.test(responsible[1]!))
    push(
      say(
        random.pick([
          `who is responsible for ${responsible[2]}`,
          `who takes care of ${responsible[2]}`,
          `whose job is ${responsible[2]}`,
        ]),
      ),
      0,
      responsible[1]!.length,
    );
  const mail = /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/.exec(body);
  const about =
    /^(?:If you have (?:any )?questions about ([^,]{4,60}), |To ([^,]{4,60}), |For (?:questions about |help with |more information about )?([^,]{4,60}), )/.exec(
      body,
    );
  if (mail && about && !dangling.test(about[0])) {
    const what = about[1] ? `questions about ${about[1]}` : about[2] ? undefined : about[3];
    push(
      say(
        what
          ? random.pick([`who do I contact with ${what}`, `which email address is for ${what}`])
          : random.pick([`where do I write to ${about[2]}`, `what email address do I use to ${about[2]}`]),
      ),
      mail.index,
      mail.index + mail[0].length,
    );
  }
  return out;
}

const yesLess = (clause: Clause, document: string): string => {
  const words = `${lowerFirst(clause.subject, document)} ${clause.auxiliary === 'do' || clause.auxiliary === 'does' ? '' : clause.auxiliary} ${clause.rest}`;
  return words.replace(/\s+/g, ' ');
};

export function detailsFrom(sentence: Sentence, document: string, random: Random): Made[] {
  if (
    sentence.text.length > 280 ||
    !/[.!]$/.test(sentence.text) ||
    /\b[A-Z]\.[A-Z]?\.$/.test(sentence.text) ||
    /[?|{}=<>`]/.test(sentence.text)
  )
    return [];
  const context = { document, random };
  const clause = readClause(sentence.text);
  return [...(clause ? fromClause(sentence, clause, context) : []), ...fromCondition(sentence, context)];
}
