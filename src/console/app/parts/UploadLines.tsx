/** What became of each file that was uploaded just now. */
import type { UploadLine } from '../state/documents.ts';
import { Icon } from './Icon.tsx';

interface Props {
  readonly lines: readonly UploadLine[];
  onDismiss(key: number): void;
}

export function UploadLines({ lines, onDismiss }: Props) {
  return (
    <ul className="uploads" aria-label="Uploads" aria-live="polite">
      {lines.map(({ key, name, state, line }) => {
        const done = state === 'ready' || state === 'duplicate' || state === 'failed';
        return (
          <li key={key} className="upload-line" data-state={state}>
            <span className="mark" aria-hidden="true">
              {state === 'failed' ? <Icon name="alert" /> : done ? <Icon name="check" /> : <span className="pulse" />}
            </span>
            <span className="what">
              <span className="name">{name}</span>
              <span className="line">{line}</span>
            </span>
            {done && (
              <button type="button" className="quiet" aria-label={`Dismiss ${name}`} onClick={() => onDismiss(key)}>
                <Icon name="close" />
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
