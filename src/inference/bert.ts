/** A BERT sentence encoder on this process's CPU. Blocks while it computes, so it runs in a child (embed-worker.ts). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { openSafetensors } from './checkpoint/safetensors.ts';
import { withSentenceAdapter } from './checkpoint/sentence-adapter.ts';
import { type BertConfig, buildBert } from './graph/bert.ts';

export interface SentenceEncoder {
  readonly dimensions: number;
  /** A vector of unit length. */
  encode(text: string): Promise<Float32Array>;
}

/** What the model was trained with; longer texts are cut. */
const mostPieces = 256;

export interface EncoderOptions {
  /** A checkpoint folder: config.json, tokenizer.json and model.safetensors. */
  readonly folder: string;
  /** A LoRA adapter of it; null = as it was published. */
  readonly adapter: string | null;
  /** 0 = one for each core. */
  readonly threads: number;
  readonly weights?: 'f32' | 'int8';
}

/** @throws Error when a file is missing or damaged, or the adapter is made for another encoder. */
export async function openSentenceEncoder({
  folder,
  adapter,
  threads,
  weights = 'int8',
}: EncoderOptions): Promise<SentenceEncoder> {
  const readJson = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const config = readJson('config.json') as BertConfig;
  const tokenizer = new Tokenizer(readJson('tokenizer.json'), { clean_up_tokenization_spaces: false });
  const tensors = openSafetensors(join(folder, 'model.safetensors'));
  const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');
  const model = buildBert(config, adapter === null ? tensors : withSentenceAdapter(tensors, adapter), weights);
  tensors.close();
  const session = await ort.InferenceSession.create(model, {
    ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Threads that spin between two texts would take the processor from the model that answers.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  return {
    dimensions: config.hidden_size,
    async encode(text) {
      const { ids } = tokenizer.encode(text);
      // The closing [SEP] stays when the middle is cut.
      const kept = ids.length > mostPieces ? [...ids.slice(0, mostPieces - 1), ids[ids.length - 1]!] : ids;
      const integers = (values: readonly number[]) =>
        new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
      const { embedding } = await session.run({ input_ids: integers(kept), position_ids: integers([...kept.keys()]) });
      return embedding!.data as Float32Array;
    },
  };
}
