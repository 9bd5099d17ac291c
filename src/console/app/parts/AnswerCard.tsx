/** One answer: the exact words, where they stand, how sure; or an honest “not in the documents”. */
import type { Answer } from '../api.ts';
import { Confidence } from './Confidence.tsx';
import { CopyButton } from './CopyButton.tsx';
import { Feedback } from './Feedback.tsx';
import { Icon } from './Icon.tsx';
import { Prose } from './Prose.tsx';
import { Quote } from './Quote.tsx';
import { SourceLink } from './SourceLink.tsx';

interface Props {
  readonly answer: Answer;
  /** Whether a document was deleted since. */
  readonly isDeleted: (documentId: string) => boolean;
  /** Keeps words that no document says as a document. */
  onTeach(words: string): void;
}

function NotFound({ answer, isDeleted, onTeach }: Props) {
  const [nearest] = answer.sources;
  return (
    <div className="card not-found" data-testid="not-found">
      <p className="verdict">
        <Icon name="search" />
        Not in the documents
      </p>
      <Prose text={answer.text} />
      {nearest && !isDeleted(nearest.documentId) && (
        <p className="nearest">
          <SourceLink source={nearest} />
        </p>
      )}
      <footer>
        <Feedback answerId={answer.id} onTeach={onTeach} />
      </footer>
    </div>
  );
}

/** The parts of a list answer; any other answer is one part. */
const partsOf = (answer: Answer): string[] =>
  answer.kind === 'list' ? (answer.answer ?? '').split(/ ?; |\n/).filter(Boolean) : [answer.answer ?? ''];

const forClipboard = (answer: Answer): string =>
  [answer.text, ...answer.sources.map((source) => [source.document, source.section].filter(Boolean).join(', '))].join(
    '\n',
  );

function Seconds({ answer: { timing, model } }: { readonly answer: Answer }) {
  const seconds = timing.total_ms / 1000;
  if (seconds < 0.05) return null;
  return <span title={model.adapter ? `${model.base} with ${model.adapter}` : model.base}>{seconds.toFixed(1)} s</span>;
}

/** Spans of one sentence share it: it is shown once. */
const distinct = (sources: Answer['sources']) =>
  sources.filter((source, i) => {
    const first = sources.findIndex((other) => other.documentId === source.documentId && other.start === source.start);
    return first === i;
  });

/** What Docent adds to an answer (“this document is not in English …”): the last line, in `_…_`. */
const noteOf = (answer: Answer): string | undefined => /\n_([^\n]+)_\s*$/.exec(answer.text)?.[1];

export function AnswerCard({ answer, isDeleted, onTeach }: Props) {
  if (answer.kind === 'help' || answer.kind === 'greeting')
    return (
      <div className="card">
        <Prose text={answer.text} />
      </div>
    );
  if (!answer.found || answer.answer === null)
    return <NotFound answer={answer} isDeleted={isDeleted} onTeach={onTeach} />;

  const parts = partsOf(answer);
  const note = noteOf(answer);
  const gone = answer.sources.some((source) => isDeleted(source.documentId));
  return (
    <div className="card" data-testid="answer">
      {gone ? null : parts.length > 1 ? (
        <ul className="words parts">
          {parts.map((part) => (
            <li key={part}>{part}</li>
          ))}
        </ul>
      ) : (
        <p className="words">{parts[0]}</p>
      )}
      {distinct(answer.sources).map((source) => (
        <Quote
          key={`${source.documentId}-${source.start}`}
          source={source}
          words={parts}
          deleted={isDeleted(source.documentId)}
        />
      ))}
      {note && <p className="aside-note">{note}</p>}
      <footer>
        <Confidence value={answer.confidence} />
        <Seconds answer={answer} />
        <span className="spring" />
        {!gone && <CopyButton text={forClipboard(answer)} />}
        <Feedback answerId={answer.id} onTeach={onTeach} />
      </footer>
    </div>
  );
}
