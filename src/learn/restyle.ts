/** Questions as people type them in a chat. */
import { rephrased } from './synonyms.ts';

const greetings = ['hey, ', 'hi, ', 'quick question: ', 'anyone know ', 'does anyone know ', 'pls help: ', 'so '];

const isLetter = (char: string | undefined): boolean => char !== undefined && /\p{L}/u.test(char);

/** Two letters swapped, one left out, or one doubled. */
function withTypo(text: string, next: () => number): string {
  const at = 1 + Math.floor(next() * (text.length - 3));
  if (!isLetter(text[at]) || !isLetter(text[at + 1])) return text;
  const kind = next();
  const [before, here, after, rest] = [text.slice(0, at), text[at]!, text[at + 1]!, text.slice(at + 2)];
  if (kind < 0.4) return before + after + here + rest;
  return kind < 0.8 ? before + after + rest : before + here + here + after + rest;
}

/**
 * Two in five take other words of the same meaning. About half then stay as they are; the others lose capitals or the
 * question mark, or gain a greeting or a typo.
 * @param next in [0, 1)
 */
export function restyled(question: string, next: () => number): string {
  let text = next() < 0.4 ? rephrased(question, next) : question;
  if (next() < 0.55) return text;
  if (next() < 0.6) text = text.toLowerCase();
  if (next() < 0.6) text = text.replace(/\?+$/, '');
  if (next() < 0.25)
    text = greetings[Math.floor(next() * greetings.length)]! + text.charAt(0).toLowerCase() + text.slice(1);
  if (next() < 0.35 && text.length > 12) text = withTypo(text, next);
  return text;
}
