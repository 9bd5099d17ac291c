/** Where questions are written. Enter sends, Shift+Enter begins a new line. */
import { type KeyboardEvent, type RefObject, useState } from 'react';
import { FileButton } from './FileButton.tsx';
import { Icon } from './Icon.tsx';

interface Props {
  readonly busy: boolean;
  readonly maxCharacters: number;
  readonly fieldRef: RefObject<HTMLTextAreaElement | null>;
  onAsk(question: string): void;
  onStop(): void;
  onFiles(files: readonly File[]): void;
}

export function AskBox({ busy, maxCharacters, fieldRef, onAsk, onStop, onFiles }: Props) {
  const [text, setText] = useState('');
  const tooLong = text.length > maxCharacters;
  const canSend = !busy && text.trim() !== '' && !tooLong;

  const send = () => {
    if (!canSend) return;
    onAsk(text);
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a candidate.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      className="ask"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label className="unseen" htmlFor="question">
        Your question
      </label>
      <FileButton className="quiet attach" label="Upload files" onFiles={onFiles}>
        <Icon name="plus" />
      </FileButton>
      <textarea
        id="question"
        ref={fieldRef}
        rows={1}
        value={text}
        placeholder="Ask about your documents"
        aria-describedby={tooLong ? 'question-limit' : undefined}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {busy ? (
        <button type="button" className="round" aria-label="Stop" onClick={onStop}>
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" className="round" aria-label="Ask" disabled={!canSend}>
          <Icon name="send" />
        </button>
      )}
      {tooLong && (
        <p id="question-limit" className="limit" role="alert">
          {text.length.toLocaleString('en')} of {maxCharacters.toLocaleString('en')} characters. Put long texts into a
          document.
        </p>
      )}
    </form>
  );
}
