/** What a wrong answer should have been. */
import { type FormEvent, useState } from 'react';
import type { Correction } from '../api.ts';

interface Props {
  readonly busy: boolean;
  onSend(correction: Correction): void;
  onClose(): void;
}

export function CorrectionForm({ busy, onSend, onClose }: Props) {
  const [correction, setCorrection] = useState('');
  const [reason, setReason] = useState('');
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSend({ correction, reason });
  };
  return (
    <form className="correction" onSubmit={send}>
      <label>
        What would be right, in the document’s words?
        <textarea
          rows={2}
          maxLength={4000}
          value={correction}
          onChange={(event) => setCorrection(event.target.value)}
        />
      </label>
      <label>
        What is wrong with it?
        <input maxLength={1000} value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
      <p>
        <button type="submit" disabled={busy || (correction.trim() === '' && reason.trim() === '')}>
          Send
        </button>
        <button type="button" className="quiet" onClick={onClose}>
          No, thanks
        </button>
      </p>
    </form>
  );
}
