/**
 * A checkpoint as the folder that transformers, vLLM and others load: config.json, model.safetensors, tokenizer.
 * Knows their files, not what the weights were tuned for.
 */
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from './checkpoint.ts';
import { writeFolderWhole, writeText } from './durable.ts';
import { configToJson } from './model-config.ts';
import { type FloatType, writeSafetensors } from './safetensors-writer.ts';
import { readVocabulary, specialKinds, type Vocabulary } from './vocabulary.ts';
import { weightShapes } from './weight-shapes.ts';

const dtypes: Readonly<Record<FloatType, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** What a folder holds besides config.json and weights. */
const companions = [
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
];

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The fields that Hugging Face's own library insists on and ours does not. */
function tokenizerJson({ tokenizer, special: { bos }, addBos }: Vocabulary): Readonly<Record<string, unknown>> {
  const { model, added_tokens, normalizer, pre_tokenizer, decoder } = tokenizer;
  const first = addBos && bos ? [{ SpecialToken: { id: bos.content, type_id: 0 } }] : [];
  const template = (...texts: readonly (readonly [string, number])[]) =>
    texts.flatMap(([id, type_id]) => [...first, { Sequence: { id, type_id } }]);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added_tokens.map((token) => ({
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
      ...token,
    })),
    normalizer,
    pre_tokenizer,
    post_processor:
      addBos && bos
        ? {
            type: 'TemplateProcessing',
            single: template(['A', 0]),
            pair: template(['A', 0], ['B', 1]),
            special_tokens: { [bos.content]: { id: bos.content, ids: [bos.id], tokens: [bos.content] } },
          }
        : null,
    decoder,
    model: {
      dropout: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ...model,
    },
  };
}

/** config.json, tokenizer and generation settings made from what a GGUF file says. */
function composeCompanions(folder: string, checkpoint: Checkpoint, vocabulary: Vocabulary, type: FloatType): void {
  const { special, addBos, chatTemplate } = vocabulary;
  const ids = Object.fromEntries(
    (['bos', 'eos', 'pad'] as const).flatMap((kind) => (special[kind] ? [[`${kind}_token_id`, special[kind].id]] : [])),
  );
  const files: Readonly<Record<string, unknown>> = {
    'config.json': { ...configToJson(checkpoint.config), ...ids, torch_dtype: dtypes[type] },
    'generation_config.json': ids,
    'tokenizer.json': tokenizerJson(vocabulary),
    'tokenizer_config.json': {
      // The class that takes tokenizer.json as it stands.
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...Object.fromEntries(
        specialKinds.flatMap((kind) => (special[kind] ? [[`${kind}_token`, special[kind].content]] : [])),
      ),
      add_bos_token: addBos,
      clean_up_tokenization_spaces: false,
      model_max_length: checkpoint.config.context,
      ...(chatTemplate === null ? {} : { chat_template: chatTemplate }),
    },
  };
  for (const [name, content] of Object.entries(files)) writeText(join(folder, name), json(content));
}

function copyCompanions(folder: string, base: string, type: FloatType): void {
  for (const name of companions) if (existsSync(join(base, name))) copyFileSync(join(base, name), join(folder, name));
  const { dtype: _, ...config } = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8')) as { dtype?: string };
  writeText(join(folder, 'config.json'), json({ ...config, torch_dtype: dtypes[type] }));
}

/**
 * Writes the folder whole or not at all; an existing one is replaced.
 * @param base the .gguf file or folder that the checkpoint was opened from: tokenizer and settings come from there.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT, DISK_FULL, TARGET_UNWRITABLE; RangeError when a number
 * does not fit `type`.
 */
export function exportFolder(folder: string, checkpoint: Checkpoint, base: string, type: FloatType): void {
  const isFolder = statSync(base).isDirectory();
  const vocabulary = isFolder ? null : readVocabulary(base);
  writeFolderWhole(folder, (scratch) => {
    if (vocabulary) composeCompanions(scratch, checkpoint, vocabulary, type);
    else copyCompanions(scratch, base, type);
    const tensors = weightShapes(checkpoint.config).map(([name, shape]) => ({
      name,
      shape,
      read: () => checkpoint.read(name).data,
    }));
    writeSafetensors(join(scratch, 'model.safetensors'), tensors, { type });
  });
}
