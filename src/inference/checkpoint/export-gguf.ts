/**
 * A checkpoint as the one file that llama.cpp and its kin load.
 * Knows GGUF's names and layouts, not what the weights were tuned for.
 */
import { statSync } from 'node:fs';
import { DocentError } from '../../errors.ts';
import { type Checkpoint, ggufName, pairedHeads, permute } from './checkpoint.ts';
import { openGguf } from './gguf.ts';
import { type GgufTensorSource, type GgufType, ggufValue, writeGguf } from './gguf-writer.ts';
import { type ModelConfig, rotaryFrequencies } from './model-config.ts';
import { tokenTypes } from './tokenizer-json.ts';
import { ggufSpecialKeys, readVocabulary, specialKinds, tokensById, type Vocabulary } from './vocabulary.ts';
import { weightShapes } from './weight-shapes.ts';

export type GgufQuantisation = Exclude<GgufType, 'F32'>;

/** llama.cpp's LLAMA_FTYPE: what most of a file's tensors are. */
const fileTypes: Readonly<Record<GgufQuantisation, number>> = { F16: 1, Q8_0: 7 };
/** True of the file that is carried over, not of the one that is written. */
const notCarried = /^(general\.(name|file_type)|quantize\..*|split\..*)$/;
const rotaryDivisors = 'rope_freqs.weight';

/** Q8_0 takes rows of whole blocks; norms and biases are kept as they are, as llama.cpp does. */
const typeOf = (shape: readonly number[], quantisation: GgufQuantisation): GgufType => {
  if (shape.length === 1) return 'F32';
  return quantisation === 'Q8_0' && shape[1]! % 32 !== 0 ? 'F16' : quantisation;
};

function shapeMetadata(config: ModelConfig): [string, Uint8Array][] {
  const { family, ropeScaling } = config;
  const { uint32, float32, string } = ggufValue;
  const entries: readonly (readonly [string, Uint8Array])[] = [
    ['block_count', uint32(config.layers)],
    ['context_length', uint32(config.context)],
    ['embedding_length', uint32(config.hidden)],
    ['feed_forward_length', uint32(config.ffn)],
    ['attention.head_count', uint32(config.heads)],
    ['attention.head_count_kv', uint32(config.kvHeads)],
    ['attention.key_length', uint32(config.headDim)],
    ['attention.value_length', uint32(config.headDim)],
    ['attention.layer_norm_rms_epsilon', float32(config.normEpsilon)],
    ['rope.freq_base', float32(config.ropeTheta)],
    ['rope.dimension_count', uint32(config.headDim)],
    ['vocab_size', uint32(config.vocab)],
  ];
  const scaling: typeof entries =
    ropeScaling.kind === 'linear'
      ? [
          ['rope.scaling.type', string('linear')],
          ['rope.scaling.factor', float32(ropeScaling.factor)],
        ]
      : [];
  return [
    ['general.architecture', string(family)],
    ['general.type', string('model')],
    ...[...entries, ...scaling].map(([key, value]): [string, Uint8Array] => [`${family}.${key}`, value]),
  ];
}

/** @param size rows of the embedding: llama.cpp wants a token for each. @throws DocentError MODEL_UNSUPPORTED. */
function tokenizerMetadata(vocabulary: Vocabulary, size: number, file: string): [string, Uint8Array][] {
  const { tokenizer, preTokenizer, special, addBos, chatTemplate } = vocabulary;
  const refuse = (reason: string) => new DocentError('MODEL_UNSUPPORTED', { file, reason });
  if (tokenizer.model.type !== 'BPE') throw refuse('only byte-level BPE tokenizers can be written to GGUF');
  if (preTokenizer === null) throw refuse('GGUF has no name that is known here for the way its tokenizer cuts words');
  const tokens = tokensById(tokenizer);
  if (tokens.length > size) throw refuse(`its tokenizer has ${tokens.length} tokens, the model ${size}`);
  const added = new Map(tokenizer.added_tokens.map((token) => [token.id, token]));
  const ids = Array.from({ length: size }, (_, id) => id);
  const typeOfToken = (id: number): number => {
    const token = added.get(id);
    if (token) return token.special ? tokenTypes.control : tokenTypes.userDefined;
    return tokens[id] === undefined ? tokenTypes.unused : tokenTypes.normal;
  };
  const merges = tokenizer.model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
  const { uint32, string, strings, int32s, bool } = ggufValue;
  return [
    ['tokenizer.ggml.model', string('gpt2')],
    ['tokenizer.ggml.pre', string(preTokenizer)],
    ['tokenizer.ggml.tokens', strings(ids.map((id) => tokens[id] ?? `[PAD${id}]`))],
    ['tokenizer.ggml.token_type', int32s(ids.map(typeOfToken))],
    ['tokenizer.ggml.merges', strings(merges)],
    ['tokenizer.ggml.add_bos_token', bool(addBos)],
    ...specialKinds.flatMap((kind): [string, Uint8Array][] =>
      special[kind] ? [[ggufSpecialKeys[kind], uint32(special[kind].id)]] : [],
    ),
    ...(chatTemplate === null ? [] : [['tokenizer.chat_template', string(chatTemplate)] as [string, Uint8Array]]),
  ];
}

/** Everything that the base's own file says, as it says it. */
function carriedMetadata(base: string): [string, Uint8Array][] {
  const gguf = openGguf(base);
  try {
    return [...gguf.metadata.keys()]
      .filter((key) => !notCarried.test(key))
      .map((key) => [key, gguf.rawMetadata(key)] as [string, Uint8Array]);
  } finally {
    gguf.close();
  }
}

/** Llama 3.1's stretched wavelengths, as a divisor for each frequency. */
function divisors(config: ModelConfig): GgufTensorSource[] {
  if (config.ropeScaling.kind !== 'llama3' && config.ropeScaling.kind !== 'divisors') return [];
  const plain = rotaryFrequencies({ ...config, ropeScaling: { kind: 'none' } });
  const scaled = rotaryFrequencies(config);
  const read = () => Float32Array.from(plain, (frequency, i) => frequency / scaled[i]!);
  return [{ name: rotaryDivisors, shape: [plain.length], type: 'F32', read }];
}

/**
 * Writes the file whole or not at all; an existing one is replaced.
 * @param base the .gguf file or folder that the checkpoint was opened from: metadata and tokenizer come from there.
 * @param name what tools show for the model.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT, DISK_FULL, TARGET_UNWRITABLE; RangeError when a number
 * does not fit F16.
 */
export function exportGguf(
  path: string,
  checkpoint: Checkpoint,
  base: string,
  { name, quantisation }: { readonly name: string; readonly quantisation: GgufQuantisation },
): void {
  const { config } = checkpoint;
  const described = statSync(base).isDirectory()
    ? [...shapeMetadata(config), ...tokenizerMetadata(readVocabulary(base), config.vocab, base)]
    : carriedMetadata(base);
  const metadata = new Map<string, Uint8Array>([
    ...described,
    ['general.name', ggufValue.string(name)],
    ['general.file_type', ggufValue.uint32(fileTypes[quantisation])],
    ['general.quantization_version', ggufValue.uint32(2)],
  ]);
  const tensors = weightShapes(config).map(([weight, shape]): GgufTensorSource => {
    const heads = pairedHeads(config, weight);
    return {
      name: ggufName(weight)!,
      shape,
      type: typeOf(shape, quantisation),
      read() {
        const { data } = checkpoint.read(weight);
        return heads === null ? data : permute(data, shape[0]!, heads, 'pairs');
      },
    };
  });
  writeGguf(path, metadata, [...tensors, ...divisors(config)]);
}
