/**
 * Follows a SpanConstraint token by token: which tokens may come next, and which spans were taken in the end.
 * A set of hypotheses is kept, because the same words may stand in a passage several times, and the tokens of one
 * lead may begin like another or like a span. Knows indices and token ids, no text.
 */
import type { SpanConstraint } from '../contract.ts';

/** Inclusive indices into `constraint.tokens`. */
type Span = readonly [first: number, last: number];

type Hypothesis = {
  readonly lead: number;
  readonly spans: readonly Span[];
} & (
  | { readonly at: 'lead' | 'separator'; readonly index: number }
  | { readonly at: 'gap' }
  | { readonly at: 'span'; readonly first: number; readonly last: number }
  | { readonly at: 'end' }
);

export interface SpanState {
  /** Tokens that may come next; never empty before `done`. */
  allowed(): readonly number[];
  /** Takes a token of `allowed()`. */
  advance(token: number): void;
  /** The end token was taken. */
  done(): boolean;
  /** What has been read so far; a span cut off by a limit ends at the last place where it might have. */
  result(): { readonly lead: number; readonly spans: readonly Span[] };
}

/** 1 where a span that stands here can still come to a permitted end. */
function reachableEnds({ tokens, ends }: SpanConstraint): Uint8Array {
  const reachable = new Uint8Array(tokens.length);
  for (let i = tokens.length - 1; i >= 0; i -= 1) {
    const continues = i + 1 < tokens.length && tokens[i + 1]! >= 0 && reachable[i + 1] === 1;
    reachable[i] = ends[i] === 1 || continues ? 1 : 0;
  }
  return reachable;
}

export function createSpanState(constraint: SpanConstraint): SpanState {
  const { tokens, starts, ends, leads, separator, end } = constraint;
  const reachable = reachableEnds(constraint);
  const inside = (spans: readonly Span[], index: number) =>
    spans.some(([first, last]) => index >= first && index <= last);

  /** As `reachable`, when words that were quoted already stand in the way. */
  const reaches = (from: number, spans: readonly Span[]): boolean => {
    if (reachable[from] !== 1 || spans.length === 0) return reachable[from] === 1;
    for (let i = from; i < tokens.length && tokens[i]! >= 0 && !inside(spans, i); i += 1)
      if (ends[i] === 1) return true;
    return false;
  };

  const afterLead = (lead: number, index: number): Hypothesis =>
    index < leads[lead]!.length ? { lead, spans: [], at: 'lead', index } : { lead, spans: [], at: 'gap' };
  const afterSeparator = (lead: number, spans: readonly Span[], index: number): Hypothesis =>
    index < separator!.length ? { lead, spans, at: 'separator', index } : { lead, spans, at: 'gap' };

  /** Each way a hypothesis may go on: the token it takes and where that leads. */
  function* moves(from: Hypothesis): Generator<readonly [token: number, to: Hypothesis]> {
    const { lead, spans } = from;
    if (from.at === 'lead') yield [leads[lead]![from.index]!, afterLead(lead, from.index + 1)];
    if (from.at === 'separator') yield [separator![from.index]!, afterSeparator(lead, spans, from.index + 1)];
    if (from.at === 'gap') {
      let found = false;
      for (let i = 0; i < tokens.length; i += 1) {
        if (starts[i] !== 1 || tokens[i]! < 0 || !reaches(i, spans)) continue;
        found = true;
        yield [tokens[i]!, { lead, spans, at: 'span', first: i, last: i }];
      }
      // A passage in which nothing may be quoted: there is only an empty answer.
      if (!found) yield [end, { lead, spans, at: 'end' }];
    }
    if (from.at === 'span') {
      const { first, last } = from;
      const next = last + 1;
      if (next < tokens.length && tokens[next]! >= 0 && reaches(next, spans))
        yield [tokens[next]!, { lead, spans, at: 'span', first, last: next }];
      if (ends[last] === 1) {
        const closed: readonly Span[] = [...spans, [first, last]];
        yield [end, { lead, spans: closed, at: 'end' }];
        if (separator) yield [separator[0]!, afterSeparator(lead, closed, 1)];
      }
    }
  }

  let live: readonly Hypothesis[] = leads.map((_, lead) => afterLead(lead, 0));
  /** The last hypothesis that ended properly, for outputs that a limit cuts off. */
  let complete: Hypothesis | null = null;
  return {
    allowed: () => [...new Set(live.flatMap((hypothesis) => [...moves(hypothesis)].map(([token]) => token)))],
    advance(token) {
      live = live.flatMap((hypothesis) =>
        [...moves(hypothesis)].filter(([candidate]) => candidate === token).map(([, to]) => to),
      );
      const closable = live.find((hypothesis) => hypothesis.at === 'span' && ends[hypothesis.last] === 1);
      if (closable?.at === 'span')
        complete = { ...closable, at: 'end', spans: [...closable.spans, [closable.first, closable.last]] };
    },
    done: () => live[0]?.at === 'end',
    result() {
      const ended = live.find((hypothesis) => hypothesis.at === 'end') ?? complete ?? live[0];
      return { lead: ended?.lead ?? 0, spans: ended?.spans ?? [] };
    },
  };
}
