/**
 * Whether a candidate may replace the champion: paired scores of the same questions, resampled by section. Knows numbers
 * only, not who asked, read or trained.
 *
 * Questions of one section succeed or fail together, so sections are what is drawn (cluster bootstrap: Field & Welsh
 * 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x); a question as the unit would make the intervals too narrow.
 */
import { randomNumbers } from '../random.ts';

/** One question as both answered it, each score in [0, 1], more is better. */
export interface PairedScore {
  /** Cluster it is drawn with: its section, or itself where questions are independent. */
  readonly section: string;
  readonly champion: number;
  readonly candidate: number;
}

export interface Requirement {
  /** How much worse the candidate may be, as a share (0.02 = two points); 0 asks for a gain. */
  readonly margin: number;
  /** How probable it must be that it is not worse than that, in (0, 1). */
  readonly certainty: number;
}

/** A gain over zero by itself; everything else may not get lost on the way. */
export const requirements = {
  /** Questions about sections of this workspace that the candidate has not learned from. */
  workspace: { margin: 0, certainty: 0.95 },
  /** General reading, 800 questions: an unchanged reader passes, their standard error being near one point. */
  general: { margin: 0.02, certainty: 0.95 },
  /**
   * Refusals of what the documents don't answer. Where one in ten of 200 questions changes sides, the standard error is
   * 2.2 points: at .95 an unchanged reader would fail.
   */
  abstention: { margin: 0.03, certainty: 0.8 },
} as const satisfies Record<string, Requirement>;

export type Suite = keyof typeof requirements;

/** Fewer questions of the workspace show nothing but luck. */
export const leastQuestions = 100;
const resamples = 2_000;

export interface SuiteResult {
  readonly suite: Suite;
  readonly n: number;
  readonly sections: number;
  /** Mean of candidate − champion, and its 95 % interval, as shares. */
  readonly gain: number;
  readonly low: number;
  readonly high: number;
  /** How probable it is that the gain is above −margin. */
  readonly certainty: number;
  readonly passed: boolean;
}

export interface GateDecision {
  readonly decision: 'promoted' | 'kept';
  /** One sentence for the channel and the report. */
  readonly reason: string;
  readonly suites: readonly SuiteResult[];
}

interface Cluster {
  readonly n: number;
  readonly sum: number;
}

function clustersOf(scores: readonly PairedScore[]): readonly Cluster[] {
  const clusters = new Map<string, { n: number; sum: number }>();
  for (const { section, champion, candidate } of scores) {
    const cluster = clusters.get(section) ?? { n: 0, sum: 0 };
    cluster.n += 1;
    cluster.sum += candidate - champion;
    clusters.set(section, cluster);
  }
  return [...clusters.values()];
}

/** Means of `resamples` draws of as many clusters as there are, with replacement, in ascending order. */
function resampledMeans(clusters: readonly Cluster[], seed: number): Float64Array {
  const next = randomNumbers(seed);
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i += 1) {
    let [n, sum] = [0, 0];
    for (let k = 0; k < clusters.length; k += 1) {
      const drawn = clusters[Math.floor(next() * clusters.length)]!;
      n += drawn.n;
      sum += drawn.sum;
    }
    means[i] = sum / n;
  }
  return means.sort();
}

/**
 * @param seed any number: the same scores with the same seed give the same figures.
 * @returns of an empty suite a result that has not passed.
 */
export function compareSuite(suite: Suite, scores: readonly PairedScore[], seed = 1): SuiteResult {
  const { margin, certainty: wanted } = requirements[suite];
  const clusters = clustersOf(scores);
  if (clusters.length === 0) return { suite, n: 0, sections: 0, gain: 0, low: 0, high: 0, certainty: 0, passed: false };
  const means = resampledMeans(clusters, seed);
  const gain = clusters.reduce((sum, cluster) => sum + cluster.sum, 0) / scores.length;
  const certainty = means.reduce((count, mean) => count + Number(mean > -margin), 0) / resamples;
  return {
    suite,
    n: scores.length,
    sections: clusters.length,
    gain,
    low: means[Math.floor(0.025 * resamples)]!,
    high: means[Math.ceil(0.975 * resamples) - 1]!,
    certainty,
    passed: certainty >= wanted,
  };
}

const points = (share: number): string => `${share < 0 ? '−' : ''}${Math.abs(share * 100).toFixed(1)} points`;

/** How much text is missing, judged by what the text so far gave. */
function tooFew({ n, sections }: SuiteResult): string {
  const missing = leastQuestions - n;
  const more =
    n === 0
      ? 'upload documents with more sections of running text'
      : `about ${Math.ceil((missing * sections) / n)} more sections of text like these would give the other ${missing}`;
  return `Only ${n} questions of the workspace can be compared, ${leastQuestions} are needed: ${more}.`;
}

const failures: Record<Suite, (result: SuiteResult) => string> = {
  workspace: ({ gain, low, high }) =>
    `No gain is shown on the workspace's questions: ${points(gain)} (95 % interval ${points(low)} to ${points(high)}).`,
  general: ({ gain }) => `General reading may have become worse: ${points(gain)}.`,
  abstention: ({ gain }) => `It may refuse fewer questions that the documents don't answer: ${points(gain)}.`,
};

/**
 * Promotes only a candidate that is better here and nowhere worse than the margins allow. A suite without questions is
 * not passed: what was not measured is not promised.
 */
export function decide(scores: Readonly<Record<Suite, readonly PairedScore[]>>, seed = 1): GateDecision {
  const suites = (Object.keys(requirements) as Suite[]).map((suite) => compareSuite(suite, scores[suite], seed));
  const [workspace] = suites;
  if (workspace!.n < leastQuestions) return { decision: 'kept', reason: tooFew(workspace!), suites };
  const failed = suites.find(({ passed }) => !passed);
  if (failed) {
    const reason = failed.n === 0 ? `No questions were asked for ${failed.suite}.` : failures[failed.suite](failed);
    return { decision: 'kept', reason, suites };
  }
  return { decision: 'promoted', reason: `Better by ${points(workspace!.gain)} on ${workspace!.n} questions.`, suites };
}
