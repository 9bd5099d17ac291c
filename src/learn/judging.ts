/**
 * A candidate against the champion: how its confidence is read, the suites of the gate, the probes, and what it would
 * have answered to the last questions. Bounded in time: with less of it fewer questions are asked, which makes the
 * intervals wider and the gate stricter. Knows readers and a search; no training, no files.
 */
import pMap from 'p-map';
import type { Piece } from '../documents/passage.ts';
import {
  answerOf,
  type Contestant,
  type FoundPassage,
  generalScores,
  type Judged,
  type JudgingQuestion,
  judge,
  pairedScores,
} from '../eval/compare.ts';
import { decide, type GateDecision, leastQuestions } from '../eval/gate.ts';
import { sameAnswer, score } from '../eval/squad.ts';
import type { Calibration } from '../reader/calibration.ts';
import { asCautious } from './calibrate.ts';
import type { BundleShares, ProbeResult, ReplayResult, Scores } from './contract.ts';
import type { LearnedQuestion, Search } from './dataset.ts';
import { generalGate } from './general.ts';
import type { Probe } from './probes.ts';
import type { RecentQuestion } from './recent.ts';
import type { TeachingSection } from './teaching.ts';

export interface JudgingDeps {
  readonly sections: readonly TeachingSection[];
  readonly search: Search;
  /** How many are read for an answer. */
  readonly passages: number;
  readonly probes: readonly Probe[];
  /** The last questions whose places may teach. */
  readonly recent: () => Promise<readonly RecentQuestion[]>;
  /** Scores of an adapter on the general questions, from an earlier run. */
  readonly knownGeneral: (id: string) => readonly number[] | null;
  readonly keepGeneral: (id: string, scores: readonly number[]) => void;
  readonly signal: AbortSignal;
}

export interface Named {
  readonly id: string;
  readonly contestant: Contestant;
}

export interface Verdict {
  readonly decision: GateDecision;
  readonly calibration: Calibration;
  readonly champion: Scores;
  readonly candidate: Scores;
  readonly shares: BundleShares;
  readonly probes: ProbeResult | null;
  /** Only of a candidate that goes live. */
  readonly replay: ReplayResult | null;
}

/** Shares of the time by whose end each part is over; what is asked least is asked all the same. */
const ends = { calibration: 0.15, workspace: 0.65, general: 1, replay: 1.3 } as const;
/** Fewer general questions have a standard error of more than the gate's margin. */
const leastGeneral = 400;
/** Of settings questions. */
const leastDev = 30;
/** Questions under way together: while one is searched for, the other is read. */
const atOnce = 2;

/** What all parts ask of, with every passage by its id. */
interface Court extends JudgingDeps {
  readonly pieces: ReadonlyMap<string, readonly Piece[]>;
}

async function found(
  court: Court,
  question: string,
  limit: number,
  own: string | null = null,
): Promise<readonly FoundPassage[]> {
  return (await court.search(question, limit)).flatMap(({ passageId, score: searchScore }) => {
    const pieces = court.pieces.get(passageId);
    return pieces ? [{ pieces, score: searchScore, own: passageId === own }] : [];
  });
}

/** All judge the same questions over the same passages; `isEnough` is asked once the time is over. */
async function judgeAll(
  court: Court,
  questions: readonly LearnedQuestion[],
  contestants: readonly Contestant[],
  limits: { readonly until: number; readonly isEnough: (judged: readonly (readonly Judged[])[]) => boolean },
  onDone: (done: number) => void = () => undefined,
): Promise<{ readonly asked: readonly JudgingQuestion[]; readonly judged: readonly (readonly Judged[])[] }> {
  const all: { readonly asked: JudgingQuestion; readonly judged: readonly Judged[] }[] = [];
  const one = async (question: LearnedQuestion): Promise<void> => {
    const passage = court.pieces.get(question.passageId);
    if (!passage) return;
    if (Date.now() > limits.until && limits.isEnough(all.map(({ judged }) => judged))) return;
    const asked = { ...question, passage };
    const near = await found(court, question.question, court.passages * 2, question.passageId);
    const judged: Judged[] = [];
    for (const contestant of contestants)
      judged.push(await judge(asked, near, contestant, court.passages, court.signal));
    all.push({ asked, judged });
    onDone(all.length);
  };
  await pMap(questions, one, { concurrency: atOnce, signal: court.signal });
  return {
    asked: all.map(({ asked }) => asked),
    judged: contestants.map((_, i) => all.map(({ judged }) => judged[i]!)),
  };
}

/**
 * How a candidate's confidence is read: as the shipped reader's, since a curve fitted on written questions, whose words
 * are the passage's, refused people's questions (docs/log.md); but with refusals as frequent as the champion's.
 */
async function calibrationOf(
  court: Court,
  dev: readonly LearnedQuestion[],
  champion: Contestant,
  candidate: Contestant,
  until: number,
): Promise<Calibration> {
  const isEnough = (judged: readonly unknown[]) => judged.length >= leastDev;
  const { judged } = await judgeAll(court, dev, [champion, candidate], { until, isEnough });
  const [theirs, mine] = judged.map((all) => all.flatMap(({ wronglySure }) => wronglySure ?? []));
  const { threshold } = champion.calibration;
  return asCautious(candidate.calibration, mine!, { confidences: theirs!, threshold });
}

async function generalOf(
  court: Court,
  champion: Named,
  candidate: Named,
  until: number,
  onDone: (done: number, total: number) => void,
) {
  const questions = generalGate();
  const known = court.knownGeneral(champion.id);
  const before = known ?? (await generalScores(questions, champion.contestant, { signal: court.signal }));
  if (!known) court.keepGeneral(champion.id, before);
  const after = await generalScores(questions, candidate.contestant, {
    signal: court.signal,
    until,
    least: leastGeneral,
    onProgress: (done) => onDone(done, questions.length),
  });
  // A champion's scores are asked for whole: they serve the next runs too.
  if (after.length === questions.length) court.keepGeneral(candidate.id, after);
  return questions
    .slice(0, Math.min(before.length, after.length))
    .map(({ context }, i) => ({ section: context, champion: before[i]!, candidate: after[i]! }));
}

async function probe(court: Court, champion: Contestant, candidate: Contestant): Promise<ProbeResult | null> {
  if (court.probes.length === 0) return null;
  const passes = async ({ question, answer }: Probe, contestant: Contestant): Promise<boolean> => {
    const near = await found(court, question, court.passages);
    const given = await answerOf(question, near, contestant, court.signal);
    return score(given, answer === null ? [] : [answer], answer === null).f1 >= sameAnswer;
  };
  const results = await pMap(
    court.probes,
    async (each) => ({ id: each.id, before: await passes(each, champion), after: await passes(each, candidate) }),
    { concurrency: atOnce, signal: court.signal },
  );
  return {
    asked: results.length,
    passed: results.filter(({ after }) => after).length,
    lost: results.filter(({ before, after }) => before && !after).map(({ id }) => id),
  };
}

/** What the last questions would be answered now; ids only, so that a deleted question leaves nothing here. */
async function replay(court: Court, champion: Contestant, candidate: Contestant, until: number): Promise<ReplayResult> {
  const said = (answer: string | null) => (answer === null ? ('refused' as const) : ('answered' as const));
  const one = async ({ id, question }: RecentQuestion) => {
    if (Date.now() > until) return null;
    const near = await found(court, question, court.passages);
    const before = await answerOf(question, near, champion, court.signal);
    const after = await answerOf(question, near, candidate, court.signal);
    return { question: id, before: said(before), after: said(after), same: before === after };
  };
  const all = await pMap(await court.recent(), one, { concurrency: atOnce, signal: court.signal });
  const asked = all.flatMap((each) => each ?? []);
  return {
    asked: asked.length,
    changed: asked.filter(({ same }) => !same).map(({ question, before, after }) => ({ question, before, after })),
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0
    ? 0
    : Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 10_000) / 10_000;

function scoresOf(id: string, judged: readonly Judged[]): Scores {
  const refusals = [
    ...judged.map(({ answered }) => ({ refused: !answered, right: false })),
    ...judged.flatMap(({ refused }) => (refused === null ? [] : [{ refused, right: true }])),
  ];
  return {
    id,
    f1: mean(judged.map(({ f1 }) => f1)),
    abstain_precision: mean(refusals.filter(({ refused }) => refused).map(({ right }) => Number(right))),
    abstain_recall: mean(refusals.filter(({ right }) => right).map(({ refused }) => Number(refused))),
  };
}

/**
 * @param questions of all sides; those of `dev` and `gate` are asked.
 * @param milliseconds it may take; what each part needs at least is asked all the same.
 * @param say the share of this that is done, and a line for people.
 */
export async function compare(
  deps: JudgingDeps,
  questions: readonly LearnedQuestion[],
  champion: Named,
  untuned: Named,
  milliseconds: number,
  say: (share: number, line: string) => void,
): Promise<Verdict> {
  const passages = deps.sections.flatMap((section) => section.passages);
  const court: Court = { ...deps, pieces: new Map(passages.map(({ id, pieces }) => [id, pieces])) };
  const began = Date.now();
  const end = (part: keyof typeof ends): number => began + milliseconds * ends[part];
  const of = (side: LearnedQuestion['side']) => questions.filter((question) => question.side === side);
  say(0, 'setting how sure an answer must be');
  const { contestant } = untuned;
  const calibration = await calibrationOf(court, of('dev'), champion.contestant, contestant, end('calibration'));
  const otherwise = contestant.calibration;
  const candidate: Named = { id: untuned.id, contestant: { ...contestant, calibration, otherwise } };

  const gate = of('gate');
  const { asked, judged } = await judgeAll(
    court,
    gate,
    [champion.contestant, candidate.contestant],
    {
      until: end('workspace'),
      isEnough: (all) => all.filter((each) => each.some(({ readsOwn }) => readsOwn)).length >= leastQuestions,
    },
    (done) => say(0.15 + (done / gate.length) * 0.5, `asking both ${gate.length} questions: ${done} done`),
  );
  const [ofChampion, ofCandidate] = judged as [readonly Judged[], readonly Judged[]];
  const general = await generalOf(court, champion, candidate, end('general'), (done, total) =>
    say(0.65 + (done / total) * 0.3, `general questions: ${done} of ${total}`),
  );
  const probes = await probe(court, champion.contestant, candidate.contestant);
  const gated = decide({ ...pairedScores(asked, ofChampion, ofCandidate), general });
  const decision: GateDecision =
    gated.decision === 'promoted' && probes && probes.lost.length > 0
      ? {
          ...gated,
          decision: 'kept',
          reason: `${probes.lost.length} of ${probes.asked} probes that pass now would fail; \`docent probes\` lists them.`,
        }
      : gated;
  const replayed =
    decision.decision === 'promoted'
      ? await replay(court, champion.contestant, candidate.contestant, end('replay'))
      : null;
  return {
    decision,
    calibration,
    champion: scoresOf(champion.id, ofChampion),
    candidate: scoresOf(candidate.id, ofCandidate),
    shares: {
      adapter: mean(ofCandidate.map(({ f1Otherwise }, i) => f1Otherwise - ofChampion[i]!.f1)),
      calibration: mean(ofCandidate.map(({ f1, f1Otherwise }) => f1 - f1Otherwise)),
    },
    probes,
    replay: replayed,
  };
}
