/** One document of the list; deleting asks once more, in place. */
import { useState } from 'react';
import { type DocumentRecord, problemFrom } from '../api.ts';
import { linkToDocument } from '../state/route.ts';
import { Icon } from './Icon.tsx';

const stateText = (record: DocumentRecord): string => {
  if (record.status === 'received') return 'Being read…';
  if (record.status === 'failed') return record.error ?? 'Could not be read';
  const parts = [`${record.sections} section${record.sections === 1 ? '' : 's'}`];
  if (record.pages) parts.push(`${record.pages} page${record.pages === 1 ? '' : 's'}`);
  if (record.channel !== 'everyone') parts.push(record.channel);
  return parts.join(' · ');
};

interface Props {
  readonly record: DocumentRecord;
  onRemove(id: string): Promise<void>;
}

export function DocumentRow({ record, onRemove }: Props) {
  const [step, setStep] = useState<'idle' | 'confirm' | 'deleting'>('idle');
  const [problem, setProblem] = useState<string>();
  const failed = record.status === 'failed';

  const remove = async () => {
    setStep('deleting');
    try {
      await onRemove(record.id);
    } catch (error) {
      setStep('idle');
      setProblem(problemFrom(error).message);
    }
  };

  return (
    <li className="document" data-status={record.status}>
      <div className="about">
        {record.status === 'received' || failed ? (
          <span className="name">{record.title}</span>
        ) : (
          <a className="name" href={linkToDocument(record.id)}>
            {record.title}
          </a>
        )}
        {record.path !== record.title && <span className="path">{record.path}</span>}
        <span className="state">{problem ?? stateText(record)}</span>
        {!failed &&
          record.warnings?.map((warning) => (
            <span key={warning} className="state">
              {warning}
            </span>
          ))}
      </div>
      {step === 'idle' ? (
        <button
          type="button"
          className="quiet"
          aria-label={`Delete ${record.title}`}
          onClick={() => setStep('confirm')}
        >
          <Icon name="bin" />
        </button>
      ) : (
        <fieldset className="confirm" disabled={step === 'deleting'}>
          <legend>Delete it for everyone?</legend>
          {/* biome-ignore lint/a11y/noAutofocus: the person just asked for this choice, and Cancel is the safe one */}
          <button type="button" autoFocus onClick={() => setStep('idle')}>
            Cancel
          </button>
          <button type="button" className="danger" onClick={() => void remove()}>
            Delete
          </button>
        </fieldset>
      )}
    </li>
  );
}
