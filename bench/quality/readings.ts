/**
 * Every reading of the best passages for every question, as JSON lines, so that rules for choosing among them (how many
 * passages, which one, from which probability on) can be tried without reading again.
 *
 * Lines with a `context` are read alone, as `docent eval` does.
 *
 *   npx tsx bench/quality/readings.ts OUT.jsonl [--half look] [--set company]… [--passages 6] [--kind list] [--questions FILE --documents FOLDER]
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Piece } from '../../src/documents/passage.ts';
import { holdsEvidence } from '../../src/eval/evidence.ts';
import { givenPieces, readEvalFile } from '../../src/eval/run.ts';
import { type Half, openWorkspace, questionsOf, sets } from './workspace.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    half: { type: 'string', default: 'look' },
    set: { type: 'string', multiple: true },
    passages: { type: 'string', default: '6' },
    kind: { type: 'string' },
    questions: { type: 'string' },
    documents: { type: 'string' },
  },
});
const [output] = positionals;
if (!output) throw new Error('usage: readings.ts OUT.jsonl');
writeFileSync(output, '');

/** The document's text in [start, end) as far as this passage has it. */
const wordsOf = (pieces: readonly Piece[], { start, end }: { readonly start: number; readonly end: number }): string =>
  pieces
    .map((piece) =>
      piece.start === undefined
        ? ''
        : piece.text.slice(Math.max(0, start - piece.start), Math.max(0, end - piece.start)),
    )
    .join('');

for (const set of values.questions ? [values.documents ? 'other' : sets[0]!] : (values.set ?? sets)) {
  const { docent, close } = await openWorkspace(set, values.documents);
  const [retriever, reader] = await Promise.all([docent.retriever(), docent.reader()]);
  const lines = values.questions ? await readEvalFile(values.questions) : await questionsOf(set, values.half as Half);
  for (const line of lines) {
    if (line.kind === 'follow-up' || (values.kind && line.kind !== values.kind)) continue;
    const candidates =
      line.context === undefined
        ? await retriever.search({ channelId: null }, [{ text: line.question, weight: 1 }], Number(values.passages))
        : [{ pieces: givenPieces(line.title, line.context), document: '', score: 0 }];
    const readings = await reader.read(
      line.question,
      candidates.map(({ pieces }) => pieces),
    );
    const rows = readings.map(({ passage, pFound, meanLogprob, spans, form }) => {
      const { pieces, document, score } = candidates[passage]!;
      const words = spans.map((span) => wordsOf(pieces, span));
      return {
        p: pFound,
        lp: meanLogprob,
        form,
        text: form === 'span' ? words.join('; ') : form === 'yes' ? 'Yes' : 'No',
        quote: words.join('; '),
        score,
        document,
        evidence: line.evidence ? holdsEvidence(pieces, line.evidence) : false,
      };
    });
    appendFileSync(output, `${JSON.stringify({ set, ...line, rows })}\n`);
  }
  await close();
}
