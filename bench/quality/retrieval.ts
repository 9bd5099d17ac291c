/**
 * Retrieval by itself: how often the passage with the evidence is among the first 1, 2, 4, 8. Reads nothing.
 *
 *   npx tsx bench/quality/retrieval.ts [--half look] [--missed]
 */
import { parseArgs } from 'node:util';
import { searched } from '../../src/answers/follow-up.ts';
import { holdsEvidence } from '../../src/eval/evidence.ts';
import { type Half, openWorkspace, questionsOf, sets } from './workspace.ts';

const { values } = parseArgs({
  options: { half: { type: 'string', default: 'look' }, missed: { type: 'boolean', default: false } },
});
const depth = 8;

for (const set of sets) {
  const { docent, close } = await openWorkspace(set);
  const retriever = await docent.retriever();
  const ranks: { kind: string; rank: number }[] = [];
  const openers = new Map<string, string>();
  for (const { question, evidence, thread, kind = 'other' } of await questionsOf(set, values.half as Half)) {
    const opener = thread && openers.get(thread);
    if (thread) openers.set(thread, question);
    if (!evidence) continue;
    const texts = searched(question, opener ? { question: opener } : null);
    const candidates = await retriever.search({ channelId: null }, texts, depth);
    const found = candidates.findIndex(({ pieces }) => holdsEvidence(pieces, evidence));
    ranks.push({ kind, rank: found < 0 ? Number.POSITIVE_INFINITY : found + 1 });
    if (values.missed && (found < 0 || found > 3)) console.log(`  ${found + 1} ${kind}: ${question} → ${evidence}`);
  }
  const share = (all: typeof ranks, k: number) =>
    (all.filter(({ rank }) => rank <= k).length / Math.max(1, all.length)).toFixed(3);
  const line = (all: typeof ranks) => [1, 2, 4, 8].map((k) => share(all, k)).join('  ');
  console.log(`${set} (${ranks.length})  @1/2/4/8  ${line(ranks)}`);
  for (const kind of [...new Set(ranks.map((each) => each.kind))].sort()) {
    const own = ranks.filter((each) => each.kind === kind);
    console.log(`  ${kind.padEnd(12)} ${String(own.length).padStart(3)}  ${line(own)}`);
  }
  await close();
}
