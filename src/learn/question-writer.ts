/**
 * Writes the question that given words of a passage answer, with the writer adapter. Knows passages and a model, not
 * which words are worth a question, or whether the question is any good.
 */
import type { Piece } from '../documents/passage.ts';
import type { Engine, Tokenizer } from '../inference/contract.ts';
import { createPromptRenderer } from '../reader/prompt.ts';
import { createSpanMask, quotedTokens } from '../reader/span-mask.ts';
import { createWriterPromptRenderer, type WriterKind } from '../reader/writer-prompt.ts';

export interface Asked {
  readonly kind: WriterKind;
  /** [start, end) in the document; several for a list, the quote that shows it for yes and no. */
  readonly spans: readonly (readonly [number, number])[];
}

export interface WrittenQuestion {
  readonly question: string;
  /** Mean natural log-probability of its tokens. */
  readonly meanLogprob: number;
}

export interface QuestionWriter {
  /**
   * One question for each of `answers`, in their order, behind one prefill of the passage; null where the words can't be
   * quoted from it, or nothing came that ends like a question.
   * @throws DocentError of the engine.
   */
  write(
    pieces: readonly Piece[],
    answers: readonly Asked[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly (WrittenQuestion | null)[]>;
}

/** Questions are shorter; what runs on is no question. */
const maxQuestionTokens = 48;

/** @param adapter folder of the writer adapter, loaded beside the one in service. */
export function createQuestionWriter(deps: {
  readonly engine: Pick<Engine, 'generate'>;
  readonly tokenizer: Tokenizer;
  readonly adapter: string;
}): QuestionWriter {
  const { engine, tokenizer, adapter } = deps;
  const reader = createPromptRenderer(tokenizer);
  const writer = createWriterPromptRenderer(tokenizer);
  return {
    async write(pieces, answers, options = {}) {
      const rendered = writer.passage(pieces);
      const mask = createSpanMask(pieces, rendered, reader);
      const suffixes = answers.map(({ kind, spans }) => {
        const copies = quotedTokens(mask, spans);
        return copies && writer.answer(kind, copies);
      });
      const asked = suffixes.flatMap((suffix, i) => (suffix ? [{ suffix, i }] : []));
      const written: (WrittenQuestion | null)[] = answers.map(() => null);
      if (asked.length === 0) return written;
      const results = await engine.generate(
        {
          rows: asked.map(({ suffix }) => ({ prefix: rendered.prefix, suffix })),
          maxTokens: maxQuestionTokens,
          stop: [writer.end],
          adapter,
        },
        options,
      );
      results.forEach(({ tokens, logprobs, finish }, row) => {
        const question = tokenizer.decode(tokens).trim();
        if (finish !== 'stop' || question === '') return;
        const meanLogprob = logprobs.reduce((sum, x) => sum + x, 0) / logprobs.length;
        written[asked[row]!.i] = { question, meanLogprob };
      });
      return written;
    },
  };
}
