/**
 * Which language a text is in, and whether that is sure: a question of five words often isn't. Trigrams (franc) need a
 * paragraph; for shorter texts function words and the script decide.
 */
import { francAll } from 'franc-min';

export interface Language {
  /** ISO 639-3 (`eng`, `deu`), `und` when nothing speaks for any. */
  readonly code: string;
  /** false: don't tell anybody anything on the ground of this. */
  readonly confident: boolean;
}

/** Words that are frequent in one language and rare in the others of the table. */
const functionWords: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    eng: "the of and to is are for how what when who which where do does can my our we you it with many much not be have has if this that from at on by or an i i'm there should will was were your their please tell about any why in",
    deu: 'der die das und ist sind wie wer wann welche welcher mit für von nicht ich wir sie ein eine einen den dem im auf zu wird werden bei oder auch nach es gibt kann viele viel mein unser',
    fra: 'le la les des et est sont combien quand quel quelle qui avec pour pas je nous vous un une du dans sur au aux ce que où il elle comment mon notre',
    spa: 'el la los las de y es son cuántos cuándo cuál qué quién con para por no una un en del al cómo dónde mi nuestro se puede hay',
    ita: 'il lo la gli le di e è sono quanti quando quale chi con per non una un del della nel che come dove mio nostro si può',
    por: 'o a os as de e é são quantos quando qual quem com para por não uma um em do da no na como onde meu nosso que se pode',
    nld: 'de het een en is zijn hoe wie wanneer welke met voor van niet ik wij we je u op te in bij of ook naar er kan veel mijn onze',
  }).map(([code, words]) => [code, new Set(words.split(' '))]),
);

/** Letters from which on trigrams tell languages apart. */
const minTrigramLetters = 120;
/** Distance of the second guess below which trigrams are undecided (the first is 1). */
const minMargin = 0.05;
/** A sample says as much as the whole. */
const maxCharacters = 8_000;

/** Honest for short texts: `confident` is false rather than wrong. */
export function detectLanguage(whole: string): Language {
  const text = whole.slice(0, maxCharacters);
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters === 0) return { code: 'und', confident: false };
  const guesses = francAll(text, { minLength: 3 });
  const [best = ['und', 0], second = ['und', 0]] = guesses;

  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  if (latin < letters / 2) return { code: best[0], confident: letters >= 4 && best[0] !== 'und' };

  const words = text.toLowerCase().match(/[\p{L}']+/gu) ?? [];
  const hits = Object.entries(functionWords)
    .map(([code, set]) => ({ code, count: words.filter((word) => set.has(word)).length }))
    .sort((a, b) => b.count - a.count);
  const [first, runnerUp] = hits as [{ code: string; count: number }, { code: string; count: number }];
  const share = first.count / words.length;
  // Half as many again as the next language, and at least every sixth word.
  if (first.count >= 2 && first.count >= runnerUp.count * 1.5 && share >= 1 / 6)
    return { code: first.code, confident: true };

  if (letters >= minTrigramLetters && best[0] !== 'und')
    return { code: best[0], confident: best[1] - second[1] >= minMargin && share < 1 / 6 };
  return { code: first.count > runnerUp.count ? first.code : 'und', confident: false };
}
