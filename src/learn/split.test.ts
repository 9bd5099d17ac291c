import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../random.ts';
import { type Side, splitSections } from './split.ts';

const next = randomNumbers(77);
const text = (length = 60) => Array.from({ length }, () => `w${Math.floor(next() * 5_000)}`).join(' ');
let made = 0;
const many = (count: number) => Array.from({ length: count }, () => ({ id: `s${made++}`, text: text() }));

describe('the split of sections', () => {
  it('gives every section a side, in about the shares wanted', () => {
    const sides = [...splitSections(many(2_000)).values()];
    const share = (side: Side) => sides.filter((other) => other === side).length / sides.length;
    expect(share('train')).toBeCloseTo(0.65, 1);
    expect(share('dev')).toBeCloseTo(0.1, 1);
    expect(share('gate')).toBeCloseTo(0.25, 1);
  });

  it('does not depend on ids, order, case, or what else is there', () => {
    const sections = many(50);
    const before = splitSections(sections);
    const renamed = [...sections, ...many(20)]
      .reverse()
      .map(({ id, text }) => ({ id: `new-${id}-${text.length}`, text: text.toUpperCase() }));
    const after = splitSections(renamed);
    for (const { id, text } of sections) expect(after.get(`new-${id}-${text.length}`)).toBeDefined();
    const byText = new Map(renamed.map(({ id, text }) => [text.toLowerCase(), after.get(id)]));
    for (const { id, text } of sections) expect(byText.get(text)).toBe(before.get(id));
  });

  it('keeps edited copies and excerpts with their original', () => {
    for (const original of many(40)) {
      const words = original.text.split(' ');
      const edited = { id: 'edited', text: [...words.slice(0, 50), 'now', 'thirty', ...words.slice(52)].join(' ') };
      const excerpt = { id: 'excerpt', text: words.slice(10, 35).join(' ') };
      const sides = splitSections([original, edited, excerpt, ...many(5)]);
      expect(sides.get('edited')).toBe(sides.get(original.id));
      expect(sides.get('excerpt')).toBe(sides.get(original.id));
    }
  });

  it('leaves a section where it was, with what is like it', () => {
    const [section] = many(1);
    for (const side of ['train', 'dev', 'gate'] as const) {
      const sides = splitSections([section!, { id: 'copy', text: section!.text }], new Map([[section!.id, side]]));
      expect([...sides.values()]).toEqual([side, side]);
    }
  });

  it('never lets text judge that was learned: joined sides become one that is learned from', () => {
    const [a, b] = many(2);
    const known = new Map<string, Side>([
      [a!.id, 'gate'],
      [b!.id, 'dev'],
    ]);
    const bridge = { id: 'bridge', text: `${a!.text} ${b!.text}` };
    expect([...splitSections([a!, b!, bridge], known).values()]).toEqual(['train', 'train', 'train']);
  });

  it('keeps a thousand variants of one form together', () => {
    const form = text();
    const filled = Array.from({ length: 1_000 }, (_, i) => ({ id: `f${i}`, text: `Number ${i} ${form}` }));
    expect(new Set(splitSections(filled).values()).size).toBe(1);
  });

  it('takes ten thousand copies, a shared footer, and sections without words', () => {
    const footer = 'this document is confidential and belongs to the company';
    const copies = Array.from({ length: 10_000 }, (_, i) => ({
      id: `c${i}`,
      text: 'the same words ten thousand times over',
    }));
    expect(new Set(splitSections(copies).values()).size).toBe(1);
    const signed = many(300).map(({ id, text }) => ({ id, text: `${text} ${footer}` }));
    expect(new Set(splitSections(signed).values()).size).toBe(3);
    expect(splitSections([{ id: 'empty', text: '—' }]).size).toBe(1);
    expect(splitSections([]).size).toBe(0);
  });
});
