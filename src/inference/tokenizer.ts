/**
 * Text to token ids and back, with the place of each token in the text. `@huggingface/tokenizers` cuts and merges;
 * this adds offsets and keeps special tokens out of plain text. Knows no prompts.
 */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { DocentError } from '../errors.ts';
import { readTokenizerJson, type TokenizerJson } from './checkpoint/tokenizer-json.ts';
import type { Tokenizer } from './contract.ts';

/** GPT-2's letters for bytes: printable ones stand for themselves, the others for U+0100 and up. */
const byteOfLetter: ReadonlyMap<number, number> = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  const map = new Map<number, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte += 1) map.set(printable(byte) ? byte : next++, byte);
  return map;
})();

interface Normalised {
  readonly text: string;
  /** Character range in the given text for a character of the normalised one. */
  readonly start: (index: number) => number;
  readonly end: (index: number) => number;
}

/** NFC moves characters only where a letter meets combining marks, so it is done letter by letter. */
function normalise(text: string, nfc: boolean): Normalised {
  if (!nfc || text.normalize('NFC') === text) return { text, start: (index) => index, end: (index) => index + 1 };
  const starts: number[] = [];
  const ends: number[] = [];
  let out = '';
  for (const { 0: cluster, index } of text.matchAll(/\P{M}?\p{M}*/gsu)) {
    const composed = cluster.normalize('NFC');
    const unchanged = composed === cluster;
    for (let i = 0; i < composed.length; i += 1) {
      starts.push(unchanged ? index + i : index);
      ends.push(unchanged ? index + i + 1 : index + cluster.length);
    }
    out += composed;
  }
  return { text: out, start: (index) => starts[index]!, end: (index) => ends[index]! };
}

/** `Digits` means every number character (½, ², Ⅷ too) in Hugging Face's own library, only 0–9 and their like in this one. */
function withAllDigits(step: Readonly<Record<string, unknown>> | null): Readonly<Record<string, unknown>> | null {
  if (step?.type === 'Digits' && step.individual_digits === true)
    return { type: 'Split', pattern: { Regex: '\\p{N}' }, behavior: 'Isolated', invert: false };
  if (step?.type !== 'Sequence') return step;
  return { ...step, pretokenizers: (step.pretokenizers as Readonly<Record<string, unknown>>[]).map(withAllDigits) };
}

const isByteLevel = (json: TokenizerJson): boolean =>
  json.model.type === 'BPE' && JSON.stringify(json.pre_tokenizer ?? {}).includes('"ByteLevel"');

/** @throws Error when the tokenizer is no byte-level BPE. */
export function createTokenizer(json: TokenizerJson): Tokenizer {
  if (!isByteLevel(json)) throw new Error('only byte-level BPE tokenizers are read');
  // An instance without added tokens: `<|im_end|>` in a document is just text.
  const plain = new HuggingFaceTokenizer(
    { ...json, added_tokens: [], post_processor: null, pre_tokenizer: withAllDigits(json.pre_tokenizer) },
    { clean_up_tokenization_spaces: false },
  );
  const nfc = JSON.stringify(json.normalizer ?? {}).includes('"NFC"');
  const added = new Map(json.added_tokens.map(({ content, id }) => [content, id]));
  const addedById = new Map(json.added_tokens.map(({ content, id }) => [id, content]));
  const size = Math.max(Object.keys(json.model.vocab).length, ...json.added_tokens.map(({ id }) => id + 1));
  const utf8 = new TextEncoder();

  return {
    size,
    encode: (text) => Int32Array.from(text === '' ? [] : plain.encode(text).ids),
    encodeWithOffsets(text) {
      if (text === '') return { ids: new Int32Array(0), starts: new Int32Array(0), ends: new Int32Array(0) };
      const { ids, tokens } = plain.encode(text);
      const normalised = normalise(text, nfc);
      // Character range of each byte; all bytes of a character share it.
      const bytes = utf8.encode(normalised.text);
      const byteStarts = new Int32Array(bytes.length);
      const byteEnds = new Int32Array(bytes.length);
      let byte = 0;
      let index = 0;
      for (const character of normalised.text) {
        const code = character.codePointAt(0)!;
        const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        byteStarts.fill(normalised.start(index), byte, byte + length);
        byteEnds.fill(normalised.end(index + character.length - 1), byte, byte + length);
        byte += length;
        index += character.length;
      }
      const starts = new Int32Array(ids.length);
      const ends = new Int32Array(ids.length);
      let at = 0;
      for (let i = 0; i < ids.length; i += 1) {
        const token = tokens[i]!;
        // Bytes that the vocabulary lacks are dropped by the merger: step over them.
        while (at < bytes.length && bytes[at] !== byteOfLetter.get(token.charCodeAt(0))) at += 1;
        const last = Math.min(at + token.length, bytes.length) - 1;
        starts[i] = byteStarts[Math.min(at, bytes.length - 1)]!;
        ends[i] = byteEnds[last]!;
        at += token.length;
      }
      return { ids: Int32Array.from(ids), starts, ends };
    },
    decode(ids) {
      const out: number[] = [];
      for (let i = 0; i < ids.length; i += 1) {
        const id = ids[i]!;
        const special = addedById.get(id);
        if (special !== undefined) {
          out.push(...utf8.encode(special));
          continue;
        }
        const letters = plain.id_to_token(id) ?? '';
        for (let j = 0; j < letters.length; j += 1) out.push(byteOfLetter.get(letters.charCodeAt(j)) ?? 0x3f);
      }
      return new TextDecoder().decode(Uint8Array.from(out));
    },
    special(token) {
      const id = added.get(token);
      if (id === undefined) throw new Error(`the vocabulary has no special token ${token}`);
      return id;
    },
  };
}

/**
 * The tokenizer of a base model.
 * @param basePath a .gguf file, or a folder with tokenizer.json.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT.
 */
export function loadTokenizer(basePath: string): Tokenizer {
  const json = readTokenizerJson(basePath);
  if (!isByteLevel(json))
    throw new DocentError('MODEL_UNSUPPORTED', { file: basePath, reason: 'its tokenizer is no byte-level BPE' });
  return createTokenizer(json);
}
