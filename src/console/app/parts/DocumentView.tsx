/** A document as Docent read it, opened at the quoted place. Plain text only: nothing in it is interpreted. */
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  type DocumentRecord,
  fetchDocument,
  fetchText,
  problemFrom,
  type SectionRecord,
  type TextSlice,
} from '../api.ts';
import { DocumentText } from './DocumentText.tsx';
import { Icon } from './Icon.tsx';

/** Characters shown before and after the place; about ten pages each. */
const around = 30_000;

interface Shown {
  readonly document: DocumentRecord;
  readonly sections: readonly SectionRecord[];
  readonly slice: TextSlice;
}

interface Props {
  readonly id: string;
  readonly at: readonly [number, number] | undefined;
  onClose(): void;
}

export function DocumentView({ id, at, onClose }: Props) {
  const [shown, setShown] = useState<Shown>();
  const [trouble, setTrouble] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  const [from, to] = at ?? [0, 0];

  const load = useCallback(
    async (start: number, end: number) => {
      try {
        const [about, slice] = await Promise.all([fetchDocument(id), fetchText(id, Math.max(0, start), end)]);
        setShown({ ...about, slice });
        setTrouble(undefined);
      } catch (error) {
        const { message, fix } = problemFrom(error);
        setTrouble(`${message}. ${fix}`);
      }
    },
    [id],
  );

  useEffect(() => {
    setShown(undefined);
    void load(from - around, to + around);
  }, [load, from, to]);

  // Whoever came by keyboard is taken along, and back to the link afterwards.
  useEffect(() => {
    const opener = document.activeElement;
    heading.current?.focus();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onClose();
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [onClose]);

  const slice = shown?.slice;
  return (
    <section className="reader" aria-labelledby="reader-heading">
      <header>
        <div>
          <h2 id="reader-heading" ref={heading} tabIndex={-1}>
            {shown?.document.title ?? 'Document'}
          </h2>
          {shown && <p className="path">{shown.document.path}</p>}
        </div>
        <button type="button" className="quiet" aria-label="Close the document" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {trouble && (
        <p className="card trouble" role="alert">
          {trouble}
        </p>
      )}
      {shown && slice && (
        <div className="text">
          {slice.start > 0 && (
            <button type="button" onClick={() => void load(slice.start - 2 * around, slice.end)}>
              Show what comes before
            </button>
          )}
          <DocumentText slice={slice} sections={shown.sections} at={at} />
          {slice.end < slice.characters && (
            <button type="button" onClick={() => void load(slice.start, slice.end + 2 * around)}>
              Show more
            </button>
          )}
        </div>
      )}
    </section>
  );
}
