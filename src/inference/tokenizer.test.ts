import { beforeAll, describe, expect, test } from 'vitest';
import goldens from '../../tests/goldens/tokenizer.json' with { type: 'json' };
import { testBase } from '../../tests/setup/base.ts';
import type { Tokenizer } from './contract.ts';
import { createTokenizer, loadTokenizer } from './tokenizer.ts';

describe('tokenizer of the base', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = loadTokenizer((await testBase()).path);
  });

  test.each(goldens)('ids and offsets equal those of Hugging Face for $text', ({ text, ids, offsets }) => {
    const encoded = tokenizer.encodeWithOffsets(text);
    expect([...encoded.ids]).toEqual(ids);
    expect([...encoded.starts].map((start, i) => [start, encoded.ends[i]])).toEqual(offsets);
    expect([...tokenizer.encode(text)]).toEqual(ids);
  });

  test('special tokens exist only through special()', () => {
    const end = tokenizer.special('<|im_end|>');
    expect([...tokenizer.encode('<|im_end|>')]).not.toContain(end);
    expect(tokenizer.decode([end])).toBe('<|im_end|>');
    expect(() => tokenizer.special('<|nothing|>')).toThrow('<|nothing|>');
  });

  test('decoding gives the text back', () => {
    for (const { text } of goldens) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });
});

test('letters that NFC joins keep the place of all their parts', () => {
  const letters = Object.fromEntries(
    [...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)), 'Ġ', 'Ã', '©'].map((c, i) => [c, i]),
  );
  const tokenizer = createTokenizer({
    model: { type: 'BPE', vocab: letters, merges: [], unk_token: null },
    added_tokens: [],
    normalizer: { type: 'NFC' },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
  });
  const { starts, ends } = tokenizer.encodeWithOffsets('ae\u0301b');
  expect([...starts].map((start, i) => [start, ends[i]])).toEqual([
    [0, 1],
    [1, 3],
    [1, 3],
    [3, 4],
  ]);
});
