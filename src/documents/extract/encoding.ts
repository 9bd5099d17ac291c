/**
 * Bytes to text: which encoding, and whether this is text at all. Knows no format.
 */
import { DocentError } from '../../errors.ts';

export interface Decoded {
  readonly text: string;
  readonly encoding: string;
  readonly warnings: readonly string[];
}

/** Share of control characters above which bytes are no text. */
const maxControlShare = 0.005;
/**
 * Share of bytes ≥ 0x80 above which a single-byte text is some other alphabet (Cyrillic, Greek, Japanese): read as
 * Windows-1252 it would be nonsense that looks like text.
 */
const maxHighShare = 0.2;
/** So few odd bytes prove nothing in a text of a line. */
const fewBytes = 4;
/** Bytes that are looked at to tell UTF-16 without a byte-order mark. */
const sampleBytes = 4096;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is counted
const controls = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g;
const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** What Windows-1252 has at 0x80–0x9f, where Latin-1 has control characters; undefined places are kept. */
const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Several Node versions decode Windows-1252 as Latin-1 (nodejs/node#56542): euro signs and quotes got lost. */
const withoutC1 = (text: string): string =>
  text.replace(/[\u0080-\u009f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80]!);

/** UTF-16 text of Latin letters has a NUL in every second byte. */
function wideWithoutMark(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const length = Math.min(bytes.length, sampleBytes) & ~1;
  if (length < 8) return null;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < length; at += 2) {
    if (bytes[at] === 0) even++;
    if (bytes[at + 1] === 0) odd++;
  }
  const half = length / 2;
  if (odd > half * 0.6 && even < half * 0.05) return 'utf-16le';
  if (even > half * 0.6 && odd < half * 0.05) return 'utf-16be';
  return null;
}

/** Counts well-formed multi-byte sequences of UTF-8 and the bytes that belong to none. */
function judgeUtf8(bytes: Uint8Array): { sequences: number; stray: number } {
  let sequences = 0;
  let stray = 0;
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const follow =
      lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
    let fits = follow > 0;
    for (let k = 1; fits && k <= follow; k++) fits = ((bytes[at + k] ?? 0) & 0xc0) === 0x80;
    if (fits) sequences++;
    else stray++;
    at += fits ? follow + 1 : 1;
  }
  return { sequences, stray };
}

/**
 * @param declared an encoding that the file itself names (HTML's `charset`); used when the bytes aren't UTF-8.
 * @throws DocentError FILE_NOT_TEXT
 */
export function decodeText(bytes: Uint8Array, name: string, declared?: string): Decoded {
  const decode = (encoding: string, warnings: readonly string[] = []): Decoded => {
    const raw = new TextDecoder(encoding).decode(bytes);
    const text = encoding === 'windows-1252' ? withoutC1(raw) : raw;
    if (countOf(text, controls) > Math.max(fewBytes, text.length * maxControlShare))
      throw new DocentError('FILE_NOT_TEXT', { name });
    return { text, encoding, warnings };
  };

  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decode('utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decode('utf-16be');
  const wide = wideWithoutMark(bytes);
  if (wide) return decode(wide);

  const { sequences, stray } = judgeUtf8(bytes);
  if (stray === 0) return decode('utf-8');
  if (declared !== undefined) {
    try {
      return decode(new TextDecoder(declared).encoding);
    } catch (error) {
      if (error instanceof DocentError) throw error;
      // An encoding nobody knows: go on by the bytes.
    }
  }
  // Mostly sound UTF-8 with a few broken places (cut files, bad joins) is still UTF-8.
  if (sequences > stray)
    return decode('utf-8', [`${stray} ${stray === 1 ? 'byte was' : 'bytes were'} not valid UTF-8 and shown as \ufffd`]);

  const high = bytes.reduce((count, byte) => count + (byte >= 0x80 ? 1 : 0), 0);
  if (high > Math.max(fewBytes, bytes.length * maxHighShare)) throw new DocentError('FILE_NOT_TEXT', { name });
  return decode('windows-1252');
}
