import { describe, expect, test } from 'vitest';
import type { SpanConstraint } from '../contract.ts';
import { createSpanState } from './span-state.ts';

const end = 99;
const constraint = (tokens: number[], more: Partial<SpanConstraint> = {}): SpanConstraint => ({
  tokens: Int32Array.from(tokens),
  starts: new Uint8Array(tokens.length).fill(1),
  ends: new Uint8Array(tokens.length).fill(1),
  leads: [[90, 91]],
  end,
  ...more,
});
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const follow = (state: ReturnType<typeof createSpanState>, tokens: readonly number[]) => {
  for (const token of tokens) {
    expect(state.allowed()).toContain(token);
    state.advance(token);
  }
};

describe('span state', () => {
  test('a lead, then tokens that follow each other in the passage, then the end', () => {
    const state = createSpanState(constraint([5, 6, 7, 5, 8]));
    expect(state.allowed()).toEqual([90]);
    follow(state, [90, 91]);
    expect(sorted(state.allowed())).toEqual([5, 6, 7, 8]);
    state.advance(5);
    // 5 stands twice: both continuations live on.
    expect(sorted(state.allowed())).toEqual([6, 8, end]);
    follow(state, [8, end]);
    expect(state.done()).toBe(true);
    expect(state.result()).toEqual({ lead: 0, spans: [[3, 4]] });
  });

  test('of equal words the first place is named', () => {
    const state = createSpanState(constraint([5, 6, 5, 6]));
    follow(state, [90, 91, 5, 6, end]);
    expect(state.result().spans).toEqual([[0, 1]]);
  });

  test('spans begin and end only where they may, and barriers are never crossed', () => {
    const state = createSpanState(
      constraint([5, 6, -1, 7, 8], { starts: Uint8Array.of(1, 0, 0, 1, 0), ends: Uint8Array.of(0, 1, 0, 0, 0) }),
    );
    follow(state, [90, 91]);
    // 7 could never come to an end, so it is not offered.
    expect(state.allowed()).toEqual([5]);
    state.advance(5);
    expect(state.allowed()).toEqual([6]);
    state.advance(6);
    expect(state.allowed()).toEqual([end]);
  });

  test('a further span that could only end inside an earlier one is not offered', () => {
    const state = createSpanState(
      constraint([5, 6, 7, 8], {
        starts: Uint8Array.of(1, 0, 1, 1),
        ends: Uint8Array.of(0, 0, 1, 1),
        separator: [80],
      }),
    );
    follow(state, [90, 91, 7, 80]);
    // 5 6 would have to go on with 7, which was quoted.
    expect(state.allowed()).toEqual([8]);
    follow(state, [8, end]);
    expect(state.result().spans).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });

  test('a lead may begin like another one', () => {
    const state = createSpanState(constraint([5], { leads: [[90], [90, 92], [90, 93]] }));
    state.advance(90);
    expect(sorted(state.allowed())).toEqual([5, 92, 93]);
    follow(state, [93, 5, end]);
    expect(state.result()).toEqual({ lead: 2, spans: [[0, 0]] });
  });

  test('several spans, none of them twice', () => {
    const state = createSpanState(constraint([5, 6, 7], { separator: [80, 81] }));
    follow(state, [90, 91, 5, 80, 81]);
    expect(sorted(state.allowed())).toEqual([6, 7]);
    follow(state, [7, end]);
    expect(state.result().spans).toEqual([
      [0, 0],
      [2, 2],
    ]);
  });

  test('an output that is cut off ends at the last place where it might have', () => {
    const state = createSpanState(constraint([5, 6, 7], { ends: Uint8Array.of(1, 0, 1) }));
    follow(state, [90, 91, 5, 6]);
    expect(state.done()).toBe(false);
    expect(state.result().spans).toEqual([[0, 0]]);
  });

  test('where nothing may be quoted the answer is empty', () => {
    const state = createSpanState(constraint([-1, -1]));
    follow(state, [90, 91, end]);
    expect(state.result().spans).toEqual([]);
  });
});
