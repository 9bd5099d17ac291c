/** Which weights a decoder has. Knows names and shapes, not where the numbers come from. */
import { linearShapes } from './adapter.ts';
import type { ModelConfig } from './model-config.ts';

/** Names and shapes of all weights of a decoder, in a fixed order. */
export function weightShapes(config: ModelConfig): readonly (readonly [name: string, shape: readonly number[]])[] {
  const shapes: (readonly [string, readonly number[]])[] = [
    ['model.embed_tokens.weight', [config.vocab, config.hidden]],
  ];
  for (let layer = 0; layer < config.layers; layer += 1) {
    const prefix = `model.layers.${layer}`;
    shapes.push([`${prefix}.input_layernorm.weight`, [config.hidden]]);
    shapes.push([`${prefix}.post_attention_layernorm.weight`, [config.hidden]]);
    for (const [module, shape] of Object.entries(linearShapes(config))) {
      shapes.push([`${prefix}.${module}.weight`, shape]);
      if (config.qkvBias && /[qkv]_proj$/.test(module)) shapes.push([`${prefix}.${module}.bias`, [shape[0]]]);
    }
    if (config.qkNorm)
      for (const part of ['q', 'k']) shapes.push([`${prefix}.self_attn.${part}_norm.weight`, [config.headDim]]);
  }
  shapes.push(['model.norm.weight', [config.hidden]]);
  if (!config.tied) shapes.push(['lm_head.weight', [config.vocab, config.hidden]]);
  return shapes;
}
