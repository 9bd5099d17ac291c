/** Thumbs under an answer; a wrong one may be put right. */
import { useState } from 'react';
import { type Correction, problemFrom, sendVote } from '../api.ts';
import { CorrectionForm } from './CorrectionForm.tsx';
import { Icon } from './Icon.tsx';

interface Props {
  readonly answerId: string;
  /** Keeps words that no document says as a document. */
  onTeach(words: string): void;
}

export function Feedback({ answerId, onTeach }: Props) {
  const [vote, setVote] = useState<1 | -1 | null>(null);
  const [said, setSaid] = useState('');
  const [form, setForm] = useState<'closed' | 'open' | 'sending'>('closed');
  /** Words that no document says. */
  const [unsaid, setUnsaid] = useState<string | null>(null);

  const give = async (next: 1 | -1) => {
    const before = vote;
    setVote(next);
    setForm(next < 0 ? 'open' : 'closed');
    setUnsaid(null);
    try {
      await sendVote(answerId, next);
      setSaid('Thanks, noted.');
    } catch (error) {
      setVote(before);
      setForm('closed');
      setSaid(problemFrom(error).message);
    }
  };

  const correct = async (given: Correction) => {
    setForm('sending');
    try {
      const fate = await sendVote(answerId, -1, given);
      setForm('closed');
      setUnsaid(fate === 'unsaid' ? given.correction : null);
      setSaid(
        fate === 'waits'
          ? 'Thanks. The documents say so too: once an admin approves it, I answer so.'
          : fate === 'unsaid'
            ? 'Thanks. No document here says that, and I answer only from documents.'
            : 'Thanks, noted.',
      );
    } catch (error) {
      setForm('open');
      setSaid(problemFrom(error).message);
    }
  };

  return (
    <div className="feedback">
      <button
        type="button"
        className="quiet"
        aria-pressed={vote === 1}
        aria-label="This answer is right"
        onClick={() => give(1)}
      >
        <Icon name="up" />
      </button>
      <button
        type="button"
        className="quiet"
        aria-pressed={vote === -1}
        aria-label="This answer is wrong"
        onClick={() => give(-1)}
      >
        <Icon name="down" />
      </button>
      <span role="status" className="said">
        {said}
      </span>
      {unsaid !== null && (
        <button
          type="button"
          onClick={() => {
            onTeach(unsaid);
            setUnsaid(null);
            setSaid('It becomes a document, which I answer from.');
          }}
        >
          Keep it as a document
        </button>
      )}
      {form !== 'closed' && (
        <CorrectionForm busy={form === 'sending'} onSend={correct} onClose={() => setForm('closed')} />
      )}
    </div>
  );
}
