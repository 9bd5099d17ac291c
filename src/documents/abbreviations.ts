/**
 * Abbreviations that a document defines once ("personal protective equipment (PPE)") and then uses alone. Found by their
 * initials, else by the algorithm of Schwartz & Hearst 2003 (https://psb.stanford.edu/psb-online/proceedings/psb03/schwartz.pdf),
 * so that a search for either form finds the passages with the other.
 */

/** `SLA`, `PPE`, `4X`, `R&D`; at least one capital, no sentence. */
const short = /^(?=.*\p{Lu})[\p{L}\p{N}][\p{L}\p{N}&/.-]{1,9}$/u;
const smallWord = /^(?:of|and|the|for|in|to|on|at|by|a|an|with)$/;
const bracketed = /\(([^()\n]{2,80})\)/g;
/** Words before the bracket that may belong to the long form. */
const mostWords = (letters: number): number => Math.min(letters + 5, letters * 2);

const lettersOf = (abbreviation: string): readonly string[] =>
  [...abbreviation.toLowerCase()].filter((char) => /[\p{L}\p{N}]/u.test(char));

/** The last words whose initials are the letters; small words may stand between. */
function byInitials(letters: readonly string[], before: string): string | null {
  const words = [...before.matchAll(/[\p{L}\p{N}]+/gu)];
  let left = letters.length;
  for (let i = words.length - 1; i >= 0 && left > 0; i -= 1) {
    const word = words[i]![0].toLowerCase();
    if (word[0] === letters[left - 1]) left -= 1;
    else if (!smallWord.test(word) || left === letters.length) return null;
    if (left === 0) return before.slice(words[i]!.index).trim();
  }
  return null;
}

/**
 * The shortest end of `before` whose letters spell the abbreviation, its first letter at the beginning of a word.
 * @returns null when they don't.
 */
function byLetters(letters: readonly string[], before: string): string | null {
  const text = before.toLowerCase();
  let at = text.length;
  for (let i = letters.length - 1; i >= 0; i -= 1) {
    do at -= 1;
    while (at >= 0 && (text[at] !== letters[i] || (i === 0 && at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1]!))));
    if (at < 0) return null;
  }
  const found = before.slice(at).trim();
  const words = found.split(/\s+/).length;
  return words >= 2 && words <= mostWords(letters.length) ? found : null;
}

function longForm(abbreviation: string, before: string): string | null {
  const letters = lettersOf(abbreviation);
  if (letters.length < 2) return null;
  const found = byInitials(letters, before) ?? byLetters(letters, before);
  return found && found.length > abbreviation.length ? found : null;
}

/** Abbreviation → long form, as first defined; "PPE (personal protective equipment)" counts too. */
export function findAbbreviations(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const match of text.matchAll(bracketed)) {
    const inside = match[1]!.trim();
    const lineStart = text.lastIndexOf('\n', match.index) + 1;
    const before = text.slice(Math.max(lineStart, match.index - 120), match.index).trim();
    if (short.test(inside)) {
      const long = longForm(inside, before);
      if (long && !found.has(inside)) found.set(inside, long);
      continue;
    }
    const name = before.split(/\s+/).at(-1) ?? '';
    if (short.test(name) && longForm(name, inside) === inside && !found.has(name)) found.set(name, inside);
  }
  return found;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The other form of every abbreviation, or long form, that the text uses: words to search by, not to read. */
export function otherForms(text: string, abbreviations: ReadonlyMap<string, string>): readonly string[] {
  const lower = text.toLowerCase();
  return [...abbreviations].flatMap(([abbreviation, long]) => {
    const hasShort =
      text.includes(abbreviation) &&
      new RegExp(`(?<![\\p{L}\\p{N}])${escaped(abbreviation)}(?![\\p{L}\\p{N}])`, 'u').test(text);
    const hasLong = lower.includes(long.toLowerCase());
    if (hasShort === hasLong) return [];
    return [hasShort ? long : abbreviation];
  });
}
