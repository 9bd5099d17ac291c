/** A question and what came of it. */
import type { Progress } from '../api.ts';
import type { Turn } from '../state/conversation.ts';
import { AnswerCard } from './AnswerCard.tsx';
import { Icon } from './Icon.tsx';

const progressText = (progress: Progress | undefined): string => {
  switch (progress?.stage) {
    case 'sample':
      return 'Reading the sample handbook…';
    case 'waiting':
      return `You are number ${progress.detail} in the queue…`;
    case 'reading':
      return progress.detail > 0
        ? `Reading ${progress.detail} passage${progress.detail === 1 ? '' : 's'}…`
        : 'Reading…';
    default:
      return 'Searching the documents…';
  }
};

interface Props {
  readonly turn: Turn;
  readonly isDeleted: (documentId: string) => boolean;
  readonly canRetry: boolean;
  onRetry(): void;
  /** Keeps a correction of this answer as a document. */
  onTeach(words: string): void;
}

export function TurnView({ turn, isDeleted, canRetry, onRetry, onTeach }: Props) {
  return (
    <li className="turn" data-state={turn.state}>
      <p className="question">{turn.question}</p>
      {turn.state === 'asking' && (
        <p className="progress" role="status">
          <span className="pulse" aria-hidden="true" />
          {progressText(turn.progress)}
        </p>
      )}
      {turn.state === 'answered' && turn.answer && (
        <AnswerCard answer={turn.answer} isDeleted={isDeleted} onTeach={onTeach} />
      )}
      {(turn.state === 'failed' || turn.state === 'stopped') && (
        <div className="card trouble">
          <p className="verdict">
            <Icon name="alert" />
            {turn.state === 'stopped' ? 'Stopped before there was an answer' : turn.problem?.message}
          </p>
          {turn.problem && <p>{turn.problem.fix}</p>}
          <button type="button" onClick={onRetry} disabled={!canRetry}>
            Ask again
          </button>
        </div>
      )}
    </li>
  );
}
