/**
 * Events in random order, twice, late and over failing calls, with the process killed between them. What must hold after
 * it: each question has exactly one visible answer, in its place, and nothing else was said. Knows no platform.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/random.ts';

export interface Asked {
  readonly label: string;
  /** What stands where its answer belongs, as people read it now. */
  readonly answers: () => readonly string[];
  /** The question was deleted: an answer may be there or not. */
  readonly isGone: () => boolean;
}

export interface ReplayStage {
  /** @returns the question, or null where this kind of event asks nothing */
  readonly events: readonly { readonly weight: number; readonly happen: (random: Random) => Asked | null }[];
  readonly isAnswer: (text: string) => boolean;
  /** Delivers what is still on its way. */
  readonly settle?: () => void;
  /** What the bot shows that belongs to none of these. */
  readonly strays: (asked: readonly Asked[]) => readonly string[];
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<unknown>;
}

export interface ReplayFigures {
  readonly events: number;
  readonly questions: number;
  readonly kills: number;
  readonly wrong: readonly string[];
  readonly seconds: number;
}

/** People wait for an answer before they ask again; this many of them are there. */
const openAtMost = 24;
const patienceMs = 240_000;

export async function replay({
  stage,
  random,
  events,
  kills,
}: {
  readonly stage: ReplayStage;
  readonly random: Random;
  readonly events: number;
  readonly kills: number;
}): Promise<ReplayFigures> {
  const started = performance.now();
  const asked: Asked[] = [];
  let open: Asked[] = [];
  const isOpen = ({ answers, isGone }: Asked) => !isGone() && !answers().some(stage.isAnswer);
  const until = async (most: number): Promise<void> => {
    const deadline = Date.now() + patienceMs;
    while (open.length > most && Date.now() < deadline) {
      open = open.filter(isOpen);
      if (open.length > most) await sleep(20);
    }
    if (open.length > most) throw new Error(`not answered: ${open.map(({ label }) => label).join(', ')}`);
  };
  const deck = stage.events.flatMap(({ weight, happen }) => Array.from({ length: weight }, () => happen));
  const killAt = new Set(Array.from({ length: kills }, () => random.between(1, events - 1)));

  for (let i = 0; i < events; i++) {
    const question = random.pick(deck)(random);
    if (question) {
      asked.push(question);
      open.push(question);
    }
    await until(openAtMost);
    if (random.chance(0.3)) await sleep(random.between(1, 60));
    if (!killAt.has(i)) continue;
    await stage.kill();
    await stage.start();
  }
  stage.settle?.();
  await until(0);
  // Whatever a new process would make up for must change nothing.
  await stage.kill();
  await stage.start();
  await sleep(2000);
  const wrong = asked.flatMap(({ label, answers, isGone }) => {
    const shown = answers();
    const isRight = shown.length === 1 && stage.isAnswer(shown[0]!);
    return isRight || (isGone() && shown.length < 2) ? [] : [`${label}: ${shown.length} answers: ${shown.join(' | ')}`];
  });
  return {
    events,
    questions: asked.length,
    kills: killAt.size + 1,
    wrong: [...wrong, ...stage.strays(asked)],
    seconds: Math.round((performance.now() - started) / 1000),
  };
}
