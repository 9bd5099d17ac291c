/** What people say to a bot that is no question to the documents: greetings, thanks, "what can you do", nothing at all. */

export type SmallTalk = 'help' | 'greeting' | 'thanks';

const patterns: readonly (readonly [SmallTalk, RegExp])[] = [
  [
    'help',
    /^(help|\?+|what (can|do) you do|what are you( for)?|who are you|how (do|does|can) (i use )?(you|this|it)( work)?|commands?)$/,
  ],
  [
    'greeting',
    /^(hi|hello|hey|hiya|howdy|good (morning|afternoon|evening)|yo|greetings|hallo|moin|servus)( there| docent| bot| all| everyone| team)?$/,
  ],
  [
    'thanks',
    /^((ok(ay)?|great|perfect|cool|awesome|nice|super)[, ]*)?(many )?(thanks?|thank you|thx|ty|cheers|danke|merci)( a lot| so much| very much| docent| bot)?$|^(ok(ay)?|great|perfect|cool|awesome|nice|got it)$/,
  ],
];

/** Null = a question. Only whole messages count: "hi, how many days of leave?" is a question. */
export function smallTalk(text: string): SmallTalk | null {
  const plain = text
    .toLowerCase()
    .replace(/\p{Extended_Pictographic}|\u{fe0f}/gu, '')
    .replace(/[!.…,\s]+$/u, '')
    .replace(/^\s+/, '')
    .replace(/\s+/g, ' ');
  if (/^\p{P}*$/u.test(plain)) return 'help';
  const bare = plain.replace(/\?+$/, '').trim();
  for (const [kind, pattern] of patterns) if (pattern.test(plain) || pattern.test(bare)) return kind;
  return null;
}
