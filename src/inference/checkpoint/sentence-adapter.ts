/**
 * A LoRA adapter of a sentence encoder, in PEFT's format, folded into the encoder's weights while they are read. Knows
 * tensors by name, not what the encoder computes with them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoraPair, mergeLora } from './adapter.ts';
import { openSafetensors, type Safetensors } from './safetensors.ts';

/**
 * @param folder with adapter_config.json and adapter_model.safetensors; its pairs are `base_model.model.<module>.lora_A|B.weight`.
 * @throws Error when a file is missing, damaged, or made for another encoder.
 */
export function withSentenceAdapter(
  tensors: Pick<Safetensors, 'read' | 'shape'>,
  folder: string,
): Pick<Safetensors, 'read'> {
  const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
  const [rank, alpha] = [Number(config.r), Number(config.lora_alpha)];
  if (config.peft_type !== 'LORA' || !(rank > 0) || !(alpha > 0)) throw new Error(`${folder}: not a LoRA adapter`);
  const adapter = openSafetensors(join(folder, 'adapter_model.safetensors'));
  const changed = new Set(
    adapter.names.flatMap((name) => /^base_model\.model\.(.+)\.lora_A\.weight$/.exec(name)?.[1] ?? []),
  );
  const pairs = new Map<string, LoraPair>(
    [...changed].map((module) => {
      const half = (letter: 'A' | 'B') => adapter.read(`base_model.model.${module}.lora_${letter}.weight`);
      const [a, b] = [half('A'), half('B')];
      const [outputs, inputs] = tensors.shape(`${module}.weight`);
      if (a.shape[0] !== rank || a.shape[1] !== inputs || b.shape[0] !== outputs || b.shape[1] !== rank)
        throw new Error(`${folder}: ${module} is made for another encoder`);
      return [`${module}.weight`, { a, b }] as const;
    }),
  );
  adapter.close();
  return {
    read(name) {
      const tensor = tensors.read(name);
      const pair = pairs.get(name);
      if (pair) mergeLora(tensor.data, pair, alpha / rank);
      return tensor;
    },
  };
}
