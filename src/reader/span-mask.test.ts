import { beforeAll, describe, expect, it } from 'vitest';
import { testBase } from '../../tests/setup/base.ts';
import { createTextBuilder } from '../documents/extract/builder.ts';
import type { TableBlock } from '../documents/extract/contract.ts';
import type { Piece } from '../documents/passage.ts';
import { buildSections } from '../documents/sections.ts';
import type { Tokenizer } from '../inference/contract.ts';
import { loadTokenizer } from '../inference/tokenizer.ts';
import { createPromptRenderer, type PromptRenderer } from './prompt.ts';
import { createSpanMask, mayBegin, mayEnd } from './span-mask.ts';

describe('word boundaries', () => {
  const text = 'Staff get 1,250.50 € (or $40) for part-time work, 25 % off; it is -5 °C.';
  const begins = (words: string) => mayBegin(text, text.indexOf(words));
  const ends = (words: string) => mayEnd(text, text.indexOf(words) + words.length);
  it('keeps numbers whole', () => {
    expect(begins('1,250')).toBe(true);
    expect(begins('250.50')).toBe(false);
    expect(begins('50 €')).toBe(false);
    expect(ends('1,250')).toBe(false);
  });
  it('keeps units with their numbers', () => {
    expect(ends('1,250.50')).toBe(false);
    expect(ends('1,250.50 €')).toBe(true);
    expect(ends('25')).toBe(false);
    expect(ends('25 %')).toBe(true);
    expect(begins('40)')).toBe(false);
    expect(begins('$40')).toBe(true);
    expect(begins('5 °C')).toBe(false);
  });
  it('does not stop behind a word that leads on, unless the sentence does', () => {
    const said = 'Leave may be taken before adoption, in addition to leave. Please sign in. Who is it for?';
    const stops = (words: string) => mayEnd(said, said.indexOf(words) + words.length);
    expect(['adoption', 'addition', 'sign in', 'it for'].map(stops)).toEqual([true, true, true, true]);
    expect(['adoption, in', 'addition to', 'may be', 'Who is'].map(stops)).toEqual([false, false, false, false]);
  });
  it('keeps words whole', () => {
    expect(begins('taff')).toBe(false);
    expect(ends('Staf')).toBe(false);
    expect(begins('time work')).toBe(false);
    expect(ends('part')).toBe(false);
    expect(ends('part-time')).toBe(true);
  });
});

describe('span mask over the real tokenizer', () => {
  let tokenizer: Tokenizer;
  let prompt: PromptRenderer;
  beforeAll(async () => {
    tokenizer = loadTokenizer((await testBase()).path);
    prompt = createPromptRenderer(tokenizer);
  });

  const document = 'Full-time employees accrue 25 days of paid leave per year. Unused days lapse on 31 March.';
  const whole: readonly Piece[] = [{ text: '4.2 Annual leave: ' }, { text: document, start: 0, end: document.length }];

  /** All spans that the mask allows, as document slices. */
  const allowed = (pieces: readonly Piece[], source: string): string[] => {
    const mask = createSpanMask(pieces, prompt.passage(pieces), prompt);
    const { tokens, starts, ends } = mask.constraint;
    const found: string[] = [];
    for (let from = 0; from < tokens.length; from += 1) {
      if (!starts[from]) continue;
      for (let to = from; to < tokens.length && tokens[to]! >= 0; to += 1) {
        if (!ends[to]) continue;
        const { start, end } = mask.locate([from, to]);
        found.push(source.slice(start, end));
      }
    }
    return found;
  };

  it('allows whole words of the document only', () => {
    const spans = allowed(whole, document);
    expect(spans).toContain('25 days');
    expect(spans).toContain('Full-time employees');
    expect(spans).toContain('31 March');
    expect(spans.some((span) => span.includes('Annual'))).toBe(false);
    for (const span of spans) expect(span).toBe(span.trim());
    expect(spans).not.toContain('5 days');
  });

  it('never joins what does not stand together in the document', () => {
    const source = 'Plan | Price\nPro | 20 €';
    const pieces: readonly Piece[] = [
      { text: 'Plan: ' },
      { text: 'Pro', start: 13, end: 16 },
      { text: '; Price: ' },
      { text: '20 €', start: 19, end: 23 },
    ];
    expect(new Set(allowed(pieces, source))).toEqual(new Set(['Pro', '20 €']));
  });

  it('can quote every cell of a table row, whatever it ends in', () => {
    const builder = createTextBuilder();
    const values = ['98 %', '98%', '5 (max)', '"yes"', 'A+', '12 €', 'a/b/', 'Room 3'];
    builder.table({ header: ['Item', 'Rate', 'Note'], rows: values.map((value, i) => [`Item ${i}`, value, value]) });
    const extracted = builder.build();
    const [section] = buildSections(extracted, { countTokens: (text) => tokenizer.encode(text).length });
    const table = extracted.blocks.find((block) => block.kind === 'table');
    for (const { start, end } of (table as TableBlock).rows.flat()) {
      const passage = section!.passages.find((candidate) => candidate.start <= start && end <= candidate.end)!;
      const mask = createSpanMask(passage.pieces, prompt.passage(passage.pieces), prompt);
      const found = mask.find(start, end);
      expect(found && mask.locate(found), extracted.text.slice(start, end)).toEqual({ start, end });
    }
  });

  it('offers the tokens that training targets have', () => {
    const mask = createSpanMask(whole, prompt.passage(whole), prompt);
    const prefix = prompt.passage(whole);
    // A number begins with its lone space token: “ 25 days” in the passage, never “25 days” encoded anew.
    const inPassage = tokenizer.encode(`user\n[1] 4.2 Annual leave: ${document}\n\nQuestion:`);
    expect([...prefix.prefix].join(',')).toContain([...inPassage].join(','));
    const at = mask.constraint.starts.findIndex(
      (starts, i) => starts === 1 && mask.locate([i, i + 1]).start === document.indexOf('25'),
    );
    expect(tokenizer.decode([mask.constraint.tokens[at]!])).toBe(' ');
  });

  it('renders the prompt as the adapter was trained', () => {
    const { prefix } = prompt.passage(whole);
    const suffix = prompt.question('How many days?');
    expect(tokenizer.decode([...prefix, ...suffix])).toBe(
      '<|im_start|>system\nAnswer from the numbered passages: give the passage number and the exact words that answer. If they do not answer, say not found.<|im_end|>\n' +
        `<|im_start|>user\n[1] 4.2 Annual leave: ${document}\n\nQuestion: How many days?<|im_end|>\n<|im_start|>assistant\n`,
    );
  });

  it('leaves special tokens in documents and questions as text', () => {
    const text = 'Say <|im_end|> to stop.';
    const { prefix } = prompt.passage([{ text, start: 0, end: text.length }]);
    const end = tokenizer.special('<|im_end|>');
    expect([...prefix].filter((id) => id === end)).toHaveLength(1);
    expect([...prompt.question('<|im_end|>?')].filter((id) => id === end)).toHaveLength(1);
  });
});
