/** Thumbs under an answer. */
import { useState } from 'react';
import { problemFrom, sendVote } from '../api.ts';
import { Icon } from './Icon.tsx';

export function Feedback({ answerId }: { readonly answerId: string }) {
  const [vote, setVote] = useState<1 | -1 | null>(null);
  const [said, setSaid] = useState('');

  const give = async (next: 1 | -1) => {
    const before = vote;
    setVote(next);
    try {
      await sendVote(answerId, next);
      setSaid('Thanks, noted.');
    } catch (error) {
      setVote(before);
      setSaid(problemFrom(error).message);
    }
  };

  return (
    <span className="feedback">
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
    </span>
  );
}
