/** From single scored questions to the figures that `docent eval` prints. */
import type { Scored } from './squad.ts';

export interface ScoredQuestion extends Scored {
  readonly id: string;
  readonly impossible: boolean;
  readonly refused: boolean;
  readonly kind: string | null;
  /** Whether the cited document is the one the line names; null when it names none or nothing was cited. */
  readonly sourceRight: boolean | null;
  /** Rank (from 1) of the first passage that holds the evidence; null when the line has none, Infinity when missed. */
  readonly evidenceRank: number | null;
  readonly seconds: number;
}

export interface EvalReport {
  readonly n: number;
  /** Over all questions, SQuAD 2.0 rules. */
  readonly f1: number;
  readonly em: number;
  /** Mean F1 of the questions that have an answer and got one. */
  readonly answered_f1: number;
  /** Mean F1 of the questions that have an answer; a refusal counts 0. */
  readonly answerable_f1: number;
  /** Of the refused questions, those that rightly were. */
  readonly abstain_precision: number;
  /** Of the unanswerable questions, those that were refused. */
  readonly abstain_recall: number;
  readonly source_accuracy?: number;
  readonly hit_at_1?: number;
  readonly hit_at_2?: number;
  readonly hit_at_4?: number;
  readonly hit_at_8?: number;
  readonly by_kind?: Readonly<Record<string, { readonly n: number; readonly f1: number }>>;
  readonly seconds_p50: number;
  readonly seconds_p95: number;
  readonly failed: number;
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const share = (values: readonly boolean[]): number => mean(values.map(Number));

const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
};

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

export function summarise(questions: readonly ScoredQuestion[], failed = 0): EvalReport {
  const answerable = questions.filter((question) => !question.impossible);
  const refused = questions.filter((question) => question.refused);
  const impossible = questions.filter((question) => question.impossible);
  const sourced = questions.flatMap((question) => question.sourceRight ?? []);
  const ranked = questions.flatMap((question) => question.evidenceRank ?? []);
  const hit = (k: number) => rounded(share(ranked.map((rank) => rank <= k)));
  const kinds = [...new Set(questions.flatMap((question) => question.kind ?? []))].sort();
  const ofKind = (kind: string) => questions.filter((question) => question.kind === kind);
  return {
    n: questions.length,
    f1: rounded(mean(questions.map((question) => question.f1))),
    em: rounded(mean(questions.map((question) => question.em))),
    answered_f1: rounded(mean(answerable.filter((question) => !question.refused).map((question) => question.f1))),
    answerable_f1: rounded(mean(answerable.map((question) => question.f1))),
    abstain_precision: rounded(share(refused.map((question) => question.impossible))),
    abstain_recall: rounded(share(impossible.map((question) => question.refused))),
    ...(sourced.length > 0 ? { source_accuracy: rounded(share(sourced)) } : {}),
    ...(ranked.length > 0 ? { hit_at_1: hit(1), hit_at_2: hit(2), hit_at_4: hit(4), hit_at_8: hit(8) } : {}),
    ...(kinds.length > 0
      ? {
          by_kind: Object.fromEntries(
            kinds.map((kind) => [kind, { n: ofKind(kind).length, f1: rounded(mean(ofKind(kind).map((q) => q.f1))) }]),
          ),
        }
      : {}),
    seconds_p50: rounded(
      quantile(
        questions.map((question) => question.seconds),
        0.5,
      ),
    ),
    seconds_p95: rounded(
      quantile(
        questions.map((question) => question.seconds),
        0.95,
      ),
    ),
    failed,
  };
}
