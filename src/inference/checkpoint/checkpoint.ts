/**
 * A base model's weights under Hugging Face's names, as floats, whatever file they lie in.
 * Knows the names and layouts of both worlds, not what is computed with them.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';
import { type GgufFile, openGguf } from './gguf.ts';
import { configFromGguf, configFromJson, type ModelConfig } from './model-config.ts';
import { openSafetensorsFolder, type Tensor } from './safetensors.ts';

export interface Checkpoint {
  readonly config: ModelConfig;
  has(name: string): boolean;
  /** For instance `model.layers.0.self_attn.q_proj.weight`: rows are outputs. */
  read(name: string): Tensor;
  close(): void;
}

/** GGUF's names of what stands outside of the layers, and of the parts of a layer. */
const outerNames: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};
const layerNames: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** `model.layers.3.mlp.up_proj.weight` → `blk.3.ffn_up.weight`; null for names that GGUF has no place for. */
export function ggufName(name: string): string | null {
  const [, module, kind] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  if (!module) return null;
  const [, layer, part] = /^model\.layers\.(\d+)\.(.*)$/.exec(module) ?? [];
  const mapped = part === undefined ? outerNames[module] : layerNames[part];
  if (!mapped) return null;
  return layer === undefined ? `${mapped}.${kind}` : `blk.${layer}.${mapped}.${kind}`;
}

/**
 * GGUF files of architecture `llama` hold each head's rows of Q and K as pairs (0, D/2, 1, D/2 + 1, …) for interleaved
 * rotary embedding (`permute` in llama.cpp's convert_hf_to_gguf.py). This makes pairs of halves, or halves of pairs.
 * @param rows of all heads together; for a bias a row is one number.
 */
export function permute(data: Float32Array, rows: number, heads: number, to: 'pairs' | 'halves'): Float32Array {
  const columns = data.length / rows;
  const headDim = rows / heads;
  const out = new Float32Array(data.length);
  for (let half = 0; half < rows; half += 1) {
    const inHead = half % headDim;
    const pair = half - inHead + (inHead % (headDim / 2)) * 2 + (inHead < headDim / 2 ? 0 : 1);
    const [from, into] = to === 'halves' ? [pair, half] : [half, pair];
    out.set(data.subarray(from * columns, (from + 1) * columns), into * columns);
  }
  return out;
}

/** How many heads the rows of a weight belong to, where GGUF keeps them as pairs; null where it does not. */
export function pairedHeads(config: ModelConfig, name: string): number | null {
  if (config.family !== 'llama') return null;
  if (name.includes('.self_attn.q_proj.')) return config.heads;
  return name.includes('.self_attn.k_proj.') ? config.kvHeads : null;
}

function openGgufCheckpoint(path: string): Checkpoint {
  const gguf: GgufFile = openGguf(path);
  const config = configFromGguf(gguf, path);
  return {
    config,
    has: (name) => gguf.tensors.has(ggufName(name) ?? ''),
    read(name) {
      const stored = ggufName(name) ?? name;
      const data = gguf.read(stored);
      const shape = gguf.tensors.get(stored)!.shape;
      const heads = pairedHeads(config, name);
      return { shape, data: heads === null ? data : permute(data, shape[0]!, heads, 'halves') };
    },
    close: () => gguf.close(),
  };
}

function openFolderCheckpoint(folder: string): Checkpoint {
  const configPath = join(folder, 'config.json');
  if (!existsSync(configPath))
    throw new DocentError('MODEL_UNSUPPORTED', { file: folder, reason: 'it has no config.json' });
  try {
    const config = configFromJson(JSON.parse(readFileSync(configPath, 'utf8')), configPath);
    const tensors = openSafetensorsFolder(folder);
    const names = new Set(tensors.names);
    return { config, has: (name) => names.has(name), read: (name) => tensors.read(name), close: () => tensors.close() };
  } catch (error) {
    if (isDocentError(error)) throw error;
    throw new DocentError('MODEL_CORRUPT', { file: folder, reason: reasonOf(error) }, { cause: error });
  }
}

/**
 * @param path a .gguf file, or a folder with config.json and safetensors.
 * @throws DocentError MODEL_UNSUPPORTED, MODEL_CORRUPT.
 */
export function openCheckpoint(path: string): Checkpoint {
  return statSync(path).isDirectory() ? openFolderCheckpoint(path) : openGgufCheckpoint(path);
}
