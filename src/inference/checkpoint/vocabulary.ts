/**
 * What a checkpoint carries besides weights: tokenizer, special tokens, chat template; out of a GGUF file or a folder.
 * Knows where these stand, not how text is encoded.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type GgufFile, openGguf } from './gguf.ts';
import { preTokenizerOf, readTokenizerJson, type TokenizerJson } from './tokenizer-json.ts';

export const specialKinds = ['bos', 'eos', 'unk', 'pad'] as const;
export type SpecialKind = (typeof specialKinds)[number];

export interface Vocabulary {
  readonly tokenizer: TokenizerJson;
  /** llama.cpp's name for the way text is cut before merging; null = none is known. */
  readonly preTokenizer: string | null;
  readonly special: Readonly<Partial<Record<SpecialKind, { readonly id: number; readonly content: string }>>>;
  /** Texts begin with the token `bos` although nobody wrote it. */
  readonly addBos: boolean;
  readonly chatTemplate: string | null;
}

/** As GGUF's metadata calls the special tokens. */
export const ggufSpecialKeys: Readonly<Record<SpecialKind, string>> = {
  bos: 'tokenizer.ggml.bos_token_id',
  eos: 'tokenizer.ggml.eos_token_id',
  unk: 'tokenizer.ggml.unknown_token_id',
  pad: 'tokenizer.ggml.padding_token_id',
};

/** Tokens by id; holes are undefined. */
export function tokensById({ model, added_tokens }: TokenizerJson): (string | undefined)[] {
  const tokens: (string | undefined)[] = [];
  for (const [content, id] of Object.entries(model.vocab)) tokens[id] = content;
  for (const { content, id } of added_tokens) tokens[id] = content;
  return tokens;
}

const special = (tokens: readonly (string | undefined)[], idOf: (kind: SpecialKind) => number | undefined) =>
  Object.fromEntries(
    specialKinds.flatMap((kind) => {
      const id = idOf(kind);
      const content = id === undefined ? undefined : tokens[id];
      return content === undefined ? [] : [[kind, { id, content }]];
    }),
  );

function fromGguf(gguf: GgufFile, tokenizer: TokenizerJson): Vocabulary {
  const tokens = tokensById(tokenizer);
  const template = gguf.metadata.get('tokenizer.chat_template');
  return {
    tokenizer,
    preTokenizer: String(gguf.metadata.get('tokenizer.ggml.pre') ?? 'gpt-2'),
    special: special(tokens, (kind) => gguf.metadata.get(ggufSpecialKeys[kind]) as number | undefined),
    addBos: gguf.metadata.get('tokenizer.ggml.add_bos_token') === true,
    chatTemplate: typeof template === 'string' ? template : null,
  };
}

const readJson = (folder: string, name: string): Readonly<Record<string, unknown>> => {
  const path = join(folder, name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
};

function fromFolder(folder: string, tokenizer: TokenizerJson): Vocabulary {
  const settings = readJson(folder, 'tokenizer_config.json');
  const config = { ...readJson(folder, 'config.json'), ...readJson(folder, 'generation_config.json') };
  const tokens = tokensById(tokenizer);
  const ids = new Map(tokens.map((content, id) => [content, id]));
  const idOf = (kind: SpecialKind): number | undefined => {
    // A token is written as its text, or as an object that holds it; config.json may name several that end a text.
    const named = settings[`${kind}_token`] as string | { content?: string } | null | undefined;
    const content = typeof named === 'string' ? named : named?.content;
    if (content !== undefined) return ids.get(content);
    const id = [config[`${kind}_token_id`]].flat()[0];
    return typeof id === 'number' ? id : undefined;
  };
  const found = special(tokens, idOf);
  const template = join(folder, 'chat_template.jinja');
  const bos = (found as Vocabulary['special']).bos;
  return {
    tokenizer,
    preTokenizer: preTokenizerOf(tokenizer),
    special: found,
    addBos:
      settings.add_bos_token === true ||
      (bos !== undefined && JSON.stringify(tokenizer.post_processor ?? null).includes(JSON.stringify(bos.content))),
    chatTemplate: existsSync(template)
      ? readFileSync(template, 'utf8')
      : typeof settings.chat_template === 'string'
        ? settings.chat_template
        : null,
  };
}

/**
 * @param path a .gguf file, or a folder with tokenizer.json.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT.
 */
export function readVocabulary(path: string): Vocabulary {
  const tokenizer = readTokenizerJson(path);
  if (statSync(path).isDirectory()) return fromFolder(path, tokenizer);
  const gguf = openGguf(path);
  try {
    return fromGguf(gguf, tokenizer);
  } finally {
    gguf.close();
  }
}
