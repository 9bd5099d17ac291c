/** Lists and steps: everything that is listed, or the step before, after or at a place. */

import type { Made } from '../../../src/learn/rules/question.ts';
import { asAsker, asQuestion, baseOfGerund, isHeadingVerb, lowerFirst } from '../../../src/learn/rules/words.ts';
import type { Random } from '../../../src/random.ts';
import type { BusinessPassage } from './documents.ts';

const minItems = 2;
const maxItems = 7;
const maxItemCharacters = 110;
const item = /^([-*•]|\d{1,2}[.)])\s+/;

interface Entry {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly numbered: boolean;
}

interface List {
  readonly entries: readonly Entry[];
  /** The line before the list. */
  readonly leadIn: string | null;
  /** Nothing but a lead-in stands between the heading and the list, and no other list beside it. */
  readonly direct: boolean;
}

/** Whole flat lists of a passage. */
export function listsOf(passage: BusinessPassage, document: string): List[] {
  const lists: List[] = [];
  const blocks = passage.blocks;
  for (let at = 0; at < blocks.length; at += 1) {
    if (blocks[at]!.kind !== 'list-item') continue;
    const before = blocks[at - 1];
    const entries: Entry[] = [];
    let flat = true;
    let next = at;
    for (; next < blocks.length && blocks[next]!.kind === 'list-item'; next += 1) {
      const { start, end } = blocks[next]!;
      const raw = document.slice(start, end);
      const lead = item.exec(raw)?.[0] ?? '';
      const text = raw.slice(lead.length).replace(/[.;,]?(?: and(?:\/or)?| or)?[.;,]?$/, '');
      if (document[start - 1] === ' ' || text.includes('\n')) flat = false;
      entries.push({
        text,
        start: start + lead.length,
        end: start + lead.length + text.length,
        numbered: /^\d/.test(lead),
      });
    }
    const numbered = entries.every((entry) => entry.numbered);
    const first = document.slice(blocks[at]!.start, blocks[at]!.end);
    const whole = flat && (!numbered || /^1[.)]/.test(first)) && passage.start <= blocks[at]!.start;
    // A list that goes on in the next passage is not whole here.
    const ends = !/^\s*(?:[-*•]|\d{1,2}[.)])\s/.test(document.slice(blocks[next - 1]!.end));
    const begins = before !== undefined || passage.heading !== null;
    const cutBefore =
      /\n[ ]*(?:[-*•]|\d{1,2}[.)])[^\n]*\n$/.test(document.slice(0, blocks[at]!.start)) && before === undefined;
    if (
      whole &&
      ends &&
      begins &&
      !cutBefore &&
      entries.length >= minItems &&
      entries.length <= maxItems &&
      entries.every(({ text }) => text.length >= 3 && text.length <= maxItemCharacters && !/^https?:/.test(text))
    )
      lists.push({
        entries,
        leadIn:
          before && before.kind === 'paragraph' ? document.slice(before.start, before.end).split('\n').at(-1)! : null,
        direct:
          passage.heading !== null &&
          (before === undefined
            ? /(?:^|\n\n)[^\n]+\n$/.test(document.slice(0, blocks[at]!.start)) &&
              document.slice(0, blocks[at]!.start).trimEnd().endsWith(passage.heading)
            : before.kind === 'paragraph' &&
              at === 1 &&
              /:$/.test(document.slice(before.start, before.end)) &&
              before.end - before.start < 160 &&
              document.slice(0, before.start).trimEnd().endsWith(passage.heading)),
      });
    at = next - 1;
  }
  return lists;
}

/** An entry that says what to do. */
const plainVerb =
  /^(?:keep|don['’]t|do not|explain|avoid|be|consider|calculate|track|monitor|plan|go|click|select|choose|use|run|open|enter|add|create|set|press|type|contact|email|send|submit|ask|visit|follow|navigate|call|write|fill|complete|install|remove|delete|turn|enable|disable|move|change|make|check|update|sign|log|provide|drag|copy|paste|post|review|start|stop|attach|request|read|apply|download|upload|find|look|get|sign|search|save|schedule|invite|assign|confirm|verify|import|export|build|deploy|merge|push|pull|clone|restart|connect|edit|rename|replace|prepare|scroll|mark|tag|test|wait|share|give|take|put|pay|register|book|notify|tell|join|agree|identify|define|specify|configure|generate|record|close|switch|expand|hover|insert|place|ensure|determine|publish|approve|print|collect|return|report)\b/i;

const vague = /\b(?:something|so|page name|this|these|those|it|they|them|such|that|here|their|there)\b/i;

/** Task of a heading or lead-in: `create a user` from `Creating a user`, `How to create a user`, `To create a user:`. */
function taskOf(text: string): string | null {
  const clean = text.replace(/^\d+(?:\.\d+)*\.? /, '').replace(/[.:]+$/, '');
  const found =
    /^(?:How (?:to|do I|do you|can I|can you|should I)|Steps to|To) ([a-z][^,]{4,70}?)(?:,? (?:using|follow|do|perform|use|complete|take|you|please|from)\b.*|,.*|\?)?$/.exec(
      clean,
    );
  if (found && !vague.test(found[1]!)) return found[1]!;
  const [verb, ...rest] = clean.split(' ');
  if (!verb || rest.length === 0 || rest.length > 8) return null;
  const others = rest.join(' ');
  if (vague.test(others)) return null;
  const base = baseOfGerund(verb);
  const small = others.replace(/^[A-Z](?=[a-z]+)/, (letter) => letter.toLowerCase());
  if (base && !/^(?:for|of|with|in|on|time|and|is)\b/i.test(others)) return `${base} ${small}`;
  if (isHeadingVerb(verb) && /^(?:a|an|the|your|our)\b/i.test(others)) return `${verb.toLowerCase()} ${small}`;
  return null;
}

/** Questions that ask for all entries. */
function wholeQuestions(
  { leadIn, entries, direct }: List,
  heading: string | null,
  title: string | null,
  document: string,
  random: Random,
): string[] {
  const numbered = entries.every((entry) => entry.numbered);
  const out: string[] = [];
  const say = (words: string) => out.push(asQuestion(random.chance(0.7) ? asAsker(words) : words));
  if (leadIn && /:$/.test(leadIn)) {
    const lead = (leadIn.split(/(?<=[.!?]) /).at(-1) ?? leadIn).replace(/:$/, '').trim();
    const following =
      /^(?:The|There are) following ([a-z][\w -]{2,40}?) (are|is|can|may|must|will|should|have|were) ([^:]{4,70})$/i.exec(
        lead,
      );
    const includes =
      /^((?:The |Our |Your )?[\w' -]{3,60}?) (?:include|includes|are|is|consist of|consists of|contain|contains)(?: the following(?: [a-z]+)?)?$/.exec(
        lead,
      );
    const has =
      /^((?:The|A|An|Each|Every|Our|Your|You|We)[\w' -]{0,50}?) ((?:must|should|can|may|will|need to|cannot) ?(?:[a-z][\w' -]{0,50})?)(?: (?:the )?following(?: [a-z]+)?)$/.exec(
        lead,
      );
    const task = numbered ? taskOf(lead) : null;
    if (following && !vague.test(lead.slice(4))) say(`which ${following[1]} ${following[2]} ${following[3]}`);
    else if (
      includes &&
      !vague.test(includes[1]!) &&
      !/^(?:You|We|There|Here|Some|Other|Others|In|For|To)\b/.test(includes[1]!)
    ) {
      const noun = lowerFirst(includes[1]!, document);
      const many = /[^s]s$/.test(noun.replace(/ (?:to|of|for|in|from|by|on|with|at|used|you|we|that)\b.*$/, ''));
      if (/\binclude|contain|consist/.test(lead))
        say(
          random.pick(
            [`what ${many ? 'do' : 'does'} ${noun} include`, `what is part of ${noun}`, `what are ${noun}`].slice(
              0,
              many ? 3 : 2,
            ),
          ),
        );
      else if (/ (?:are|is)(?: the following)?/.test(lead))
        say(random.pick([`what ${many ? 'are' : 'is'} ${noun}`, `can you list ${noun}`]));
    } else if (has && !vague.test(lead.replace('following', ''))) {
      const [verb, ...rest] = has[2]!.trim().split(' ');
      const noun = lowerFirst(has[1]!, document);
      if (
        rest.length > 0 &&
        verb !== 'need' &&
        !/(?:\b(?:the|a|an|in|of|to|for|at|with|and|by|from|following))$/.test(rest.join(' '))
      )
        say(`what ${verb} ${noun} ${rest.join(' ')}`);
    }
    if (task)
      for (const start of [random.pick(['how do I', 'how can I', 'how to', 'what are the steps to'])])
        out.push(asQuestion(`${start} ${asAsker(task)}`));
  }
  const acts = plainVerb.test(entries[0]!.text);
  if (heading && direct && out.length === 0) {
    const clean = heading.replace(/^\d+(?:\.\d+)*\.? /, '');
    const task = numbered && acts ? taskOf(heading) : null;
    const where =
      title &&
      title !== heading &&
      title.length < 40 &&
      !/Sheet|Introduction|Overview|[?:]/.test(title) &&
      random.chance(0.4)
        ? ` for ${lowerFirst(title, document)}`
        : '';
    if (task)
      out.push(
        asQuestion(`${random.pick(['how do I', 'how can I', 'how to', 'what are the steps to'])} ${asAsker(task)}`),
      );
    else if (/^(?:What|Which|Who) .*\?$/.test(clean) && !vague.test(clean)) out.push(clean);
    else if (
      leadIn === null &&
      !numbered &&
      !acts &&
      /^(?:[A-Z][\w'-]*)(?: [a-z&][\w'-]*){0,3}$/.test(clean) &&
      /[^s]s$/.test(clean) &&
      !/^(?:Demonstrates|Benefits from|Known|Labels|About|See|This|Using|How|Other|Additional|More|Related|External|Next|Notes|Links|Resources|References|Examples|Further|Optional|Comments|Details|\w+ing)\b/.test(
        clean,
      )
    ) {
      const noun = lowerFirst(clean.charAt(0) + clean.slice(1), `${document} ${clean.toLowerCase()}`);
      out.push(
        asQuestion(
          random.pick([
            `what are the ${asAsker(noun)}${where}`,
            `which ${asAsker(noun)} are there${where}`,
            `list the ${asAsker(noun)}${where}`,
            `${asAsker(noun)}${where}`,
          ]),
        ),
      );
    }
  }
  return out;
}

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'];

export function listsFrom(passage: BusinessPassage, title: string | null, document: string, random: Random): Made[] {
  const out: Made[] = [];
  for (const list of listsOf(passage, document)) {
    const { entries } = list;
    const questions = wholeQuestions(list, passage.heading, title, document, random);
    for (const question of questions)
      out.push({ kind: 'list', question, form: 'list', spans: entries.map(({ start, end }) => [start, end] as const) });
    if (!entries.every((entry) => entry.numbered) || entries.length < 3 || !plainVerb.test(entries[0]!.text)) continue;
    const task =
      (list.leadIn && taskOf(list.leadIn)) ?? (list.direct && passage.heading ? taskOf(passage.heading) : null);
    const step = (question: string, entry: Entry) =>
      out.push({ kind: 'list', question: asQuestion(question), form: 'span', spans: [[entry.start, entry.end]] });
    const known = entries.map(({ text }) =>
      lowerFirst(text.replace(/[.,;:].*$/, ''), `${document} ${text.toLowerCase()}`),
    );
    const at = random.between(1, entries.length - 1);
    if (
      known[at - 1]!.length < 70 &&
      !/https?/.test(entries[at - 1]!.text) &&
      plainVerb.test(known[at - 1]!) &&
      !/\bstep\b/i.test(known[at - 1]!) &&
      !vague.test(known[at - 1]!)
    )
      step(
        asAsker(
          random.pick([
            `what do I do after I ${known[at - 1]}`,
            `what is the step after "${known[at - 1]}"`,
            `I did "${known[at - 1]}", what is next`,
          ]),
        ),
        entries[at]!,
      );
    if (task) {
      const which = random.between(0, entries.length - 1);
      const name = which === entries.length - 1 && random.chance(0.5) ? 'last' : ordinals[which]!;
      step(
        asAsker(
          random.pick([
            `what is the ${name} step to ${task}`,
            `to ${task}, what do I do ${name === 'last' ? 'last' : name === 'first' ? 'first' : `as the ${name} step`}`,
            `what's ${name === 'last' ? 'the last step' : `step ${which + 1}`} when I ${task}`,
          ]),
        ),
        entries[which]!,
      );
    }
  }
  return out;
}
