/**
 * The content of a `tokenizer.json`, read from a checkpoint folder or composed from GGUF metadata.
 * Only byte-level BPE, which Llama 3, SmolLM and Qwen use. Knows files, not how text is encoded.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DocentError, reasonOf } from '../../errors.ts';
import { type GgufFile, openGguf } from './gguf.ts';

export interface TokenizerJson {
  readonly model: {
    readonly type: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
    readonly [other: string]: unknown;
  };
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[];
  readonly normalizer: Readonly<Record<string, unknown>> | null;
  readonly pre_tokenizer: Readonly<Record<string, unknown>> | null;
  readonly decoder: Readonly<Record<string, unknown>> | null;
  readonly post_processor?: unknown;
}

const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: false,
  use_regex: useRegex,
});
const splitThenBytes = (regex: string) => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }, byteLevel(false)],
});
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/**
 * How text is cut before merging, by GGUF's `tokenizer.ggml.pre`; the regular expressions are those of the models'
 * own tokenizer.json, as in llama-vocab.cpp of llama.cpp.
 */
const preTokenizers: Readonly<
  Record<string, { readonly cut: Record<string, unknown>; readonly nfc?: boolean; readonly ignoreMerges?: boolean }>
> = {
  smollm: {
    cut: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] },
  },
  'gpt-2': { cut: byteLevel(true) },
  'llama-bpe': { cut: splitThenBytes(words('\\p{N}{1,3}')), ignoreMerges: true },
  qwen2: { cut: splitThenBytes(words('\\p{N}')), nfc: true },
};

/** Regular expressions and flags of a cut, whatever else the library that wrote the file spelled out. */
const cutMarks = (cut: Readonly<Record<string, unknown>> | null): string => {
  const steps = (cut?.type === 'Sequence' ? cut.pretokenizers : [cut]) as Readonly<Record<string, unknown>>[];
  return JSON.stringify(
    steps.map((step) => [step?.type, step?.pattern, step?.individual_digits, step?.use_regex ?? true]),
  );
};

/** GGUF's name for the way a tokenizer cuts words; null = it has none here. */
export const preTokenizerOf = ({ pre_tokenizer, normalizer }: TokenizerJson): string | null =>
  Object.entries(preTokenizers).find(
    ([, { cut, nfc }]) => cutMarks(cut) === cutMarks(pre_tokenizer) && (nfc ?? false) === (normalizer?.type === 'NFC'),
  )?.[0] ?? null;

/** ggml's token types. Control and user-defined ones stand for more than their letters. */
export const tokenTypes = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

function fromGguf(gguf: GgufFile, path: string): TokenizerJson {
  const refuse = (reason: string) => new DocentError('MODEL_UNSUPPORTED', { file: path, reason });
  const kind = gguf.metadata.get('tokenizer.ggml.model');
  if (kind !== 'gpt2') throw refuse(`its tokenizer is of the kind ${String(kind)}, only byte-level BPE is read`);
  const pre = String(gguf.metadata.get('tokenizer.ggml.pre') ?? 'gpt-2');
  const cut = preTokenizers[pre];
  if (!cut) throw refuse(`its tokenizer cuts words in the way ${pre}, which is not known here`);
  const tokens = gguf.metadata.get('tokenizer.ggml.tokens') as readonly string[];
  const types = (gguf.metadata.get('tokenizer.ggml.token_type') ?? []) as readonly number[];
  const merges = gguf.metadata.get('tokenizer.ggml.merges') as readonly string[] | undefined;
  if (!tokens || !merges) throw refuse('it carries no tokenizer');
  const vocab: Record<string, number> = {};
  const added: { id: number; content: string; special: boolean }[] = [];
  for (let id = 0; id < tokens.length; id += 1) {
    const content = tokens[id]!;
    vocab[content] = id;
    const type = types[id];
    if (type === tokenTypes.control || type === tokenTypes.userDefined)
      added.push({ id, content, special: type === tokenTypes.control });
  }
  return {
    model: { type: 'BPE', vocab, merges, unk_token: null, ignore_merges: cut.ignoreMerges ?? false },
    added_tokens: added,
    normalizer: cut.nfc ? { type: 'NFC' } : null,
    pre_tokenizer: cut.cut,
    decoder: byteLevel(true),
    post_processor: null,
  };
}

/**
 * @param path a .gguf file, or a folder with tokenizer.json.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT.
 */
export function readTokenizerJson(path: string): TokenizerJson {
  if (!statSync(path).isDirectory()) {
    const gguf = openGguf(path);
    try {
      return fromGguf(gguf, path);
    } finally {
      gguf.close();
    }
  }
  const file = join(path, 'tokenizer.json');
  if (!existsSync(file)) throw new DocentError('MODEL_UNSUPPORTED', { file: path, reason: 'it has no tokenizer.json' });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TokenizerJson;
  } catch (error) {
    throw new DocentError('MODEL_CORRUPT', { file, reason: reasonOf(error) }, { cause: error });
  }
}
