/**
 * Writes LoRA adapters in PEFT's format, so that PEFT, vLLM and adapter.ts read the same folder.
 * Knows that format, not who trained the adapter or what for.
 */
import { join } from 'node:path';
import type { LoraPair } from './adapter.ts';
import { writeFolderWhole, writeText } from './durable.ts';
import { sources, writeSafetensors } from './safetensors-writer.ts';

export interface TrainedAdapter {
  readonly rank: number;
  readonly alpha: number;
  /** By layer and name, for instance `3.mlp.up_proj`; A is [rank, inputs], B is [outputs, rank]. */
  readonly pairs: ReadonlyMap<string, LoraPair>;
  /** The base that it was trained for: the file's sha256 where it is known. */
  readonly base: { readonly name: string; readonly sha256: string | null };
  readonly promptVersion: string;
}

/** Layer numbers and module names of the keys, in order. */
function places(keys: Iterable<string>): { readonly layers: readonly number[]; readonly modules: readonly string[] } {
  const layers = new Set<number>();
  const modules = new Set<string>();
  for (const key of keys) {
    const [, layer, module] = /^(\d+)\..*?(\w+)$/.exec(key)!;
    layers.add(Number(layer));
    modules.add(module!);
  }
  return { layers: [...layers].sort((a, b) => a - b), modules: [...modules].sort() };
}

function peftConfig({ rank, alpha, pairs, base, promptVersion }: TrainedAdapter): Readonly<Record<string, unknown>> {
  const { layers, modules } = places(pairs.keys());
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    target_modules: modules,
    // Without it PEFT would put empty matrices into the layers below, and say that weights are missing.
    ...(layers.every((layer, i) => layer === i) ? {} : { layers_to_transform: layers, layers_pattern: 'layers' }),
    fan_in_fan_out: false,
    use_rslora: false,
    use_dora: false,
    inference_mode: true,
    base_model_name_or_path: base.name,
    // PEFT and vLLM pass over what they do not know; Docent refuses an adapter of another base or prompt by it.
    docent: { base_sha256: base.sha256, prompt_version: promptVersion },
  };
}

/**
 * Writes `adapter_config.json`, `adapter_model.safetensors` and, when a manifest is given, `manifest.json` with the
 * base's checksum and the prompt version added. The folder appears under its name only when it is whole and synced; an
 * older one of that name is replaced.
 *
 * ```ts
 * writeAdapter(folder, { rank: 16, alpha: 32, pairs, base, promptVersion }, { manifest: { id: 'reader-7', parent } });
 * ```
 * @throws DocentError DISK_FULL, TARGET_UNWRITABLE; RangeError when a number does not fit F16. An older adapter stays then.
 */
export function writeAdapter(
  folder: string,
  adapter: TrainedAdapter,
  options: { readonly manifest?: Readonly<Record<string, unknown>>; readonly type?: 'F32' | 'F16' } = {},
): void {
  const { manifest, type = 'F32' } = options;
  const tensors = [...adapter.pairs].flatMap(([key, { a, b }]) => {
    const name = `base_model.model.model.layers.${key}`;
    return [[`${name}.lora_A.weight`, a] as const, [`${name}.lora_B.weight`, b] as const];
  });
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  writeFolderWhole(folder, (scratch) => {
    writeSafetensors(join(scratch, 'adapter_model.safetensors'), sources(tensors), { type });
    writeText(join(scratch, 'adapter_config.json'), json(peftConfig(adapter)));
    if (!manifest) return;
    const { base, promptVersion } = adapter;
    writeText(join(scratch, 'manifest.json'), json({ ...manifest, baseSha256: base.sha256, promptVersion }));
  });
}
