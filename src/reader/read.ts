/**
 * Reading: each passage alone, as a row of one batch; every row says how sure it is that its passage answers and gives
 * its best words. Knows passages and a model, not documents, channels or people.
 */
import type { Piece } from '../documents/passage.ts';
import type { Engine } from '../inference/contract.ts';
import { type Calibration, leastEvidence, sigmoid } from './calibration.ts';
import type { PromptRenderer } from './prompt.ts';
import type { RenderedPassage } from './prompt-frame.ts';
import { createSpanMask, type SpanMask } from './span-mask.ts';

/** Long enough for a sentence; longer words are cut by the mask at a word boundary. */
const maxAnswerTokens = 64;

export interface Reading {
  /** Index into the passages that were given. */
  readonly passage: number;
  /** P(answer begins) against P("not found") at the first token, before any calibration. */
  readonly pFound: number;
  /** Mean natural log-probability of the answer's tokens. */
  readonly meanLogprob: number;
  /** Document offsets of the words, at least one stretch; empty when no span was completed. */
  readonly spans: readonly { readonly start: number; readonly end: number }[];
  /** Which form the adapter gave: plain words, or words that show yes or no. */
  readonly form: 'span' | 'yes' | 'no';
  readonly cachedTokens: number;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Words are read only from the passage that is surest to answer, and from none where no one is sure enough. */
  readonly surest?: {
    readonly calibration: Calibration;
    /** The search's, of each passage. */
    readonly scores: readonly number[];
  };
}

export interface Reader {
  /** One reading per passage, in their order. @throws DocentError of the engine. */
  read(question: string, passages: readonly (readonly Piece[])[], options?: ReadOptions): Promise<readonly Reading[]>;
}

/** Rendered passages are kept: the same few are read again and again. */
const renderedLimit = 512;

export function createReader(deps: {
  readonly engine: Pick<Engine, 'generate'>;
  readonly prompt: PromptRenderer;
  /** Which answers the adapter in service was trained to give; it may be swapped between two questions. */
  readonly forms?: () => { readonly yesNo: boolean; readonly several: boolean };
  /** Folder of another adapter than the engine has in service. */
  readonly adapter?: () => string | undefined;
}): Reader {
  const { engine, prompt } = deps;
  const watch = [prompt.lead[0]!, prompt.notFound[0]!];
  const rendered = new Map<string, { readonly passage: RenderedPassage; readonly mask: SpanMask }>();
  const render = (pieces: readonly Piece[]) => {
    const forms = deps.forms?.();
    const key = JSON.stringify([forms, pieces]);
    let entry = rendered.get(key);
    if (!entry) {
      const passage = prompt.passage(pieces);
      entry = { passage, mask: createSpanMask(pieces, passage, prompt, forms) };
    }
    rendered.delete(key);
    rendered.set(key, entry);
    if (rendered.size > renderedLimit) rendered.delete(rendered.keys().next().value!);
    return entry;
  };
  return {
    async read(question, passages, options = {}) {
      const entries = passages.map(render);
      const suffix = prompt.question(question);
      const adapter = deps.adapter?.();
      const { surest, ...rest } = options;
      const top = Math.max(...(surest?.scores ?? []));
      const contest = surest && {
        // What may not be quoted has no words to win with.
        priors: entries.map(({ mask }, i) =>
          mask.constraint.starts.includes(1)
            ? (surest.calibration.retrieval ?? 0) * (surest.scores[i]! - top)
            : Number.NEGATIVE_INFINITY,
        ),
        least: leastEvidence(surest.calibration),
      };
      const results = await engine.generate(
        {
          rows: entries.map(({ passage, mask }) => ({
            prefix: passage.prefix,
            suffix,
            watch,
            constraint: mask.constraint,
          })),
          maxTokens: maxAnswerTokens,
          stop: [prompt.end],
          ...(adapter === undefined ? {} : { adapter }),
          ...(contest ? { contest } : {}),
        },
        rest,
      );
      return results.map((result, index) => {
        const [found, notFound] = [result.watched[0]!, result.watched[1]!];
        const sum = result.logprobs.reduce((total, value) => total + value, 0);
        return {
          passage: index,
          pFound: sigmoid(found - notFound),
          meanLogprob: result.logprobs.length ? sum / result.logprobs.length : Number.NEGATIVE_INFINITY,
          spans: (result.spans ?? []).map((span) => entries[index]!.mask.locate(span)),
          form: result.lead === 1 ? 'yes' : result.lead === 2 ? 'no' : 'span',
          cachedTokens: result.cached,
        };
      });
    },
  };
}
